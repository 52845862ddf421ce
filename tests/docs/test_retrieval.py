"""The page on retrieval has each setting with its default and its meaning, and shows the message as it is sent."""

import ast
import inspect
import json
import re
from typing import Any

from pydantic import BaseModel

from middleware.retrieval import RetrievalSettings
from policies.retrieval.quoting import Quoted, quote
from tests.docs.pages import ROOT
from tests.support.quoted import read_line

PAGE = (ROOT / "docs/retrieval.md").read_text()


def meanings() -> dict[str, str]:
    """What the source says below each field."""
    (settings,) = ast.parse(inspect.getsource(RetrievalSettings)).body
    assert isinstance(settings, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(settings.body, settings.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
            found[ast.unparse(field.target)] = " ".join(ast.literal_eval(below.value).split())
    return found


def default(value: Any) -> str:
    """As the YAML would have it. Settings inside the settings say their own defaults."""
    if isinstance(value, BaseModel):
        return "{}"
    return value if isinstance(value, str) else json.dumps(value)


def test_every_setting_is_listed_with_its_default_and_its_meaning() -> None:
    listed = re.findall(r"^\| `(\w+)` \| `(.*?)` \| (.+) \|$", PAGE, flags=re.MULTILINE)
    fields, said = RetrievalSettings.model_fields, meanings()
    assert listed == [(name, default(field.default), said[name]) for name, field in fields.items()]


def test_the_message_is_the_one_that_is_sent() -> None:
    shown = re.search(r"^```text\n(.*?)\n```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert shown is not None
    *lines, _, question = shown[1].splitlines()
    assert shown[1] == quote([Quoted(**read_line(line)) for line in lines[1:]], question)

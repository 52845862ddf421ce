"""Lines that hold a secret and lines that only look like it, from the tests of scanners of secrets.

They are those of gitleaks (MIT) and of detect-secrets (Apache-2.0), each from a checkout of its repository. What a test
puts together in code is left out.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple


class Line(NamedTuple):
    text: str
    secret: bool
    place: str


_LIST: Final = re.compile(r"\b(tps|fps)\s*:?=\s*\[\]string\{")
_ELEMENT: Final = re.compile(r'\s*(?://[^\n]*\n\s*)*(?:`([^`]*)`|("(?:[^"\\\n]|\\.)*"))\s*,')
_OTHER: Final = re.compile(r'(?:[^,`"\n}]|`[^`]*`|"(?:[^"\\\n]|\\.)*")+,?|\s+|,')


def gitleaks(checkout: Path) -> list[Line]:
    """Examples of its rules, true and false."""
    return _once(
        Line(text, kind == "tps", path.stem)
        for path in sorted((checkout / "cmd/generate/config/rules").glob("*.go"))
        for kind, text in _strings(path.read_text(encoding="utf-8"))
    )


def detect_secrets(checkout: Path) -> list[Line]:
    """Payloads of its plugins' tests, with whether they are to be flagged."""
    found = []
    for path in sorted((checkout / "tests/plugins").glob("*_test.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Tuple(elts=[ast.Constant(value=str(text)), ast.Constant(value=bool(secret)), *_]):
                    found.append(Line(text, secret, path.stem))
    return _once(found)


def _strings(source: str) -> Iterator[tuple[str, str]]:
    for opened in _LIST.finditer(source):
        at = opened.end()
        while source[at : at + 1] not in ("}", ""):
            element = _ELEMENT.match(source, at)
            if element:
                yield opened[1], element[1] if element[1] is not None else ast.literal_eval(element[2])
            other = element or _OTHER.match(source, at)
            at = other.end() if other else at + 1


def _once(lines: Iterator[Line] | list[Line]) -> list[Line]:
    """Each text once; one that is held to be both is left out."""
    lines = [line for line in lines if line.text.strip()]
    secret = {line.text for line in lines if line.secret}
    plain = {line.text for line in lines if not line.secret}
    return [line for line in {line.text: line for line in lines}.values() if line.text not in secret & plain]

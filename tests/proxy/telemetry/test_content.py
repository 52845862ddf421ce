"""How much of a body is kept."""

import json

import pytest

from proxy.config.model import Telemetry
from proxy.telemetry.content import PREVIEW, content_filter

SECRET = "sk-" + "proj-aB3dE5gH7jK9mN1pQ3sT5vW7"


def body(text: str) -> str:
    return json.dumps({"model": "m", "n": 12345678901234567890, "messages": [{"content": [{"text": text}]}]})


def test_full_keeps_a_body_as_it_is() -> None:
    text = body("x" * 10_000)
    assert content_filter(Telemetry())(text) is text


def test_none_keeps_nothing() -> None:
    assert content_filter(Telemetry(content="none"))(body("x")) is None


def test_preview_keeps_the_beginning_of_each_text_and_is_json() -> None:
    kept = content_filter(Telemetry(content="preview"))(body("é" * 1_000))
    assert kept is not None
    read = json.loads(kept)
    assert read["messages"][0]["content"][0]["text"] == "é" * PREVIEW + "…"
    assert read["model"] == "m"


def test_preview_leaves_a_body_of_short_texts_alone() -> None:
    text = json.dumps([{"content": f"text {number}"} for number in range(100)])
    assert content_filter(Telemetry(content="preview"))(text) is text


def test_preview_of_what_is_not_json_is_its_beginning() -> None:
    assert content_filter(Telemetry(content="preview"))("y" * 1_000) == "y" * PREVIEW + "…"


def test_preview_of_deep_json_or_half_a_surrogate_pair_is_json_still() -> None:
    preview = content_filter(Telemetry(content="preview"))
    for depth in (300, 900, 5_000):
        deep = "[" * depth + '"' + "z" * 600 + '"' + "]" * depth
        assert "z" * 501 not in str(preview(deep))
    half = preview('{"a":"\\ud83d' + "z" * 600 + '"}')
    assert half is not None
    assert len(json.loads(half)["a"]) == PREVIEW + 1


@pytest.mark.parametrize("content", ["full", "preview"])
def test_secrets_are_masked_before_anything_is_cut(content: str) -> None:
    text = "x" * (PREVIEW - 10) + " " + SECRET
    kept = content_filter(Telemetry.model_validate({"content": content}))(body(text))
    assert kept is not None
    assert "sk-" not in kept


def test_an_agents_own_wish_goes_before_the_general_one() -> None:
    assert content_filter(Telemetry(content="none"), "full")("x") == "x"
    assert content_filter(Telemetry(content="full"), "none")("x") is None


def test_patterns_from_the_configuration_are_masked() -> None:
    assert content_filter(Telemetry(redact=("Apollo",)))('{"a":"Apollo"}') == '{"a":"[redacted]"}'

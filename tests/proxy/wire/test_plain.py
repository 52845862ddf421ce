"""Routes that take one document and answer with another are read no further than routing needs."""

import json
from typing import Any

import msgspec
import pytest

from middleware.messages import Edit, Role
from proxy.errors import BadRequest
from proxy.wire.formats import FORMATS

UNNAMED = pytest.mark.parametrize(
    "body", [b'{"input": "a"}', b'{"model": null, "input": "a"}'], ids=["left out", "null"]
)


@UNNAMED
def test_whose_tokens_are_counted_need_not_be_said_in_responses(body: bytes) -> None:
    request = FORMATS["input_tokens"].read_request(body)
    assert (request.model, request.body) == ("", body)
    assert request.with_model("m").model == "m"


@UNNAMED
@pytest.mark.parametrize("api", ["count_tokens", "compact"])
def test_where_the_api_wants_a_model_one_must_be_named(api: str, body: bytes) -> None:
    with pytest.raises(BadRequest, match="model: is missing") as raised:
        FORMATS[api].read_request(body)
    assert (raised.value.param, raised.value.code) == ("model", "missing_field")


@pytest.mark.parametrize(
    "named",
    [
        {"metadata": {"user_id": "user_u1_account_a1_session_0f8b6c1e-6f0e-4d0a-9a57-0d4d6f2c9b11"}},
        {"metadata": {"user_id": '{"device_id": "d1", "account_uuid": "a1", "session_id": "s1"}'}},
        {"metadata": {"user_id": "ann_session_of_monday"}},
        {"metadata": {"user_id": "ann"}, "user": "bob", "safety_identifier": "eve"},
        {"safety_identifier": "eve"},
        {"user": "bob", "safety_identifier": ""},
        {"user": "", "metadata": {"user_id": "ann"}},
        {"safety_identifier": None, "user": None, "metadata": {"user_id": 7}},
        {"metadata": None},
        {},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize(
    ("api", "of"), [("count_tokens", "messages"), ("compact", "responses"), ("input_tokens", "responses")]
)
def test_a_user_is_who_they_are_on_the_route_above(api: str, of: str, named: dict[str, Any]) -> None:
    asked = {"model": "m", "messages": [], "input": "a", "max_tokens": 9, **named}
    above, below = (FORMATS[name].read_request(json.dumps(asked).encode()) for name in (of, api))
    assert below.user == above.user
    assert below.with_model("n").user == above.user


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("count_tokens", {"model": "m", "system": "s", "messages": [{"role": "user", "content": "mine is key"}]}),
        ("input_tokens", {"model": "m", "input": "mine is key"}),
        ("compact", {"model": "m", "input": [{"role": "user", "content": "mine is key"}]}),
    ],
)
def test_what_a_conversation_holds_can_be_edited(name: str, body: dict[str, Any]) -> None:
    def masked(role: Role, text: str) -> list[Edit]:
        place = text.find("key")
        return [Edit(place, place + 3, "***")] if place >= 0 else []

    asked = FORMATS[name].read_request(msgspec.json.encode(body))
    assert asked.rewritten(lambda role, text: ()) is asked
    assert b"mine is ***" in asked.rewritten(masked).body
    assert asked.rewritten(masked).model == "m"

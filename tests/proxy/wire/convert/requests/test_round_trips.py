"""What two APIs can both express is the same in each, and comes back as it was."""

import json
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.convert.pieces import Api
from proxy.wire.convert.request import convert_request
from tests.proxy.wire.convert.strategies import talks
from tests.proxy.wire.convert.told import told

APIS: tuple[Api, ...] = ("chat", "responses", "messages")
PAIRS = list(permutations(APIS, 2))


def exact(body: bytes) -> Any:
    """A document in which numbers are what they were written as, and the items of a Responses input have no ids."""
    found = json.loads(body, parse_float=lambda text: ("number", text), parse_int=lambda text: ("number", text))
    for item in found.get("input", ()):
        item.pop("id", None)
    return found


def written(document: dict[str, Any]) -> bytes:
    return msgspec.json.encode(document)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@given(data=st.data())
def test_a_conversation_is_told_in_the_words_of_the_other_api(source: Api, target: Api, data: st.DataObject) -> None:
    talk = data.draw(talks(source, target))
    converted = convert_request(written(told(talk, source)), source, target, plain_reasoning=True)
    assert exact(converted.body) == exact(written(told(talk, target)))
    assert converted.dropped == ()


@pytest.mark.parametrize(("source", "target"), PAIRS)
@given(data=st.data())
def test_a_conversation_comes_back_as_it_was(source: Api, target: Api, data: st.DataObject) -> None:
    body = written(told(data.draw(talks(source, target)), source))
    there = convert_request(body, source, target, plain_reasoning=True)
    back = convert_request(there.body, target, source, plain_reasoning=True)
    assert exact(back.body) == exact(body)

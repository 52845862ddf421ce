"""What is put into JSON leaves it JSON, wherever it is put and however the document was cut."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.guardrails.json_strings import JsonStrings, fitting

VALUES = st.recursive(
    st.text(max_size=8) | st.integers(), lambda inner: st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


@given(VALUES, st.data())
def test_whether_a_place_is_in_a_string_is_known_however_the_document_comes(value: object, data: st.DataObject) -> None:
    text = json.dumps({"a": value})
    cut = data.draw(st.integers(0, len(text)))
    whole, pieces = JsonStrings(), JsonStrings()
    whole.take(text)
    for piece in (text[:cut], "", text[cut:]):
        pieces.take(piece)
    assert whole.inside is False
    assert pieces.inside is False


@pytest.mark.parametrize(
    ("document", "found", "after"),
    [
        ('{"card": 4111111111111111}', "4111111111111111", {"card": 'a "card"'}),
        ('{"card": "4111111111111111"}', "4111111111111111", {"card": 'a "card"'}),
        ('{"say": "\\"no\\": 4111111111111111"}', "4111111111111111", {"say": '"no": a "card"'}),
        ("[4111111111111111]", "4111111111111111", ['a "card"']),
    ],
)
def test_what_was_found_is_replaced_by_words_that_fit(document: str, found: str, after: object) -> None:
    start = document.index(found)
    words = fitting('a "card"', document, start)
    assert json.loads(document[:start] + words + document[start + len(found) :]) == after


@pytest.mark.parametrize("text", ["see 4111111111111111", '{"broken": 4111111111111111'])
def test_in_what_is_no_json_words_stand_as_they_are(text: str) -> None:
    assert fitting('a "card"', text, 4) == 'a "card"'

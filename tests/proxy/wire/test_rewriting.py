"""An edit to a text is the same edit wherever parts of that text stand."""

import json

from hypothesis import given
from hypothesis import strategies as st

from middleware.messages import Edit
from proxy.wire.rewriting import edit, edited, objects_at, opened, text_at
from tests.proxy.wire.channels import applied, edits

TEXTS = st.lists(st.text(max_size=5), min_size=1, max_size=4)


@given(TEXTS, st.data())
def test_edits_to_parts_are_those_to_what_they_say_together(texts: list[str], data: st.DataObject) -> None:
    whole = "".join(texts)
    made = data.draw(edits(whole))
    assert "".join(edited(texts, made)) == applied(whole, made)


def test_an_edit_over_several_parts_goes_into_the_first_and_is_cut_out_of_the_others() -> None:
    assert edited(["abc", "de", "fgh"], [Edit(2, 6, "*")]) == ["ab*", "", "gh"]


def test_what_is_put_between_two_parts_ends_the_first() -> None:
    assert edited(["ab", "cd"], [Edit(2, 2, "*"), Edit(2, 3, "!")]) == ["ab*", "!d"]


@given(TEXTS)
def test_a_part_that_no_edit_touches_keeps_its_bytes(texts: list[str]) -> None:
    written = b'{"list" : [%s, 7]}' % b" , ".join(
        b'{"text":%s , "n":1e2}' % json.dumps(text).encode() for text in texts
    )
    fields = opened(written)
    slots = [slot for each in objects_at(fields, "list") for slot in text_at(each, "text")]
    changed = edit(slots, "user", lambda role, text: [Edit(len(text), len(text), "!")])
    assert changed == bool(slots)
    assert [bytes(slot.holder["text"]) for slot in slots[:-1]] == [json.dumps(t).encode() for t in texts if t][:-1]
    assert all(bytes(slot.holder["n"]) == b"1e2" for slot in slots)

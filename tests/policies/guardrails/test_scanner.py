"""A reply is looked at as it streams: whatever its pieces, it is masked as the whole of it would be."""

import re
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from policies.guardrails.matching import BadRule, Matcher
from policies.guardrails.rule import Rule
from policies.guardrails.seeking import MOST_FAILED, MOST_FOUND
from policies.guardrails.syntax import parse
from tests.policies.guardrails.masking import MASK, cut, mask, masked, streamed

_CHARS = st.sampled_from(["a", "b", "ab", "1", " ", ".", "[ab]", "[^a]", r"\w", r"\d", "é", "(?i:a)"])
_EDGES = st.sampled_from([r"\b", r"\B", "^", "$", r"(?m:^)", r"(?m:$)"])
PATTERNS = st.recursive(
    st.one_of(_CHARS, _CHARS, _CHARS, _EDGES),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: f"(?:{'|'.join(items)})"),
        st.tuples(inner, st.sampled_from(["?", "{2}", "{0,3}", "{1,6}"])).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        inner.map(lambda item: f"({item})"),
    ),
    max_leaves=6,
)


def _takes_a_character(pattern: str) -> bool:
    return parse(pattern).node.least > 0


CHECKS = {"odd": lambda told: len(told) % 2 == 1, "no_a": lambda told: "a" not in told}
RULES = st.lists(
    st.builds(
        Rule,
        id=st.uuids().map(str),
        reason=st.just("found"),
        patterns=st.lists(PATTERNS.filter(_takes_a_character), min_size=1, max_size=2).map(tuple),
        words=st.lists(st.sampled_from(["a", "ab", "b c", "é", "1"]), max_size=2).map(tuple),
        rest=st.sampled_from(["", "", "", "[ab]", r"\w", "1"]),
        check=st.sampled_from(["", "", "odd", "no_a"]),
        allow=st.lists(st.sampled_from(["a", "ab", "aab", "b1"]), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=3,
)
TEXTS = st.text(st.sampled_from("aaabbb11  \nAé\u200bａ１"), max_size=40)
JSON = st.lists(
    st.one_of(
        TEXTS,
        st.sampled_from(
            [r"\u0061", r"\u200b", r"\n", r"\\", r"\"", r"\ud835\udc1a", r"\ud835", r"\u00e9", r"\u0031", "\\", r"\u0"]
        ),
    ),
    max_size=12,
).map("".join)
CUTS = st.lists(st.integers(0, 60), max_size=12)


def _matcher(rules: list[Rule]) -> Matcher:
    try:
        return Matcher(rules, CHECKS)
    except BadRule:
        assume(False)
        raise


def _pieces(text: str, cuts: list[int]) -> list[str]:
    places = [0, *sorted(min(place, len(text)) for place in cuts), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


@settings(max_examples=300, deadline=None)
@given(st.text("ab", max_size=12), st.sampled_from(["ab?", "a{2,3}", "(?:ab|ba){1,2}", "a|ab|bab", "(?:a{0,2}b){2}"]))
def test_what_is_found_is_what_trying_every_place_finds(text: str, pattern: str) -> None:
    expected, at = "", 0
    while at < len(text):
        ends = [end for end in range(len(text), at, -1) if re.fullmatch(pattern, text[at:end])]
        expected += MASK if ends else text[at]
        at = ends[0] if ends else at + 1
    assert masked(Matcher([Rule(id="rule", reason="found", patterns=(pattern,))]), text) == expected


@settings(max_examples=300, deadline=None)
@given(RULES, TEXTS, CUTS)
def test_text_is_masked_as_a_whole_would_be_however_it_is_cut(rules: list[Rule], text: str, cuts: list[int]) -> None:
    matcher = _matcher(rules)
    spans = streamed(matcher, _pieces(text, cuts))
    assert "".join(span.text for span in spans) == text
    assert mask(spans) == masked(matcher, text)


@settings(max_examples=200, deadline=None)
@given(RULES, JSON, CUTS)
def test_so_is_json_with_its_escapes(rules: list[Rule], text: str, cuts: list[int]) -> None:
    matcher = _matcher(rules)
    spans = streamed(matcher, _pieces(text, cuts), json=True)
    assert "".join(span.text for span in spans) == text
    assert mask(spans) == masked(matcher, text, json=True)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(["ab1", "ab", "1 ", " é", "x\u200b"]), min_size=20, max_size=60),
    st.sampled_from([MOST_FOUND, MOST_FAILED]),
    st.integers(1, 40),
    st.booleans(),
)
def test_so_is_a_text_that_is_full_of_what_is_looked_for(some: list[str], most: int, size: int, json: bool) -> None:
    rules = [Rule(id=told, reason="found", patterns=(told,), check="odd") for told in ("ab[1 ]", "1 ?x", "[ab]{2}")]
    text = "".join(some) * (most // len(some) * 2)
    matcher = Matcher(rules, CHECKS)
    spans = streamed(matcher, cut(text, size), json=json)
    assert "".join(span.text for span in spans) == text
    assert mask(spans) == masked(matcher, text, json=json)


def test_what_follows_a_match_at_once_is_found_when_it_comes_character_by_character() -> None:
    rules = [Rule(id=told, reason="found", patterns=(told,), check="odd") for told in ("ab[1 ]", "1 ?x", "[ab]{2}")]
    matcher = Matcher(rules, CHECKS)
    assert mask(streamed(matcher, "1ab1 ab ")) == masked(matcher, "1ab1 ab ") == f"1{MASK} {MASK}"


def test_what_is_allowed_is_passed_over_as_a_whole_when_the_end_comes_apart() -> None:
    rules = [
        Rule(id="two", reason="found", patterns=("(?:.){2}",), allow=("ab",)),
        Rule(id="a", reason="found", patterns=("a",)),
    ]
    matcher = Matcher(rules, CHECKS)
    for size in (1, 2, 3, 11):
        assert mask(streamed(matcher, cut("11111111ab1", size))) == masked(matcher, "11111111ab1")

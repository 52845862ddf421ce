"""What breaks a rule is found in a text as it is written, whatever the text does to hide it."""

import pytest

from policies.guardrails.matching import BadRule, Matcher
from policies.guardrails.rule import Rule
from policies.guardrails.seeking import MOST_FAILED, MOST_FOUND
from tests.policies.guardrails.masking import masked


def _rule(*patterns: str, id: str = "rule", **more: object) -> Rule:
    return Rule(id=id, reason="it was found", patterns=patterns, **more)  # type: ignore[arg-type]


def test_the_leftmost_is_found_and_of_those_the_longest() -> None:
    assert masked(Matcher([_rule("ab|abcd", "bcde")]), "xabcdex") == "x█ex"


def test_a_match_goes_on_through_the_rest() -> None:
    matcher = Matcher([_rule("key-[0-9]{4}", rest="[0-9]")])
    assert masked(matcher, "key-123, key-1234567890x") == "key-123, █x"
    assert matcher.longest == len("key-1234")


def test_where_a_pattern_has_a_group_only_that_is_masked() -> None:
    assert masked(Matcher([_rule(r"pin is (\d{4})")]), "Its pin is 1234.") == "Its pin is █."


def test_a_check_has_to_pass_and_a_match_that_starts_later_may() -> None:
    matcher = Matcher([_rule(r"\d{4} \d{4} \d{4} \d{4}", check="luhn")])
    assert masked(matcher, "1234 4111 1111 1111 1111 and 4111 1111 1111 1112") == "1234 █ and 4111 1111 1111 1112"


def test_what_is_allowed_never_breaks_the_rule() -> None:
    matcher = Matcher([_rule("key-[0-9]{4}", rest="[0-9]", allow=("key-12345",))])
    assert masked(matcher, "key-12345 key-1234 key-123456") == "key-12345 █ █"


def test_words_are_found_in_any_case_as_whole_words() -> None:
    matcher = Matcher([Rule(id="words", reason="it was said", words=("Acme", "acme corp", "Größe", "c++"))])
    assert (
        masked(matcher, "ACME, acmes, Acme\tCorp! GRÖSSE größe größer éacme c++")
        == "█, acmes, █! GRÖSSE █ größer éacme █"
    )


def test_thousands_of_words_are_one_expression() -> None:
    words = tuple(f"w{number:x}ord" for number in range(5000))
    matcher = Matcher([Rule(id="words", reason="it was said", words=words)])
    assert masked(matcher, "so wffORD and w1388ord, not w1387ords") == "so █ and w1388ord, not w1387ords"
    assert matcher.longest == len(" w1387ord ")


def test_two_rules_that_overlap_leave_nothing_between_them() -> None:
    matches = Matcher([_rule("abcd", id="first"), _rule("cdef", id="second")]).find("xabcdefx")
    assert [(match.rule.id, match.start, match.end) for match in matches] == [("first", 1, 5), ("second", 5, 7)]


@pytest.mark.parametrize(
    "secret",
    ["k\u200be\u2060y-12\U000e006134", "ｋｅｙ－１２３４", "𝐤𝐞𝐲-𝟏𝟐𝟑𝟒", "key‑١٢٣٤", "ke\u00ady-1234", "\u2066key-1234"],
)
def test_what_nobody_sees_and_other_fonts_hide_nothing_and_are_masked_too(secret: str) -> None:
    matcher = Matcher([_rule("key-[0-9]{4}")])
    assert masked(matcher, f"Ünï {secret} 👍🏽").replace("\u2066", "") == "Ünï █ 👍🏽"


def test_places_are_characters_of_the_text() -> None:
    [match] = Matcher([_rule("key")]).find("日本語 🔑 key 日本")
    assert (match.start, match.end) == (6, 9)


def test_escapes_in_json_hide_nothing() -> None:
    matcher = Matcher([_rule("key-[0-9]{4}")])
    text = r'{"a": "\u006bey\u002d1\u003234", "b": "k\u200bey-1234\\", "c": "\ud835\udc24ey-1234"}'
    assert masked(matcher, text, json=True) == r'{"a": "█", "b": "█\\", "c": "█"}'
    assert masked(matcher, text) == text.replace("key-1234", "█")


def test_a_text_full_of_what_is_found_is_masked_to_its_end() -> None:
    matcher = Matcher([_rule("key-[0-9]{4}"), _rule("pin", id="other")])
    text = "key-1234 " * MOST_FOUND + "and key-1234, so no pin passes"
    assert masked(matcher, text) == "█ " * MOST_FOUND + "and █"
    found = matcher.find(text, all_is_masked=False)
    assert len(found) == MOST_FOUND + 1
    assert found[-1].rule.id == "other"


def test_so_is_one_in_which_the_check_says_no_to_more_than_can_be_asked() -> None:
    matcher = Matcher([_rule("[0-9]{4}", check="luhn")])
    assert masked(matcher, "1111 " * MOST_FAILED + "and 1111, the end") == "1111 " * MOST_FAILED + "and █"


def test_what_is_allowed_is_let_pass_however_often_it_stands_there() -> None:
    matcher = Matcher([_rule("key-[0-9]{4}", allow=("key-0000",))])
    text = "key-0000 " * (MOST_FAILED + 1)
    assert masked(matcher, text) == text


def test_no_rules_find_nothing() -> None:
    assert Matcher([]).find("text") == []
    assert Matcher([]).longest == 0


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (_rule("a("), "missing )"),
        (_rule("(?=a)"), "invalid perl operator"),
        (_rule("a+"), "bound it, or use `rest`"),
        (_rule("a{2,}b"), "bound it, or use `rest`"),
        (_rule("a?"), "ask for a character"),
        (_rule(r"\b"), "ask for a character"),
        (_rule(r"\C"), "write `.`"),
        (_rule("a", rest="[a-z]+"), "write a class"),
        (_rule("a", rest="["), "missing ]"),
        (_rule("(a)b", rest="b"), "end the pattern with it"),
        (_rule("a", check="lunh"), "there is no check 'lunh'; there are br_cpf, card"),
        (Rule(id="rule", reason="nothing"), "give it `patterns` or `words`"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_what_to_write(rule: Rule, why: str) -> None:
    with pytest.raises(BadRule, match="rule 'rule': ") as refused:
        Matcher([rule])
    assert why in str(refused.value)
    assert refused.value.id == "rule"

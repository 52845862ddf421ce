"""Of a secret that streams nothing gets out, wherever the stream is cut: every place, several sizes of pieces, with
other scripts around it, as it stands and in the arguments of a tool call."""

import json
from itertools import cycle

import pytest

from policies.guardrails.matching import Matcher
from policies.guardrails.packs.secrets import SECRETS
from tests.policies.guardrails.masking import MASK, cut, mask, streamed
from tests.policies.guardrails.planted import Planted, planted

SIZES = (1, 2, 3, 5, 8, 13)
AROUND = (("Here: ", " and more."), ("鍵はこれ🔑 ", " です。👍🏽"), ("Ключ «", "» é\u200b"))


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(SECRETS)


@pytest.mark.parametrize(("plant", "around"), list(zip(planted(), cycle(AROUND), strict=False)))
def test_no_secret_leaks_at_any_split_of_an_answer(matcher: Matcher, plant: Planted, around: tuple[str, str]) -> None:
    before, after = around
    text = f"{before}{plant.text}{after}"
    expected = f"{before}{plant.before}{MASK}{plant.after}{after}"
    for place in range(len(text)):
        assert mask(streamed(matcher, (text[:place], text[place:]))) == expected
    for size in SIZES:
        for first in range(size):
            assert mask(streamed(matcher, cut(text, size, first))) == expected


@pytest.mark.parametrize("ascii_only", [True, False], ids=["escaped", "as it is"])
@pytest.mark.parametrize("plant", planted(), ids=lambda plant: plant.rule)
def test_no_secret_leaks_at_any_split_of_a_tool_calls_arguments(
    matcher: Matcher, plant: Planted, ascii_only: bool
) -> None:
    before, after = AROUND[1]
    text = json.dumps({"note": f"{before}{plant.text}{after}", "n": 1}, ensure_ascii=ascii_only)
    secret = json.dumps(plant.secret, ensure_ascii=ascii_only)[1:-1]
    assert secret in text
    expected = text.replace(secret, MASK)
    for size in SIZES:
        for first in range(size):
            assert mask(streamed(matcher, cut(text, size, first), json=True)) == expected


@pytest.mark.parametrize("plant", planted(), ids=lambda plant: plant.rule)
def test_no_secret_leaks_that_is_written_in_escapes_or_with_what_nobody_sees_in_it(
    matcher: Matcher, plant: Planted
) -> None:
    escaped = "".join(f"\\u{ord(char):04x}" for char in plant.text)
    told = mask(streamed(matcher, cut(f'{{"a": "{escaped}"}}', 4), json=True))
    assert told.count(MASK) == 1
    assert len(told) == len(f'{{"a": "{MASK}"}}') + 6 * (len(plant.before) + len(plant.after))
    hidden = "\u200b".join(plant.text)
    assert mask(streamed(matcher, cut(hidden, 4))).replace("\u200b", "") == f"{plant.before}{MASK}{plant.after}"

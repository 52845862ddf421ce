"""What being shown answers does to the reward."""

import msgspec
import numpy as np

from policies.retrieval.uplift import Seen, UpliftState, fold, overall, per_item, to_retire


def calls(number: int, *, harm: float, seed: int = 1) -> list[Seen]:
    """Three answers qualify for each call; "c" takes `harm` from the reward when it is shown."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        held_out = bool(random.random() < 0.1)
        shown = [not held_out and bool(random.random() >= 0.15) for _ in range(3)]
        good = random.random() < 0.6 + 0.02 * (shown[0] + shown[1]) - harm * shown[2]
        found.append(Seen(("a", "b", "c"), shown, held_out, 0.1, 0.15, float(good)))
    return found


def test_an_answer_that_harms_is_found_and_no_other() -> None:
    state = UpliftState()
    fold(state, calls(1_500, harm=0.25))
    assert to_retire(state) == ["c"]
    worst = per_item(state)[0]
    assert worst.id == "c"
    assert worst.effect.low < -0.25 < worst.effect.high
    assert overall(state).high < 0


def test_a_state_that_was_written_and_read_goes_on_as_if_nothing_had_been() -> None:
    seen = calls(200, harm=0.25)
    whole, half = UpliftState(), UpliftState()
    fold(whole, seen)
    fold(half, seen[:100])
    half = msgspec.json.decode(msgspec.json.encode(half), type=UpliftState)
    fold(half, seen[100:])
    assert half == whole

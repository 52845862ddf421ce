"""Whatever is killed, and whenever: the memory is what it would have been."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from policies.retrieval.admission import Admission
from proxy.memory.keeper import Stores
from records.run import Run
from records.score import Score
from stores.runs import StoreBusy
from tests.proxy.memory.remembering import Memory, a_call, liked, rewarding, vote
from tests.proxy.rewards.learning import Killed, Mortal

Made = Callable[..., Memory]
END = 300.0
NAMES = ("ada", "bob", "carl")


def a_history() -> list[tuple[float, Run | Score]]:
    """Some answers are liked, one is corrected, one changed its mind; two answer the same question."""
    calls = [
        a_call(number, f"What about topic{number // 2}?", f"Answer {number}.", user=f"u{number}") for number in range(8)
    ]
    shown = [
        a_call(
            20 + number, f"What of thing{number}?", "So.", shown={"ids": ["x", "y"], "shown": [number % 2 == 0, True]}
        )
        for number in range(6)
    ]
    events: list[tuple[float, Run | Score]] = [(float(number), call) for number, call in enumerate(calls)]
    events += [(20.0 + number, call) for number, call in enumerate(shown)]
    for number, call in enumerate(calls):
        # Of nobody is so much known that it would matter when it was looked up.
        raters = [f"{name} {number}" for name in NAMES[: 1 + number % 3]]
        events += [(number + 5.0 - number % 2 * 5, score) for score in liked(call, *raters)]
    events += [(12.0, vote(calls[1], f"{name} 1", at=9).correction("Better.")) for name in NAMES[:2]]
    events += [(14.0, vote(calls[5], f"{name} 5", at=9).thumb(False)) for name in NAMES]
    events += [(30.0, vote(call, "ada", at=2).thumb(True)) for call in shown]
    return sorted(events, key=lambda event: event[0])


def live(agent: Memory, history: Sequence[tuple[float, Run | Score]]) -> tuple[object, ...]:
    """Steps every four seconds while things come in, a new process whenever one has died; what is known at the end."""
    coming = list(reversed(history))
    for at in itertools.count(4, 4):
        while coming and coming[-1][0] <= at:
            agent.put(coming.pop()[1])
        while not stepped(agent, at if coming else END):
            agent.keeper = agent.another()
        if not coming:
            break
    told = sorted(
        (each.id, each.question, each.text, each.state, each.score, each.low, each.votes, each.runs)
        for each in agent.insights
    )
    return told, agent.found, msgspec.to_builtins(agent.notes.uplift), sorted(agent.notes.charges)


def stepped(agent: Memory, at: float) -> bool:
    try:
        agent.step(at)
    except (Killed, StoreBusy):
        return False
    return True


def test_over_postgresql_it_is_the_same(memory: Made, tmp_path: Path, postgresql_url: str) -> None:
    terms = {"reward": rewarding(), "admission": Admission(threshold=0.5, per_writer=9)}
    file = memory(url=f"sqlite:///{tmp_path / 'file.db'}", **terms)
    assert live(memory(url=postgresql_url, **terms), a_history()) == live(file, a_history())


class Moment:
    """Whether this is the one of that number."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.passed = 0

    def __call__(self) -> bool:
        self.passed += 1
        return self.passed == self.number


@pytest.mark.parametrize("error", [Killed(), StoreBusy("the store is away")], ids=["killed", "its store is away"])
def test_at_whatever_moment_nothing_is_lost_nor_counted_twice(memory: Made, tmp_path: Path, error: Exception) -> None:
    terms = {"reward": rewarding(), "admission": Admission(threshold=0.5, per_writer=9)}

    def an_agent(name: str) -> Memory:
        return memory(url=f"sqlite:///{tmp_path / name}.db", **terms)

    calm = live(an_agent("calm"), a_history())
    moment, step = Moment(0), 19
    while not moment.number > moment.passed > 0:
        moment = Moment(moment.number + step)
        agent = an_agent(f"{moment.number}")
        agent.given = Stores(*(Mortal(store, moment, error) for store in agent.stores))
        agent.mortal = Mortal(agent.index, moment, error)
        agent.keeper = agent.another()
        found = live(agent, a_history())
        assert found == calm
        agent.close()
    assert moment.number > 100

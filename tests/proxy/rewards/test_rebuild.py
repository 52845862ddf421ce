"""Whatever is killed or lost, and whenever: the posteriors are those of a recount from the record."""

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.bandits import BanditSettings, BanditState, Limits, TrackAndStop
from proxy.config.reward import Reward
from proxy.rewards.implicit import ABANDONMENT, RETRY
from proxy.rewards.learner import Stores
from records.run import Run
from records.score import Score
from stores.ledger import open_ledger
from stores.routing import BanditStore
from stores.routing.memory import MemoryRouting
from stores.routing.redis import RedisBandits
from stores.routing.sqlite import SqliteBandits
from stores.runs import RunFilter, StoreBusy, StoreError, open_store
from tests.proxy.rewards.learning import AGENT, Killed, Learning, Mortal, a_call, a_thumb
from tests.support.redis import Redis, running_redis

BANDIT = BanditSettings(policy=TrackAndStop(), ramp=None, limits=Limits(error_rate=0.05, latency_p95_ms=900))
REWARD = Reward.model_validate(
    {"scores": {"thumbs": 1, RETRY: -0.25, ABANDONMENT: -0.5}, "cost": 1, "wait": 20, "missing": 0.5, "every": 5}
)
END = 180.0


class Event(NamedTuple):
    """A run or a score, and when it comes into its store."""

    at: float
    what: Run | Score


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """A few minutes: sessions of some calls, of which some fail and some are liked, sooner or later or never."""
    events: list[Event] = []
    for session in range(draw(st.integers(1, 8))):
        variant = draw(st.sampled_from(["base", "terse"]))
        at = draw(st.floats(0, 60))
        for turn in range(draw(st.integers(1, 3))):
            took = draw(st.sampled_from([0.2, 1.0]))
            call = a_call(
                f"{session} {turn}",
                variant,
                session=f"s{session}",
                at=at,
                took=took,
                outcome=draw(st.sampled_from(["ok", "ok", "error"])),
                cost_usd=draw(st.sampled_from([None, 0.05])),
            )
            events.append(Event(at + took + draw(st.floats(0.01, 0.5)), call))
            for rater in draw(st.lists(st.sampled_from(["ada", "bob"]), max_size=2)):
                said = at + took + draw(st.floats(0, 30))
                up = draw(st.booleans())
                events.append(Event(said + 0.01, a_thumb(call, up, at=said, rater=rater)))
            at += draw(st.floats(1.5, 15))
    return sorted(events, key=lambda event: event.at)


class Moment:
    """Whether this is the one of that number."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.passed = 0

    def __call__(self) -> bool:
        self.passed += 1
        return self.passed == self.number


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without anything in it."""
    file = tmp_path_factory.mktemp("empty") / "burnish.db"
    open_store(f"sqlite:///{file}").close()
    open_ledger(f"sqlite:///{file}").close()
    return file


@contextmanager
def learning(empty: Path, bandits: Callable[[Path], BanditStore] = lambda _: MemoryRouting()) -> Iterator[Learning]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(empty, folder / "burnish.db")
        agent = Learning(folder, REWARD, BANDIT, bandits=lambda: bandits(folder))
        try:
            yield agent
        finally:
            agent.close()


def live(
    agent: Learning,
    history: Sequence[Event],
    pause: float = 1.0,
    *,
    before: Callable[[float], None] = lambda at: None,
    until: float = END,
) -> BanditState:
    """Steps every `pause` seconds while things come in; the state once all is over."""
    coming = list(reversed(history))
    for tick in itertools.count(1):
        at = tick * pause
        while coming and coming[-1].at <= at:
            agent.put(coming.pop().what)
        before(at)
        while not stepped(agent, at):
            agent.restart()
        if at > until:
            return agent.state
    raise AssertionError


def stepped(agent: Learning, at: float) -> bool:
    """Whether it lived through the step; where a store is away, the next one comes later."""
    try:
        agent.step(at)
    except Killed:
        return False
    except StoreError:
        agent.failures += 1
    return True


def rewarded(state: BanditState) -> dict[str, int]:
    return {name: arm.rewards for name, arm in state.arms.items()}


SLOW = settings(
    deadline=None,
    max_examples=25,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SLOW
@given(history=histories(), at_once=st.sampled_from([1_000, 5, 1]))
def test_a_recount_comes_to_what_was_counted_along_the_way(empty: Path, history: list[Event], at_once: int) -> None:
    with learning(empty) as agent:
        counted, rewards = live(agent, history), agent.rewards
        agent.at_once = at_once
        agent.lose()
        agent.settle(END + 100)
        assert agent.state == counted
        assert agent.rewards == rewards


@SLOW
@given(history=histories(), pause=st.sampled_from([0.5, 7.0, 45.0]))
def test_how_often_it_looks_makes_no_difference_to_who_is_rewarded(
    empty: Path, history: list[Event], pause: float
) -> None:
    with learning(empty) as often, learning(empty) as seldom:
        assert rewarded(live(often, history)) == rewarded(live(seldom, history, pause))


@SLOW
@given(history=histories(), deaths=st.sets(st.integers(0, 2000), min_size=1, max_size=30))
def test_killed_between_any_two_steps_it_comes_to_the_same(empty: Path, history: list[Event], deaths: set[int]) -> None:
    with learning(empty) as calm, learning(empty) as agent:
        moments = itertools.count()
        agent.given = Stores(*(Mortal(store, lambda: next(moments) in deaths) for store in agent.stores))
        agent.restart()
        assert live(agent, history) == live(calm, history)
        assert agent.rewards == calm.rewards


@pytest.mark.parametrize("error", [Killed(), StoreBusy()], ids=["killed", "its store is away"])
def test_at_whatever_moment_nothing_is_lost_nor_counted_twice(empty: Path, error: Exception) -> None:
    call = a_call("1", session="s", at=1)
    history = [Event(1.5, call), Event(2, a_thumb(call, at=2)), Event(9, a_call("2", session="t", at=8))]
    moment = Moment(0)
    while not moment.number > moment.passed > 0:
        moment = Moment(moment.number + 1)
        with learning(empty) as agent:
            agent.given = Stores(*(Mortal(store, moment, error) for store in agent.stores))
            agent.restart()
            state = live(agent, history, 4.0, until=48)
            assert state.arm("base").n == 2
            assert len(agent.rewards) == 2
    assert moment.number > 80


@SLOW
@given(history=histories(), lost=st.integers(1, 120))
def test_what_was_lost_is_made_again(empty: Path, history: list[Event], lost: int) -> None:
    with learning(empty) as calm, learning(empty) as agent:
        found = live(agent, history, before=lambda at: agent.lose() if at == lost else None)
        assert found == live(calm, history)
        assert agent.rewards == calm.rewards


@SLOW
@given(history=histories(), turns=st.lists(st.booleans(), min_size=8, max_size=8))
def test_two_that_learn_at_once_count_nothing_twice(empty: Path, history: list[Event], turns: list[bool]) -> None:
    with learning(empty) as calm, learning(empty) as agent:
        one, two = agent.learner, agent.another()

        def take_turns(at: float) -> None:
            agent.learner = (one, two)[turns[int(at) % len(turns)]]

        found = live(agent, history, before=take_turns)
        counted = {name: (arm.n, arm.calls) for name, arm in found.arms.items()}
        assert counted == {name: (arm.n, arm.calls) for name, arm in live(calm, history).arms.items()}


# Where it is kept


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with running_redis(tmp_path) as server:
        yield server


def a_history() -> list[Event]:
    events = []
    for number in range(80):
        variant, at = ("base", "terse")[number % 2], float(number)
        call = a_call(f"{number}", variant, session=f"s{number}", at=at, outcome="ok" if number % 9 else "error")
        events += [Event(at + 0.5, call), Event(at + 20, a_thumb(call, bool(number % 3), at=at + 20))]
    return sorted(events, key=lambda event: event.at)


def test_over_sqlite_it_is_the_same(empty: Path) -> None:
    with learning(empty) as memory, learning(empty, lambda folder: SqliteBandits(folder / "state.db")) as file:
        assert live(file, a_history()) == live(memory, a_history())


def test_redis_may_die_and_come_back_empty(empty: Path, redis: Redis) -> None:
    def disturb(at: float) -> None:
        if at == 40:
            redis.kill()
        if at == 60:
            redis.start()

    with learning(empty) as memory, learning(empty, lambda _: RedisBandits(redis.url)) as agent:
        found, expected = live(agent, a_history(), before=disturb), live(memory, a_history())
        assert agent.failures > 0
        assert {name: (arm.n, arm.total) for name, arm in found.arms.items()} == {
            name: (arm.n, arm.total) for name, arm in expected.arms.items()
        }
        assert agent.published.probabilities.keys() == {"base", "terse"}
        agent.lose()
        agent.settle(END + 50)
        assert agent.state == found


def test_redis_that_comes_back_empty_is_told_all_again_though_nothing_is_new(empty: Path, redis: Redis) -> None:
    with learning(empty, lambda _: RedisBandits(redis.url)) as agent:
        counted, published = live(agent, a_history()), agent.published
        redis.kill()
        redis.start()
        assert agent.stores.bandits.load(AGENT) is None
        agent.settle(END + 50)
        assert agent.state == counted
        assert agent.published.probabilities == pytest.approx(published.probabilities, abs=0.02)


def test_over_postgresql_it_is_the_same(empty: Path, postgresql_url: str, tmp_path: Path) -> None:
    agent = Learning(tmp_path, REWARD, BANDIT, url=postgresql_url)
    try:
        with learning(empty) as memory:
            counted = live(agent, a_history())
            assert counted == live(memory, a_history())
            agent.lose()
            agent.settle(END + 50)
            assert agent.state == counted
    finally:
        agent.close()


def test_a_run_that_was_deleted_is_not_in_the_recount(empty: Path) -> None:
    with learning(empty) as agent:
        counted = live(agent, a_history())
        agent.stores.runs.delete(RunFilter(ids=[a_call("0").id, a_call("2").id]))
        assert agent.state == counted
        agent.lose()
        agent.settle(END + 50)
        assert agent.arm("base").n == counted.arm("base").n - 2
        assert agent.arm("terse").bins == counted.arm("terse").bins

"""What is known of tools follows the record: once, in order, through restarts, and with a decision for each change."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from policies.tools.settings import BreakerSettings
from proxy.tools.keeper import Stores, ToolKeeper
from proxy.tools.known import Known, called, known_from
from records.run import Run, ToolEvent
from stores.ledger import open_ledger
from stores.routing import Folded
from stores.runs import StoreBusy, open_store
from stores.states.memory import MemoryStates
from stores.tool_states import FailingTools
from tests.support.runs import NOON, a_run

SECOND = 10**9


class States(MemoryStates[FailingTools]):
    """That are away while `away` is set."""

    away = False

    def save(self, before: Folded | None, folded: Folded, published: FailingTools) -> bool:
        if self.away:
            raise StoreBusy("away")
        return super().save(before, folded, published)

    def failing_now(self) -> dict[str, int]:
        found = self._published.get("support")
        return {name: tool.until_ns for name, tool in found.tools.items()} if found else {}


class Kept:
    """The stores of one agent, and a keeper that may be started anew."""

    def __init__(self, stores: Stores, states: States) -> None:
        self.stores = stores
        self.states = states
        self._ids = count(1)
        self._segment = 0
        self.keeper = self.started()

    def started(self, at_once: int = 100) -> ToolKeeper:
        return ToolKeeper("support", BreakerSettings(), self.stores, config_hash="c", at_once=at_once)

    def results(self, *said: str, tool: str = "search", source: str = "live", agent: str = "support") -> None:
        """A run a result, a second apart."""
        for text in said:
            self.put(run_with([event(tool, text)], next(self._ids), source=source, agent=agent))

    def put(self, run: Run) -> None:
        self._segment += 1
        assert self.stores.runs.put([run], {"segment": self._segment}) == 1

    @property
    def decided(self) -> list[str]:
        found = self.stores.ledger.decisions("support", kinds=["breaker"], limit=1_000)
        return [f"{decision.subject} {decision.evidence['change']}" for decision in reversed(found)]

    @property
    def known(self) -> Known:
        folded = self.states.load("support")
        found = known_from(folded.state) if folded else None
        assert found is not None
        return found


def event(tool: str, said: str, call_id: str = "1", outcome: str = "unknown") -> ToolEvent:
    return ToolEvent(call_id=call_id, name=tool, arguments='{"q": "x"}', result=said, outcome=outcome)


def run_with(tools: Sequence[ToolEvent], number: int, *, source: str = "live", agent: str = "support") -> Run:
    started = NOON + number * SECOND
    return a_run(
        id=f"{number:032x}",
        trace_id=f"{number:032x}",
        agent=agent,
        session=f"session-{number}",
        source=source,
        started_ns=started,
        ended_ns=started + 1,
        tools=tuple(tools),
    )


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    url = f"sqlite:///{tmp_path / 'burnish.db'}"
    runs, ledger, states = open_store(url), open_ledger(url), States()
    yield Kept(Stores(runs, ledger, states), states)
    ledger.close()
    runs.close()


def steps(keeper: ToolKeeper) -> None:
    while keeper.step():
        pass


def test_a_tool_that_breaks_is_published_and_decided_and_so_is_its_return(kept: Kept) -> None:
    kept.results("fine", *["Error: database is locked"] * 5)
    steps(kept.keeper)
    assert kept.states.failing_now() == {"search": NOON + 36 * SECOND}
    assert kept.decided == ["search opened"]
    (decision,) = kept.stores.ledger.decisions("support")
    assert decision.text == "search opened: 5 failures in a row, where 4% are usual"
    assert (decision.actor, decision.config_hash, decision.created_ns) == ("burnish", "c", NOON + 6 * SECOND)
    for number in range(40, 45):
        kept.put(run_with([event("search", "fine")], number))
    steps(kept.keeper)
    assert kept.states.failing_now() == {}
    assert kept.decided == ["search opened", "search closed"]


def test_only_live_runs_of_the_agent_count(kept: Kept) -> None:
    kept.results(*["Error: boom"] * 6, source="replay")
    kept.results(*["Error: boom"] * 6, agent="other")
    kept.results("fine")
    steps(kept.keeper)
    assert kept.known.tools.tools["search"].figures.outcomes == {"ok": 1}


def test_a_result_that_comes_again_with_a_repeated_call_counts_once(kept: Kept) -> None:
    first = run_with([event("search", "Error: boom")], 1)
    kept.put(first)
    for number in range(2, 8):
        again = run_with([event("search", "Error: boom")], number)
        kept.put(a_run(**{name: getattr(again, name) for name in again.__struct_fields__} | {"session": first.session}))
    steps(kept.keeper)
    assert kept.known.tools.tools["search"].figures.calls == 1
    assert kept.decided == []


def test_a_result_of_a_call_that_nobody_knows_is_no_tools(kept: Kept) -> None:
    kept.put(run_with([ToolEvent(call_id="1", name="unknown", arguments="", result="Error: boom")], 99))
    kept.results("fine")
    steps(kept.keeper)
    assert list(kept.known.tools.tools) == ["search"]


def interrupted(kept: Kept) -> None:
    kept.keeper = kept.started()


def crowded(kept: Kept) -> None:
    """Another process folds as well."""
    steps(kept.started())


def troubled(kept: Kept) -> None:
    kept.states.away = True
    with pytest.raises(StoreBusy):
        kept.keeper.step()
    kept.states.away = False


def lost(kept: Kept) -> None:
    kept.states._folded.clear()
    kept.states._published.clear()


@pytest.mark.parametrize("mishap", [interrupted, crowded, troubled, lost], ids=lambda mishap: mishap.__name__)
def test_whatever_happens_each_call_counts_once(kept: Kept, mishap: Callable[[Kept], None]) -> None:
    for _ in range(5):
        kept.results("fine", "fine", "Error: boom")
        steps(kept.keeper)
        kept.results("fine")
        mishap(kept)
        steps(kept.keeper)
    for _ in range(7):
        kept.results("Error: boom")
        mishap(kept)
        steps(kept.keeper)
    assert kept.known.tools.tools["search"].figures.outcomes == {"ok": 15, "tool_error": 12}
    assert kept.decided == ["search opened"]
    assert list(kept.states.failing_now()) == ["search"]


def test_pages_of_one_run_are_read_to_the_end(kept: Kept) -> None:
    kept.results(*["fine"] * 7)
    steps(kept.started(at_once=1))
    assert kept.known.tools.tools["search"].figures.calls == 7


def test_a_document_of_another_version_is_made_again(kept: Kept) -> None:
    kept.results(*["fine"] * 3)
    assert kept.states.save(None, Folded(9, b"not ours"), FailingTools(agent="support"))
    steps(kept.keeper)
    assert kept.known.tools.tools["search"].figures.calls == 3


def test_what_is_kept_holds_neither_arguments_nor_results(kept: Kept) -> None:
    secret = ToolEvent(call_id="1", name="search", arguments='{"q": "tangerine"}', result="Error: no tangerine")
    kept.put(run_with([secret], 1))
    steps(kept.keeper)
    folded = kept.states.load("support")
    assert folded is not None
    assert b"tangerine" not in folded.state


@pytest.mark.parametrize(
    ("asked_by", "seconds", "timed"), [("run", 2.5, 2.5), (None, 2.5, None), ("run", -1.0, None), ("run", 1e6, None)]
)
def test_a_call_is_timed_where_it_is_known_when_it_was_asked_for(
    asked_by: str | None, seconds: float, timed: float | None
) -> None:
    begun = NOON
    told = ToolEvent(
        call_id="1",
        name="f",
        arguments="{}",
        result="x",
        started_ns=begun,
        ended_ns=begun + int(seconds * SECOND),
        asked_by=asked_by,
    )
    assert called(run_with([told], 1), told).seconds == timed

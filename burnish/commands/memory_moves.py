"""What an owner does to an agent's memory by hand, with the decision that says so."""

import secrets
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Final, Self

import msgspec

from burnish.commands.agents import Configured
from burnish.commands.records import Failure, Place
from middleware.retrieval import RetrievalSettings
from policies.retrieval.admission import DAY_NS
from policies.retrieval.screening import Verdict, screen
from proxy.memory.members import RETRIEVAL
from proxy.memory.notes import Notes, notes_of
from records.decision import Decision
from records.insight import Insight, InsightState
from stores.insights import open_insights

_ATTEMPTS: Final = 20


class Memory:
    """The stores that one agent's memory is in: `with Memory(place, who) as memory`."""

    def __init__(self, place: Place, who: Configured) -> None:
        self.who = who
        self._place = place
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        self.insights = open_insights(self._place.url)
        self._closing.callback(self.insights.close)
        self.ledger = self._closing.enter_context(self._place.ledger())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def insight(self, id: str) -> Insight:
        """Raises `Failure` where there is none, `StoreError` where it may be several."""
        insight = self.insights.insight(self.who.name, id)
        if insight is None:
            name = self.who.name
            raise Failure(f"agent {name!r} remembers no answer {id!r}; `burnish memory {name}` lists what it does")
        return insight

    def notes(self) -> Notes:
        noted = self.insights.noted(self.who.name)
        return Notes() if noted is None else notes_of(noted.document)

    def decide(self, insight: Insight, now: InsightState | None, why: str, actor: str) -> str:
        """The decision's id."""
        decision = Decision(
            id=secrets.token_hex(16),
            tenant=insight.tenant,
            agent=insight.agent,
            kind="memory",
            subject=insight.id,
            text=why,
            evidence={"insight": insight.id, "was": insight.state, "now": now, "low": insight.low},
            actor=actor,
            created_ns=time.time_ns(),
            config_hash=self.who.config_hash,
        )
        self.ledger.add_decision(decision)
        return decision.id


def move_insight(memory: Memory, insight: Insight, state: InsightState, why: str, actor: str) -> tuple[Insight, str]:
    """What is said of it moves it no more. One that had grown old holds as long again."""
    now_ns = time.time_ns()
    expires_ns = insight.expires_ns
    if state == "admitted" and (expires_ns is None or expires_ns <= now_ns):
        days = _settings(memory.who).admit.ttl_days
        expires_ns = None if days is None else now_ns + int(days * DAY_NS)
    moved = msgspec.structs.replace(
        insight,
        state=state,
        reason=f"{actor}: {why}",
        held=True,
        trust="owner" if state == "admitted" else insight.trust,
        changed_ns=now_ns,
        expires_ns=expires_ns,
    )
    decision = memory.decide(insight, state, why, actor)
    memory.insights.put([moved])
    return moved, decision


def forget_insight(memory: Memory, insight: Insight, why: str, actor: str) -> str:
    """The decision's id."""
    decision = memory.decide(insight, None, why, actor)
    memory.insights.delete([insight.id])
    return decision


def rebuild_index(memory: Memory) -> int:
    """How many answers there are to embed. Raises `Failure` where nothing was ever put into an index."""
    agent = memory.who.name
    for _ in range(_ATTEMPTS):
        noted = memory.insights.noted(agent)
        if noted is None or not noted.document:
            raise Failure(f"agent {agent!r} has no index yet; it gets one while `burnish serve` runs")
        notes = notes_of(noted.document)
        notes.rebuild = True
        if memory.insights.keep(agent, noted, notes.encoded()) is not None:
            return len(memory.insights.ids(agent, ["admitted"]))
    raise Failure(f"the memory of {agent!r} is written to all the time; try again")


def screened(who: Configured, insight: Insight) -> Verdict:
    """Whether it may be shown as it is, by the rules that the agent's calls go by."""
    return screen(insight.question, insight.text, tools=insight.tools, skip=_settings(who).skip_rules)


def _settings(who: Configured) -> RetrievalSettings:
    step = next((step for step in who.agent.middleware if step.name == RETRIEVAL), None)
    return RetrievalSettings.model_validate(step.settings if step is not None else {})

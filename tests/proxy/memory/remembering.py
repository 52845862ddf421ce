"""An agent with a memory, its stores, and a clock that the test holds."""

from pathlib import Path
from typing import Any

from policies.retrieval.admission import Admission
from proxy.config.reward import Reward
from proxy.memory.keeper import Keeper, Stores
from proxy.memory.notes import Notes, notes_of
from proxy.memory.terms import MemoryTerms
from records.feedback import Vote
from records.insight import Insight
from records.run import Fact, Run, Step
from records.score import Score
from stores.insights import open_insights
from stores.ledger import open_ledger
from stores.runs import open_store
from tests.support.answers import MemoryAnswers, WordEmbedder
from tests.support.runs import NOON, a_run, answering, asking

AGENT = "support"
SECOND = 10**9
RESET = "How do I reset my password?"
SETTINGS = "Open the settings, then Security."


def a_call(number: int, question: str = RESET, answer: str = SETTINGS, **changes: Any) -> Run:
    """The number makes its ids, and puts it so many seconds after noon.

    Keywords are fields of `Run`, `shown`, or `document`, which is the answer as it is recorded.
    """
    document = changes.pop("document", answering(answer))
    shown: dict[str, Any] | None = changes.pop("shown", None)
    if shown is not None:
        fact = Fact("answers_shown", {"similarities": [], "held_out": False, "holdout": 0.1, "drop": 0.15, **shown})
        changes["steps"] = (Step("retrieval", NOON, NOON, (fact,)),)
    return a_run(number, **{"request": asking(question), "answer": document, **changes})


def vote(run: Run, rater: str, *, at: float = 0.0) -> Vote:
    return Vote(run.tenant, run.agent, run.id, rater, run.ended_ns + round(at * SECOND))


def liked(run: Run, *raters: str) -> list[Score]:
    return [vote(run, rater).thumb(True) for rater in raters]


class Memory:
    """`now` is in seconds after noon. Two people who like an answer are enough."""

    def __init__(self, folder: Path, *, url: str | None = None, **terms: Any) -> None:
        self.now = 0.0
        self.at_once = 200
        url = url or f"sqlite:///{folder / 'burnish.db'}"
        self.stores = Stores(open_store(url), open_ledger(url), open_insights(url))
        self.given = self.stores
        self.index = MemoryAnswers()
        self.mortal: Any = None
        """The index as the keeper has it, if that is another."""
        self.embedder = WordEmbedder()
        self.terms = MemoryTerms(
            **{"agent": AGENT, "tenant": "default", "admission": Admission(threshold=0.5, per_writer=50), **terms}
        )
        self.keeper = self.another()

    def another(self) -> Keeper:
        """One that knows nothing but what is kept, as after the process was killed."""
        return Keeper(
            self.terms,
            self.given,
            self.mortal or self.index,
            self.embedder,
            clock=lambda: NOON + round(self.now * SECOND),
            at_once=self.at_once,
        )

    def restart(self, **terms: Any) -> None:
        self.terms = self.terms._replace(**terms)
        self.keeper = self.another()

    def put(self, *events: Run | Score) -> None:
        for event in events:
            if isinstance(event, Run):
                self.stores.runs.put([event], {})
            else:
                self.stores.ledger.put_score(event)

    def step(self, at: float | None = None) -> None:
        """Everything that can be done now, or at a later time."""
        self.now = self.now if at is None else at
        while self.keeper.step():
            pass

    def learn(self, *events: Run | Score) -> None:
        self.put(*events)
        self.step()

    @property
    def insights(self) -> list[Insight]:
        return self.stores.insights.insights(AGENT)

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """Question, answer and state of each insight."""
        return [(each.question, each.text, each.state) for each in self.insights]

    @property
    def found(self) -> list[str]:
        """The answers that calls may be shown."""
        return self.index.texts

    @property
    def notes(self) -> Notes:
        noted = self.stores.insights.noted(AGENT)
        assert noted is not None
        return notes_of(noted.document)

    def close(self) -> None:
        for store in self.stores:
            store.close()


def rewarding(**changes: Any) -> Reward:
    return Reward.model_validate({"scores": {"thumbs": 1, "rating": {"range": [1, 5]}}, "wait": 60, **changes})

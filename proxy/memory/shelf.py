"""Keeps the index of an agent's answers as its store has them: what is admitted is to be found, and nothing else.

Whatever was lost of it, by a crash or with its folder, is put back: at the start it is compared with the store.
"""

from collections.abc import Callable, Sequence
from typing import Final

from policies.retrieval.admission import Neighbour
from proxy.memory.notes import Notes, notes_of
from records.insight import Insight
from stores.answers import Answer, AnswerIndex, Collection, Vector
from stores.embedding import Embedder
from stores.insights import InsightStore

AT_ONCE: Final = 16
"""Answers that are embedded together: few, so that whoever embeds them answers soon."""
_NEAR: Final = 8
_CHANGES: Final = 100


class Shelf:
    """Raises `StoreError` and `EmbeddingError` where it can do nothing now; it may be asked again."""

    def __init__(
        self, agent: str, tenant: str, insights: InsightStore, index: AnswerIndex, embedder: Embedder, notes: Notes
    ) -> None:
        """`notes.collection` is the one that has them so far: if that is another, it is emptied."""
        self._agent = agent
        self._insights = insights
        self._index = index
        self._embedder = embedder
        self._notes = notes
        self._collection = Collection(tenant, agent, embedder.space, embedder.size)
        self._expected: dict[str, tuple[Neighbour, Vector]] = {}
        self._vectors: dict[str, Vector] = {}
        self._lost: set[str] = set()
        self._missing = self._compare()

    def _compare(self) -> list[str]:
        notes, (tenant, agent, space, size) = self._notes, self._collection
        here = (tenant, space, size)
        if notes.collection is not None and notes.collection != here:
            old = notes.collection
            self._index.clear(Collection(old[0], agent, old[1], old[2]))
        if notes.rebuild:
            self._index.clear(self._collection)
            notes.rebuild = False
        notes.collection = here
        there, admitted = set(self._index.ids(self._collection)), self._insights.ids(agent, ["admitted"])
        self._index.drop(self._collection, sorted(there.difference(admitted)))
        return [id for id in admitted if id not in there]

    def fill(self) -> bool:
        """Follows what changed in the store, and puts back a part of what is missing. True where there is more."""
        self._expected, self._vectors, self._lost = {}, {}, set()
        changes = self._insights.changes(self._notes.changes, _CHANGES)
        mine = [change for change in changes if change.agent == self._agent]
        shown = [insight for change in mine if (insight := change.insight) is not None and self._shows(insight)]
        # First what must not be found any more.
        if gone := {change.id for change in mine}.difference(insight.id for insight in shown):
            self._index.drop(self._collection, sorted(gone))
        self._put(shown)
        for change in mine:
            if change.insight is None:
                self._notes.uplift.items.pop(change.id, None)
        if changes:
            self._notes.changes = changes[-1].seq
        some, self._missing = self._missing[:AT_ONCE], self._missing[AT_ONCE:]
        if some:
            self._put([insight for insight in self._insights.insights(self._agent, ids=some) if self._shows(insight)])
        return len(changes) == _CHANGES or bool(self._missing)

    def near(self, insight: Insight) -> list[Neighbour]:
        """The admitted answers to the questions nearest to this one's."""
        (vector,) = self._embedder.embed([insight.question])
        self._vectors[insight.id] = vector
        found = [
            Neighbour(found.answer.id, found.similarity, found.answer.low, found.answer.trust)
            for found in self._index.nearest(self._collection, vector, _NEAR)
        ]
        found += [each._replace(similarity=float(vector @ its)) for each, its in self._expected.values()]
        return [each for each in found if each.id != insight.id and each.id not in self._lost]

    def expect(self, insight: Insight) -> None:
        """It is admitted, and will be here when that is kept."""
        vector = self._vectors.get(insight.id)
        if vector is not None:
            neighbour = Neighbour(insight.id, 1.0, insight.low, insight.trust)
            self._expected[insight.id] = (neighbour, vector)
            self._lost.discard(insight.id)

    def lose(self, id: str) -> None:
        """It is not admitted any more, and will be gone when that is kept."""
        self._expected.pop(id, None)
        self._lost.add(id)

    def _shows(self, insight: Insight) -> bool:
        return insight.kind == "answer" and insight.state == "admitted" and insight.tenant == self._collection.tenant

    def _put(self, insights: Sequence[Insight]) -> None:
        for start in range(0, len(insights), AT_ONCE):
            some = insights[start : start + AT_ONCE]
            vectors = self._embedder.embed([insight.question for insight in some])
            self._index.put(self._collection, [answer_of(insight) for insight in some], list(vectors))


def clear_shelf(agent: str, insights: InsightStore, index: Callable[[], AnswerIndex]) -> None:
    """What an agent has in the index goes; it can be put back from the store. The index is asked only if need be."""
    noted = insights.noted(agent)
    if noted is None or (notes := notes_of(noted.document)).collection is None:
        return
    tenant, space, size = notes.collection
    index().clear(Collection(tenant, agent, space, size))
    notes.collection = None
    insights.keep(agent, noted, notes.encoded())


def answer_of(insight: Insight) -> Answer:
    return Answer(
        id=insight.id,
        question=insight.question,
        text=insight.text,
        origin=insight.origin,
        trust=insight.trust,
        low=insight.low,
        model=insight.model,
        instructions=insight.instructions,
        tools=insight.tools,
        expires_ns=insight.expires_ns,
    )

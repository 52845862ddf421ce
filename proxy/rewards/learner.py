"""Learns for one agent: reads its runs and scores, rewards its variants, and publishes how traffic is shared out.

It may be killed anywhere. What it knows is kept as one document, replaced as a whole and only by whoever has read it;
what it puts into the ledger has the same ids when it is put again. Where the document is gone, it is made again.
"""

import heapq
from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec

from policies.bandits import BanditSettings, Epoch
from proxy.config.reward import RECORDED
from proxy.rewards.epochs import decisions, moved, next_epoch, published
from proxy.rewards.learned import Document, Learned, Terms, document_of
from proxy.rewards.units import Combine, mean
from records.decision import DecisionKind
from records.score import Score
from records.variant import Variant
from stores.ledger import Ledger, ScoreFilter, Sequenced
from stores.routing import BanditStore, Folded, Published
from stores.runs import IndexedRun, RunStore

_AT_ONCE: Final = 1_000
_SLACK_NS: Final = 2 * 10**9
"""How long after its time has come a unit is settled: scores carry the time at which they were given."""
_HISTORY: Final = 40
_OUT: Final = frozenset({"retired", "rejected"})


class Stores(NamedTuple):
    """Where it reads and writes."""

    runs: RunStore
    ledger: Ledger
    bandits: BanditStore


class Learner:
    """`variants` are those of the configuration; `clock` is in nanoseconds since the epoch."""

    def __init__(
        self,
        terms: Terms,
        variants: Sequence[str],
        stores: Stores,
        *,
        clock: Callable[[], int],
        tenant: str = "default",
        config_hash: str = "",
        combine: Combine = mean,
    ) -> None:
        self._terms = terms
        self._agent = terms.agent
        self._variants = tuple(variants)
        self._stores = stores
        self._clock = clock
        self._tenant = tenant
        self._config_hash = config_hash
        self._combine = combine
        self._every_ns = int(terms.reward.every * 1e9)
        self._folded: Folded | None = None
        self._learned: Learned | None = None
        self._news = True
        self._save_at_ns = self._publish_at_ns = 0

    @property
    def document(self) -> Document | None:
        """What is known; None before the first step."""
        return self._learned.document if self._learned else None

    def step(self) -> bool:
        """Learns what is new; true where there is more of it. May be called again after any error."""
        try:
            return self._step()
        except BaseException:
            # What was kept last is true; what was made of it since may be half done.
            self._learned = None
            raise

    def _step(self) -> bool:
        learned = self._learned or self._load()
        now_ns = self._clock()
        known_ns = self._read(learned, now_ns)
        self._news |= learned.fold()
        rewards = learned.settle(known_ns - _SLACK_NS)
        if rewards:
            self._stores.ledger.put_scores(self._new(rewards))
        self._learned = learned
        more = known_ns < now_ns
        if not more and self._is_due(learned, now_ns):
            self._publish(learned, now_ns)
        elif now_ns >= self._save_at_ns and self._news:
            self._save(learned, None, now_ns)
        return more

    def _load(self) -> Learned:
        self._folded = self._stores.bandits.load(self._agent)
        document = document_of(self._folded.state) if self._folded else None
        if document is None or document.folded_by != self._terms.folded_by:
            document = Document(self._terms.folded_by, epoch=document.epoch if document else self._last_epoch())
        self._news = True
        return Learned(self._terms, document, combine=self._combine)

    def _last_epoch(self) -> Epoch | None:
        """The last one that decided something: since then nobody joined, was stopped or won."""
        kinds: Sequence[DecisionKind] = ("epoch", "stop", "restart", "winner")
        found = self._stores.ledger.decisions(self._agent, kinds=kinds, limit=1)
        return msgspec.convert(found[0].evidence["epoch"], Epoch) if found else None

    def _read(self, learned: Learned, now_ns: int) -> int:
        """Takes in a page of what is new, in the order of time. The time up to which all is known now."""
        document = learned.document
        runs = self._stores.runs.after(document.runs, _AT_ONCE, self._agent)
        scores = self._stores.ledger.scores_after(document.scores, _AT_ONCE)
        # Of two pages, one may reach further than the other.
        full = [page[-1][0] for page in (timed_runs(runs.runs), timed_scores(scores)) if len(page) == _AT_ONCE]
        for time, event in heapq.merge(timed_runs(runs.runs), timed_scores(scores), key=itemgetter(0)):
            if full and time > min(full):
                break
            if isinstance(event, IndexedRun):
                learned.run(event)
            elif isinstance(event, Sequenced):
                learned.score(event.seq, event.score)
        if full:
            return min(now_ns - 1, *full)
        document.runs = max(document.runs, runs.upto)
        return now_ns

    def _new(self, rewards: Sequence[Score]) -> list[Score]:
        """Those that are not on record: who learns anew comes to the same rewards, and each is given once."""
        known = self._stores.ledger.scores(
            ScoreFilter(
                agent=self._agent,
                subjects=[reward.subject for reward in rewards],
                evaluator=RECORDED,
                rater=rewards[0].rater,
            )
        )
        ids = {score.id for score in known}
        return [reward for reward in rewards if reward.id not in ids]

    def _is_due(self, learned: Learned, now_ns: int) -> bool:
        """By the clock; at once where a variant was stopped or rewards have changed."""
        epoch, state = learned.document.epoch, learned.document.bandit
        if epoch is None or now_ns >= self._publish_at_ns or state.regime != epoch.regime:
            return True
        return any(name in state.stops for name in epoch.joined if name not in epoch.stopped)

    def _publish(self, learned: Learned, now_ns: int) -> None:
        self._publish_at_ns = now_ns + self._every_ns
        document, settings = learned.document, self._terms.bandit
        kept = self._stores.ledger.variants(self._agent)
        eligible = eligible_of(self._variants, kept)
        previous = document.epoch
        if previous and not (self._news or eligible != list(previous.joined) or _ageing(settings, previous, now_ns)):
            return
        epoch = next_epoch(
            self._agent, settings, document.bandit, eligible, now_ns, previous=previous, waiting=learned.waiting()
        )
        for decision in decisions(
            self._agent, self._tenant, self._config_hash, document.bandit, epoch, document.recorded
        ):
            self._stores.ledger.add_decision(decision)
        if moved(document.recorded, epoch):
            document.recorded = dict(epoch.probabilities)
        document.epoch = epoch
        document.history = (*document.history, dict(epoch.probabilities))[-_HISTORY:]
        self._save(learned, published(self._agent, epoch, [each for each in kept if each.serves]), now_ns)

    def _save(self, learned: Learned, epoch: Published | None, now_ns: int) -> None:
        before = self._folded
        folded = Folded(before.cursor + 1 if before else 1, learned.encoded())
        if self._stores.bandits.save(self._agent, before, folded, epoch):
            self._folded = folded
            self._news = False
            self._save_at_ns = now_ns + self._every_ns
        else:
            # Another process has learned meanwhile, or what was kept is gone.
            self._learned = None


def eligible_of(configured: Sequence[str], kept: Sequence[Variant]) -> list[str]:
    """The variants of the configuration that nobody has retired, and those of the ledger that serve."""
    retired = {variant.name for variant in kept if variant.state in _OUT}
    serving = [variant.name for variant in kept if variant.serves]
    found = list(dict.fromkeys([*(name for name in configured if name not in retired), *serving]))
    # Somebody has to answer.
    return found or list(configured[:1])


def timed_runs(runs: Sequence[IndexedRun]) -> list[tuple[int, IndexedRun]]:
    """Each with the latest time up to it."""
    times = accumulate((each.run.ended_ns for each in runs), max)
    return list(zip(times, runs, strict=True))


def timed_scores(scores: Sequence[Sequenced]) -> list[tuple[int, Sequenced]]:
    times = accumulate((each.score.created_ns for each in scores), max)
    return list(zip(times, scores, strict=True))


def _ageing(settings: BanditSettings, epoch: Epoch, now_ns: int) -> bool:
    """Whether a ramp grows with time alone."""
    ramp = settings.ramp
    return ramp is not None and any(now_ns - at_ns < ramp.seconds * 1e9 for at_ns in epoch.joined.values())

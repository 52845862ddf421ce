"""What Burnish promises to cost, and whether a run kept it; F and LiteLLM are the yardsticks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.results import Results
from benchmarks.stats import Spread, difference, ratio, spread
from benchmarks.subjects import DEFAULT, DIRECT, EMPTY, FLOOR, GUARDED, NOOP, PEER, THOMPSON, UNRECORDED, Subject
from benchmarks.ways import CHAT_WAY, WAYS

Verdict = Literal["met", "met, and the stretch", "missed", "not measured"]


@dataclass(frozen=True)
class Goal:
    """A promise about one figure: at most, or at least, `goal`, and better still `stretch`."""

    what: str
    found: Callable[[Results], Spread | None]
    goal: float
    stretch: float
    unit: str = ""
    at_least: bool = False

    def verdict(self, found: Spread | None) -> Verdict:
        """Judges the median."""
        if found is None:
            return "not measured"
        if self._keeps(found.middle, self.stretch):
            return "met, and the stretch"
        return "met" if self._keeps(found.middle, self.goal) else "missed"

    def _keeps(self, value: float, bound: float) -> bool:
        return value >= bound if self.at_least else value <= bound


def _times(above: Subject, figure: str, below: Subject) -> Callable[[Results], Spread | None]:
    return lambda results: ratio(results.of(above.name, figure), results.of(below.name, figure))


def _added_times(figure: str) -> Callable[[Results], Spread | None]:
    """What Burnish adds to the provider's own time, over what F adds."""

    def found(results: Results) -> Spread | None:
        direct = results.of(DIRECT.name, figure)
        return ratio(
            difference(results.of(DEFAULT.name, figure), direct), difference(results.of(FLOOR.name, figure), direct)
        )

    return found


def _more(above: Subject, figure: str, below: Subject) -> Callable[[Results], Spread | None]:
    """What one subject costs beyond another, in multiples of F."""

    def found(results: Results) -> Spread | None:
        more = difference(results.of(above.name, figure), results.of(below.name, figure))
        return ratio(more, results.of(FLOOR.name, figure))

    return found


def _pool(results: Results) -> Spread | None:
    return ratio(results.of(DEFAULT.name, "pool_400_us"), results.of(DEFAULT.name, "pool_8_us"))


def _over(above: str, below: str) -> Callable[[Results], Spread | None]:
    """Of two figures of the default chain."""
    return lambda results: ratio(results.of(DEFAULT.name, above), results.of(DEFAULT.name, below))


def _plain(subject: Subject, figure: str) -> Callable[[Results], Spread | None]:
    return lambda results: spread(results.of(subject.name, figure))


def _whole(connections: int) -> Sequence[Goal]:
    figure, at = f"cpu_us_{connections}", f"CPU per call at {connections} connections"
    return (
        Goal(f"{at}, chain empty", _times(EMPTY, figure, FLOOR), 1.25, 1.1, "F"),
        Goal(f"{at}, default chain", _times(DEFAULT, figure, FLOOR), 2.0, 1.5, "F"),
        Goal(f"{at}, one more step", _more(NOOP, figure, DEFAULT), 0.05, 0.03, "F"),
        Goal(f"{at}, routing that learns", _times(THOMPSON, figure, DEFAULT), 1.1, 1.05, "× default"),
        Goal(f"{at}, cheap rules of guardrails", _times(GUARDED, figure, DEFAULT), 1.25, 1.15, "× default"),
        Goal(f"{at}, journal, store and traces", _more(DEFAULT, figure, UNRECORDED), 0.35, 0.2, "F"),
        Goal(f"{at}, LiteLLM over the default chain", _times(PEER, figure, DEFAULT), 20, 35, "×", at_least=True),
    )


def _ways() -> Iterator[Goal]:
    """Native calls over those of chat completions, and converted streams over native ones."""
    natives = {way.name: way for way in WAYS if way.name == way.native}
    for way in natives.values():
        if way is not CHAT_WAY:
            yield Goal(f"CPU per call, {way.title}", _over(way.call_us, CHAT_WAY.call_us), 1.2, 1.1, "× chat")
            yield Goal(f"CPU per event, {way.title}", _over(way.event_us, CHAT_WAY.event_us), 1.2, 1.1, "× chat")
    for way in WAYS:
        if way.name != way.native:
            native = natives[way.native]
            yield Goal(f"CPU per event, {way.title}", _over(way.event_us, native.event_us), 2, 1.5, "× native")
            yield Goal(f"CPU per event at once, {way.title}", _over(way.burst_us, native.burst_us), 2, 1.5, "× native")


GOALS: Sequence[Goal] = (
    *_whole(8),
    *_whole(32),
    Goal("CPU per streamed chunk, default chain", _times(DEFAULT, "chunk_us", FLOOR), 1.3, 1.1, "F"),
    Goal("CPU per streamed chunk, LiteLLM over the default chain", _times(PEER, "chunk_us", DEFAULT), 7, 10, "×", True),
    Goal("events of 100 streams, of direct", _times(DEFAULT, "events_per_s", DIRECT), 0.9, 0.95, "", True),
    Goal("time added to the first chunk", _added_times("first_chunk_ms"), 2, 1.5, "× F's"),
    Goal("CPU per streamed chunk, guardrails", _times(GUARDED, "chunk_us", DEFAULT), 1.25, 1.15, "× default"),
    Goal("time to the first chunk, guardrails", _times(GUARDED, "first_chunk_ms", DEFAULT), 1.25, 1.1, "× default"),
    Goal("time added to a call, p50 at 20/s", _added_times("p50_ms"), 2, 1.5, "× F's"),
    Goal("start to first answer", _times(DEFAULT, "cold_s", FLOOR), 2.5, 2, "× F's"),
    Goal("memory at rest", _plain(DEFAULT, "idle_mib"), 80, 60, "MiB"),
    Goal("CPU per call, 8 to 400 pooled connections", _pool, 1.2, 1.1, "×"),
    *_ways(),
)

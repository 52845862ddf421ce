"""Traffic moves to the better variant, through two workers and feedback that comes late; and it is said exactly why."""

import asyncio
import re
from collections import Counter, defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import aiohttp
import pytest

from policies.offpolicy import Logged, Method, every_variant
from proxy.rewards.learned import document_of
from stores.routing import Published
from stores.routing.redis import RedisBandits
from stores.routing.sqlite import SqliteBandits
from tests.record.caller import Caller, calling, until
from tests.record.site import Site
from tests.support.proxy import AGENT, CHAT, KEY, ServedProxy, settings
from tests.support.redis import running_redis
from tests.support.upstream import Answer, Received, Upstream, says

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MEANS: Final = {"base": 0.50, "terse": 0.60, "kind": 0.75}
"""How often a session with each variant is a success: the best is .15 ahead."""
METHODS: Final[tuple[Method, ...]] = ("snips", "dr")
"""Those that do not vary with how many sessions each variant happened to get."""
SESSIONS: Final = 3_000
BLOCK: Final = 20
LAST: Final = 500
AT_ONCE: Final = 8
LATE: Final = 60
"""Sessions that begin before one is told about: feedback comes when its conversation is long over."""


def config(upstream: Upstream, folder: Path, *, routing: Any = None) -> dict[str, Any]:
    return settings(
        upstream,
        folder / "records",
        agent={
            "variants": {
                "base": {},
                "terse": {"instructions": {"append": ["You are terse."]}},
                "kind": {"instructions": {"append": ["You are kind."]}},
            },
            "middleware": [
                {"variant_routing": {"policy": "thompson", "floor": 0.05, "ramp": {"rewards": 20}, **(routing or {})}}
            ],
            "reward": {"scores": {"thumbs": 1}, "every": "1s"},
        },
    )


class Outcomes:
    """A provider whose first answer is good as often as the variant that asks is.

    Of a variant's next twenty sessions exactly so many are, in random order: an interval of 95 % then fails for wrong
    propensities, and not in one honest run of twenty.
    """

    def __init__(self) -> None:
        self._random = Random(7)
        self._next: dict[str, list[bool]] = {variant: [] for variant in MEANS}

    def __call__(self, request: Received) -> Answer:
        asked = request.json()["messages"]
        if any(message["role"] == "assistant" for message in asked):
            return says("and so on")(request)
        system = next((message["content"] for message in asked if message["role"] == "system"), "")
        variant = found[1] if (found := re.search(r"You are (\w+)\.", system)) else "base"
        return says("good" if self._outcome(variant) else "bad")(request)

    def _outcome(self, variant: str) -> bool:
        if not self._next[variant]:
            good = round(MEANS[variant] * BLOCK)
            self._next[variant] = self._random.sample([True] * good + [False] * (BLOCK - good), BLOCK)
        return self._next[variant].pop()


@dataclass
class Seen:
    """What a client saw of one session."""

    number: int
    named: bool
    variants: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    good: bool = False


class Crowd:
    """Clients of a served proxy, a few at once; each opens a connection of its own, so that any worker may get it."""

    def __init__(self, proxy: ServedProxy) -> None:
        self._proxy = proxy
        self._waiting: deque[Seen] = deque()
        self.sessions: list[Seen] = []

    async def play(self, count: int) -> None:
        connections = aiohttp.TCPConnector(limit=0, force_close=True)
        async with (
            aiohttp.ClientSession(connector=connections, headers={"authorization": f"Bearer {KEY}"}) as client,
            asyncio.TaskGroup() as group,
        ):
            numbers = iter(range(len(self.sessions), len(self.sessions) + count))
            for _ in range(AT_ONCE):
                group.create_task(self._clients(client, numbers))
        async with aiohttp.ClientSession(headers={"authorization": f"Bearer {KEY}"}) as client:
            while self._waiting:
                await self._tell(client, self._waiting.popleft())

    async def _clients(self, client: aiohttp.ClientSession, numbers: Any) -> None:
        for number in numbers:
            seen = Seen(number, named=number % 2 == 0)
            self.sessions.append(seen)
            await self._converse(client, seen)
            self._waiting.append(seen)
            if len(self._waiting) > LATE:
                await self._tell(client, self._waiting.popleft())

    async def _converse(self, client: aiohttp.ClientSession, seen: Seen) -> None:
        headers = {"x-burnish-session": f"session-{seen.number}"} if seen.named else {}
        said: list[dict[str, str]] = []
        for turn in range(2):
            said.append({"role": "user", "content": f"question {turn} of session {seen.number}"})
            body = {"model": "small", "messages": said}
            async with client.post(f"{self._proxy.url}/v1/{CHAT}", json=body, headers=headers) as answer:
                assert answer.status == 200, await answer.text()
                text = (await answer.json())["choices"][0]["message"]["content"]
                seen.variants.append(answer.headers["x-burnish-variant"])
                seen.runs.append(answer.headers["x-burnish-run-id"])
            said.append({"role": "assistant", "content": text})
            seen.good = text.startswith("good") if turn == 0 else seen.good

    async def _tell(self, client: aiohttp.ClientSession, seen: Seen) -> None:
        thumbs = {"run_id": seen.runs[-1], "thumbs": "up" if seen.good else "down"}
        while True:
            async with client.post(f"{self._proxy.url}/v1/feedback", json=thumbs) as answer:
                if answer.status != 503:
                    assert answer.status in (200, 201), await answer.text()
                    return
                # The call is not in the store yet: who is asked to come again does.
                await asyncio.sleep(float(answer.headers["retry-after"]))


class Epochs:
    """All that was published, by epoch, for who looks often enough."""

    def __init__(self, records: Path) -> None:
        self._file = records / "state.db"
        self.seen: dict[str, Published] = {}

    async def watch(self) -> None:
        while not self._file.exists():  # noqa: ASYNC110  # It is another process that makes it.
            await asyncio.sleep(0.05)
        store = SqliteBandits(self._file)
        try:
            while True:
                if (found := store.last(AGENT)) is not None:
                    self.seen[found.epoch] = found
                await asyncio.sleep(0.05)
        finally:
            store.close()


async def test_traffic_moves_to_the_best_variant_and_says_exactly_why(upstream: Upstream, tmp_path: Path) -> None:
    upstream.always(Outcomes())
    site = Site(tmp_path, config(upstream, tmp_path))
    epochs = Epochs(site.records)
    with site.served("--workers", "2") as proxy:
        watching = asyncio.create_task(epochs.watch())
        crowd = Crowd(proxy)
        await crowd.play(SESSIONS)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    sessions = sorted(crowd.sessions, key=lambda seen: seen.number)
    assert len(sessions) == SESSIONS

    last = Counter(seen.variants[0] for seen in sessions[-LAST:])
    assert last["kind"] >= 0.7 * LAST, last

    assert all(len(set(seen.variants)) == 1 for seen in sessions), "a session saw two variants"

    runs = {run.id: run for run in proxy.runs()}
    turns = defaultdict(list)
    for seen in sessions:
        turns[frozenset(runs[id].session for id in seen.runs)].append(seen)
    assert all(len(names) == 1 for names in turns), "a session was split"
    assert all(len(told) == 1 for told in turns.values()), "sessions were merged"
    assert {runs[id].session_source for seen in sessions for id in seen.runs} == {"header", "derived"}

    log = []
    for seen in sessions:
        first, second = (runs[id].assignment for id in seen.runs)
        assert first is not None
        assert first == second
        assert first.variant == seen.variants[0]
        if (published := epochs.seen.get(first.epoch)) is not None:
            assert first.policy == "thompson"
            assert first.propensity == published.probabilities[first.variant]
        else:
            # Before the first epoch the incumbent gets all.
            assert (first.policy, first.propensity, first.variant) == ("fixed", 1.0, "base")
        log.append(Logged(first.variant, first.propensity, float(seen.good), str(seen.number), eligible=first.eligible))
    for method in METHODS:
        estimates = every_variant(log, method=method)
        assert estimates.keys() == MEANS.keys()
        for variant, told in estimates.items():
            assert told.low <= MEANS[variant] <= told.high, (variant, told)


async def test_redis_may_die_in_the_middle_and_nothing_is_lost_nor_counted_twice(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.always(Outcomes())
    with running_redis(tmp_path) as redis:
        written = config(upstream, tmp_path, routing={"change": None})
        written["records"]["redis"] = redis.url
        site = Site(tmp_path, written)
        with site.served("--workers", "2") as proxy:
            crowd = Crowd(proxy)
            await crowd.play(120)
            async with calling(proxy) as caller:
                await until(lambda: learned(redis.url, crowd.sessions))
                playing = asyncio.create_task(crowd.play(250))
                await asyncio.sleep(0.3)
                redis.kill()
                # Every call of it is answered, and every vote is taken: `play` would fail otherwise.
                await playing
                await until(lambda: says_that_redis_is_away(caller))
                redis.start()
                await until(lambda: learned(redis.url, crowd.sessions))
                await until(lambda: is_ready(caller))
    assert len(crowd.sessions) == 370
    assert all(len(set(seen.variants)) == 1 for seen in crowd.sessions)


async def learned(url: str, sessions: list[Seen]) -> bool:
    """Whether the posteriors in Redis are what a recount of all sessions gives."""
    store = RedisBandits(url)
    try:
        found = store.load(AGENT)
    finally:
        store.close()
    document = document_of(found.state) if found else None
    if document is None:
        return False
    counted = {variant: Counter(seen.good for seen in sessions if seen.variants[0] == variant) for variant in MEANS}
    arms = document.bandit.arms
    return all(
        (arm := arms.get(variant)) is not None and (arm.n, arm.total) == (count.total(), count[True])
        for variant, count in counted.items()
        if count
    )


async def says_that_redis_is_away(caller: Caller) -> bool:
    told = (await caller.get("/readyz")).json()
    return told["ready"] and any("redis" in problem for problem in told["problems"])


async def is_ready(caller: Caller) -> bool:
    told = (await caller.get("/readyz")).json()
    return told["ready"] and not told["problems"] and await caller.metric("burnish_routing_shared") == 2

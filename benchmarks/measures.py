"""What is measured on a running subject. Each measure loads it one way and returns figures by name.

CPU time is the whole process tree's, from before the load until the record of its last call is stored and exported.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter, process_time
from urllib.request import urlopen

from benchmarks.load import Tally, closed_loop, fixed_rate
from benchmarks.processes import core_seconds
from benchmarks.running import PROXY_CORE, Running
from benchmarks.stats import percentile
from benchmarks.traffic import streams, whole_calls
from benchmarks.ways import WAYS

Figures = dict[str, float]
PACED = "paced-10ms"
SLOW = "slow-1500ms"
IDLE_CONNECTIONS = 400


@dataclass(frozen=True)
class Cost:
    """CPU seconds of the subject and of the load generator, and the share of the proxy's core that others had."""

    subject: float
    generator: float
    others: float


async def costed(running: Running, what: str, load: Awaitable[Tally]) -> tuple[Tally, Cost]:
    """A load's tally and cost, its record complete."""
    cpu, own, core, began = running.cpu(), process_time(), core_seconds(PROXY_CORE), perf_counter()
    tally = await running.booked(await load, what)
    used = running.cpu() - cpu
    others = (core_seconds(PROXY_CORE) - core - used) / (perf_counter() - began)
    return tally, Cost(used, process_time() - own, min(1.0, max(0.0, others)))


async def warm(running: Running, seconds: float) -> None:
    """Lets caches fill and pools open."""
    numbers = running.next_number()
    await running.booked(await closed_loop(whole_calls(running.target, numbers), 8, seconds=seconds), "warm-up")
    paced = streams(running.target, running.next_number(), PACED)
    await running.booked(await closed_loop(paced, 4, calls=4), "warm-up of streams")
    if running.subject.every_api:
        await whole_ways(running, seconds / len(WAYS))
        for way in WAYS:
            paced = streams(running.target, running.next_number(), way.paced_model, way.api)
            await running.booked(await closed_loop(paced, 4, calls=4), f"warm-up of streams, {way.title}")


def whole(connections: int) -> Callable[[Running, float], Awaitable[Figures]]:
    """CPU per whole call with so many connections in a closed loop."""

    async def measure(running: Running, seconds: float) -> Figures:
        traffic = whole_calls(running.target, running.next_number())
        load = closed_loop(traffic, connections, seconds=seconds)
        tally, cost = await costed(running, f"{connections} connections", load)
        return {
            f"cpu_us_{connections}": cost.subject / tally.calls * 1e6,
            f"calls_per_s_{connections}": tally.calls / tally.seconds,
            f"generator_us_{connections}": cost.generator / tally.calls * 1e6,
            f"others_{connections}": cost.others,
        }

    return measure


async def latency(running: Running, seconds: float) -> Figures:
    """How long a call takes when 20 come in a second."""
    load = fixed_rate(whole_calls(running.target, running.next_number()), 20, seconds)
    tally = await running.booked(await load, "20 calls a second")
    milliseconds = [second * 1000 for second in tally.latencies]
    return {"p50_ms": percentile(milliseconds, 0.5), "p99_ms": percentile(milliseconds, 0.99)}


async def paced(running: Running, seconds: float) -> Figures:
    """CPU per event of eight streams that bring one each 10 ms, and the wait for the first."""
    traffic = streams(running.target, running.next_number(), PACED)
    load = closed_loop(traffic, 8, seconds=seconds, stagger=1.0)
    tally, cost = await costed(running, "8 paced streams", load)
    return {
        "chunk_us": cost.subject / tally.all_events * 1e6,
        "first_chunk_ms": percentile(tally.first_chunks, 0.5) * 1000,
    }


async def crowd(running: Running, seconds: float) -> Figures:
    """Events delivered by a hundred streams that bring one each 10 ms."""
    traffic = streams(running.target, running.next_number(), PACED)
    load = closed_loop(traffic, 100, seconds=seconds, stagger=1.0)
    tally, cost = await costed(running, "100 paced streams", load)
    return {"events_per_s": tally.events / tally.seconds, "crowd_chunk_us": cost.subject / tally.all_events * 1e6}


async def whole_ways(running: Running, seconds: float) -> Figures:
    """CPU per whole call with eight connections, in each API, one after the other."""
    found = {}
    for way in WAYS:
        traffic = whole_calls(running.target, running.next_number(), way.model, way.api)
        tally, cost = await costed(running, f"calls of {way.title}", closed_loop(traffic, 8, seconds=seconds))
        found[way.call_us] = cost.subject / tally.calls * 1e6
    return found


async def paced_ways(running: Running, seconds: float) -> Figures:
    """CPU per event of eight streams that bring one each 10 ms, in each API."""
    found = {}
    for way in WAYS:
        traffic = streams(running.target, running.next_number(), way.paced_model, way.api)
        load = closed_loop(traffic, 8, seconds=seconds, stagger=1.0)
        tally, cost = await costed(running, f"streams of {way.title}", load)
        found[way.event_us] = cost.subject / tally.all_events * 1e6
    return found


async def burst_ways(running: Running, seconds: float) -> Figures:
    """CPU per event of streams whose events come all at once: what an event costs without waiting for it."""
    found = {}
    for way in WAYS:
        traffic = streams(running.target, running.next_number(), way.model, way.api)
        tally, cost = await costed(running, f"bursts of {way.title}", closed_loop(traffic, 8, seconds=seconds))
        found[way.burst_us] = cost.subject / tally.all_events * 1e6
    return found


async def idle_connections(running: Running, seconds: float) -> Figures:
    """CPU per call on eight connections, before and after 400 slow calls have opened as many to the provider."""

    async def eight() -> float:
        traffic = whole_calls(running.target, running.next_number())
        tally, cost = await costed(running, "eight connections", closed_loop(traffic, 8, seconds=seconds))
        return cost.subject / tally.calls * 1e6

    connections = _open_connections(running)
    await eight()  # warm
    before = await eight()
    slow = whole_calls(running.target, running.next_number(), SLOW)
    await running.booked(await closed_loop(slow, IDLE_CONNECTIONS, calls=IDLE_CONNECTIONS), "slow calls")
    held = _open_connections(running) - connections
    return {"pool_8_us": before, "pool_400_us": await eight(), "pool_held": held}


def _open_connections(running: Running) -> int:
    """As the provider counts them; other subjects' are among them, so only differences mean something."""
    with urlopen(f"{running.place.upstream}/state", timeout=10) as answer:
        return int(json.load(answer)["connections"])


async def at_rest(running: Running, seconds: float) -> Figures:
    """Memory and CPU of a subject that has answered one call and waits for the next."""
    await asyncio.sleep(1)
    cpu = running.cpu()
    await asyncio.sleep(seconds)
    return {"idle_mib": running.memory(), "idle_cpu_ms_per_s": (running.cpu() - cpu) / seconds * 1000}

"""A real agent with a broken tool, and one that is particular about dates: what Burnish learns makes it succeed.

The agent runs its tools itself, on OpenAI's Agents SDK. Its model is scripted: it does what descriptions of tools say,
calls the first tool that could help, and gives up at the first error. Each question is asked in every way: they are
paired.
"""

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Final

import pytest

from policies.offpolicy.interval import t_quantile
from tests.record.site import Site, site
from tests.support.environments import Environments
from tests.support.proxy import UPSTREAM_KEY, ServedProxy
from tests.support.upstream import Answer, Received, Upstream, calls, in_thread, says, tool

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(300)]

HERE: Final = Path(__file__).parent
LANDS: Final = 60
DAYS: Final = 60
PATIENCE: Final = 30.0
WATCHING: Final = {"variant_routing": {"policy": "thompson", "ramp": None}}
SUBSTITUTE: Final = {"hide_failing": True, "substitutes": {"web_search": ["atlas"]}}


class Clerk:
    """The model. Of three days it writes two as people do, unless the tool's description asks for ISO's way."""

    def __call__(self, request: Received) -> Answer:
        asked = request.json()
        offered = {each["function"]["name"]: each["function"].get("description", "") for each in asked["tools"]}
        question, last = asked["messages"][0]["content"], asked["messages"][-1]
        if last["role"] == "tool":
            failed = "error" in last["content"].lower()
            return says("I could not find out." if failed else f"It is {last['content']}.")(request)
        if wanted := re.search(r"on (\d{4}-\d\d-\d\d)", question):
            day = date.fromisoformat(wanted[1])
            as_told = "ISO date" in offered["exchange_rate"] or day.toordinal() % 3 == 0
            return calls(tool("exchange_rate", day=day.isoformat() if as_told else f"{day:%B %d, %Y}"))(request)
        wanted = re.search(r"capital of (Land \d+)", question)
        assert wanted is not None
        search = next(name for name in ("web_search", "atlas") if name in offered)
        return calls(tool(search, land=wanted[1]))(request)


def questions() -> dict[str, str]:
    """Each with the answer that is right."""
    days = [date(2001, 1, 1) + timedelta(days=97 * number) for number in range(DAYS)]
    rates = {f"What did a token cost on {day.isoformat()}?": f"It is {day.toordinal() % 997} coins." for day in days}
    return rates | {f"What is the capital of Land {n}?": f"It is Town {n}." for n in range(LANDS)}


def right(answers: Mapping[str, str], about: str) -> list[bool]:
    return [answers[question] == answer for question, answer in questions().items() if about in question]


def gained(before: Sequence[bool], after: Sequence[bool]) -> tuple[float, float]:
    """The mean of the paired differences, and where 95 % of the evidence lets it begin, by Student's t."""
    differences = [float(now) - float(then) for then, now in zip(before, after, strict=True)]
    reach = t_quantile(0.975, len(differences) - 1) * stdev(differences) / sqrt(len(differences))
    return fmean(differences), fmean(differences) - reach


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with in_thread(Upstream(key=UPSTREAM_KEY)) as upstream:
        upstream.always(Clerk())
        yield upstream


class Office:
    """The agent's owner: serves, asks, looks, and acts on what was learned."""

    def __init__(self, upstream: Upstream, folder: Path, python: Path) -> None:
        self._upstream = upstream
        self._folder = folder
        self._python = python

    @contextmanager
    def open(self, **outcomes: Any) -> Iterator[tuple[Site, ServedProxy]]:
        folder = self._folder / f"office-{len(list(self._folder.iterdir()))}"
        folder.mkdir()
        agent = {"middleware": [WATCHING, {"tool_outcomes": outcomes}], "reward": {"every": "1s"}}
        place = site(self._upstream, folder, agent=agent, records={"dir": str(self._folder / "records")})
        with place.served() as proxy:
            yield place, proxy

    def ask(self, proxy: ServedProxy) -> dict[str, str]:
        asked = list(questions())
        done = subprocess.run(
            [str(self._python), str(HERE / "python" / "with_failing_tools.py")],
            input=json.dumps(asked),
            env={"BURNISH_URL": f"{proxy.url}/v1", "BURNISH_API_KEY": proxy.key, "HOME": str(self._folder)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return dict(zip(asked, json.loads(done.stdout.splitlines()[-1]), strict=True))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)


def known(place: Site) -> dict[str, Any]:
    """The tools, once the background process has read all that they did."""
    found: dict[str, Any] = {}

    def all_read() -> bool:
        done = subprocess.run(
            place.command("tools", "support", "--json"), capture_output=True, text=True, timeout=60, check=False
        )
        found.update(json.loads(done.stdout)["tools"] if done.returncode == 0 else {})
        return sum(int(each["calls"]) for each in found.values()) >= DAYS + LANDS

    until(all_read)
    return found


def variant_of_a_call(proxy: ServedProxy) -> str:
    """Of a new session."""
    body = {"model": "small", "messages": [{"role": "user", "content": f"capital of Land 1? {time.monotonic_ns()}"}]}
    offered = {"type": "function", "function": {"name": "atlas", "parameters": {"type": "object"}}}
    headers = {"authorization": f"Bearer {proxy.key}", "content-type": "application/json"}
    request = urllib.request.Request(
        f"{proxy.url}/v1/chat/completions", json.dumps({**body, "tools": [offered]}).encode(), headers
    )
    with urllib.request.urlopen(request) as answer:
        return str(answer.headers["x-burnish-variant"])


def test_a_learned_note_and_a_substitute_make_an_agent_succeed(
    upstream: Upstream, tmp_path: Path, environments: Environments
) -> None:
    python = environments.python(HERE / "requirements" / "openai-agents.txt")
    office = Office(upstream, tmp_path, python)

    with office.open() as (place, proxy):
        plain = office.ask(proxy)
        tools = known(place)
        place.burnish("tools", "support", "--propose")
        place.burnish("variants", "start", "support", "note-exchange_rate")
        place.burnish("variants", "stop", "support", "base")
        until(lambda: variant_of_a_call(proxy) == "note-exchange_rate")
        noted = office.ask(proxy)

    # The owner looks at what was learned.
    assert tools["web_search"]["state"] in ("open", "half_open")
    assert tools["web_search"]["outcomes"]["tool_error"] == LANDS
    assert tools["exchange_rate"]["state"] == "closed"
    assert tools["exchange_rate"]["outcomes"]["tool_error"] == right(plain, "token").count(False)

    with office.open(**SUBSTITUTE) as (place, proxy):
        until(lambda: variant_of_a_call(proxy) == "note-exchange_rate")
        replaced = office.ask(proxy)
        (note,) = (
            each["changes"]["tools"]["exchange_rate"]
            for each in map(json.loads, place.burnish("variants", "support", "--json").stdout.splitlines())
            if each["name"] == "note-exchange_rate"
        )
    assert "work only when `day` is an ISO date (YYYY-MM-DD)" in note

    by_note = gained(right(plain, "token"), right(noted, "token"))
    by_substitute = gained(right(plain, "capital"), right(replaced, "capital"))
    print(
        f"token: {fmean(right(plain, 'token')):.0%} plain, {fmean(right(noted, 'token')):.0%} with the note, "
        f"gain {by_note[0]:.2f}, at least {by_note[1]:.2f}; capital: {fmean(right(plain, 'capital')):.0%} plain, "
        f"{fmean(right(replaced, 'capital')):.0%} with the substitute, gain {by_substitute[0]:.2f}, at least "
        f"{by_substitute[1]:.2f}"
    )
    assert by_note[1] > 0
    assert by_substitute[1] > 0
    # What the substitute does not reach stays as the note made it.
    assert right(replaced, "token") == right(noted, "token")

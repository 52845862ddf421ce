"""What was scored good comes back to similar questions within seconds, and a kill in between loses nothing."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from records.insight import Insight
from stores.insights import open_insights
from tests.record.caller import Caller, calling, until
from tests.record.processes import background
from tests.record.site import Site
from tests.support.embedder import embedder
from tests.support.proxy import AGENT, Answer, ServedProxy, settings
from tests.support.upstream import Upstream, says

__all__ = ["embedder"]

pytestmark = [pytest.mark.usefixtures("embedder"), pytest.mark.timeout(300)]

LEARNT: Final = {
    "My card has not come in the mail yet": ("My new card has still not arrived", "card_arrival"),
    "How do I change my PIN?": ("Where can I change the PIN of my card?", "change_pin"),
    "What is the exchange rate of euros today?": ("Which exchange rate do you use for euros?", "exchange_rate"),
    "I was charged twice for the same payment": ("The same payment was charged to me twice", "charged_twice"),
}
"""What was asked, what is asked now, and the answer to both."""
WITHIN: Final = 20.0
"""Seconds from the last thumb; the machine may be busy with other tests."""


def remembering(upstream: Upstream, folder: Path) -> Site:
    retrieval = {"holdout": 0, "drop": 0, "min_similarity": 0.5, "timeout": 10}
    return Site(folder, settings(upstream, folder / "records", agent={"middleware": [{"retrieval": retrieval}]}))


async def taught(caller: Caller, upstream: Upstream, question: str, answer: str) -> Answer:
    """A call whose answer enough people like."""
    upstream.always(says(answer))
    given = await caller.chat(question)
    assert given.status == 200
    for rater in ("ada", "bob", "carl"):
        assert (await caller.say(given, thumbs="up", rater=f"{rater} {answer}")).status == 201
    return given


async def comes_back(caller: Caller, upstream: Upstream, question: str, answer: str) -> bool:
    """Whether the model is shown the answer with the question."""
    upstream.always(says("So."))
    assert (await caller.chat(question)).status == 200
    messages: list[dict[str, Any]] = upstream.requests[-1].json()["messages"]
    assert messages[0] == {"role": "user", "content": question}
    return any(f'"{answer}"' in message["content"] for message in messages[1:])


def kept(site: Site) -> list[Insight]:
    store = open_insights(f"sqlite:///{site.database}")
    try:
        return store.insights(AGENT)
    finally:
        store.close()


async def test_answers_that_people_liked_come_back_to_similar_questions_within_seconds(
    upstream: Upstream, tmp_path: Path
) -> None:
    site = remembering(upstream, tmp_path)
    with site.served() as proxy:
        async with calling(proxy) as caller:
            for question, (similar, answer) in LEARNT.items():
                await taught(caller, upstream, question, answer)
                began = time.monotonic()
                await until(lambda: comes_back(caller, upstream, similar, answer))  # noqa: B023
                assert time.monotonic() - began < WITHIN
            assert not await comes_back(caller, upstream, "Tell me a joke about penguins", "card_arrival")
    assert "nothing is remembered" not in site.log


async def test_whatever_is_killed_meanwhile_loses_nothing(upstream: Upstream, tmp_path: Path) -> None:
    site = remembering(upstream, tmp_path)
    with site.served() as proxy:
        async with calling(proxy) as caller:
            for number, (question, (_, answer)) in enumerate(LEARNT.items()):
                await until(lambda: is_at_work(proxy))
                await taught(caller, upstream, question, answer)
                keeping = background(proxy)
                if number % 2:
                    # The one that has the index goes with it; here it goes alone.
                    for process in keeping.children(recursive=True):
                        await asyncio.to_thread(kill, process)
                else:
                    await asyncio.to_thread(kill, keeping)
            for similar, answer in LEARNT.values():
                await until(lambda: comes_back(caller, upstream, similar, answer))  # noqa: B023
    found = kept(site)
    assert sorted(each.text for each in found if each.state == "admitted") == sorted(
        answer for _, answer in LEARNT.values()
    )
    assert len(found) == len(LEARNT)
    assert {each.votes for each in found} == {3}


def kill(process: psutil.Process) -> None:
    """Until it is gone for its parent, too."""
    with suppress(psutil.NoSuchProcess):
        process.kill()
        process.wait(30)


async def is_at_work(proxy: ServedProxy) -> bool:
    """Whether there is a background process, for the first time or again."""
    try:
        return background(proxy).is_running()
    except ValueError:
        return False

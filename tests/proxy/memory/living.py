"""Agents behind a real proxy, and what the background process does for them, whenever the test says so."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from proxy.config.keys import hash_key
from proxy.config.model import Config
from proxy.memory.remembering import Remembering
from proxy.recall.library import Library
from proxy.record_keeper import RecordKeeper
from records.insight import Insight
from stores.insights import open_insights
from stores.runs import open_store
from tests.support.proxy import Answer, Proxy, serving, settings
from tests.support.upstream import Upstream, says

ROUTES: Final = ("chat/completions", "responses", "messages")
RETRIEVAL: Final = {"holdout": 0, "drop": 0, "min_similarity": 0.4, "timeout": 10}


def asking(route: str, question: str, **fields: Any) -> dict[str, Any]:
    """The same question in each API's words."""
    if route == "responses":
        return {"model": "small", "input": question, **fields}
    more = {"max_tokens": 100} if route == "messages" else {}
    return {"model": "small", "messages": [{"role": "user", "content": question}], **more, **fields}


class Living:
    """`agents` are named with their tenants; each has a key of its own."""

    def __init__(self, proxy: Proxy, upstream: Upstream, config: Config) -> None:
        self.proxy = proxy
        self.upstream = upstream
        self.config = config

    async def ask(
        self, agent: str, question: str, answer: str = "I do not know.", *, route: str = ROUTES[0], **fields: Any
    ) -> Answer:
        """A call that the model answers so."""
        self.upstream.always(says(answer))
        key = {"authorization": f"Bearer bn-{agent}"}
        asked = asking(route, question, **fields)
        found = await self.proxy.post(asked, headers=key, path=f"/v1/{route}")
        assert found.status == 200, found.body
        return found

    async def say(self, agent: str, answer: Answer, **said: Any) -> None:
        """Feedback with the agent's key."""
        document = {"run_id": answer.run_id, **said}
        key = {"authorization": f"Bearer bn-{agent}"}
        told = await self.proxy.post(document, headers=key, path="/v1/feedback")
        assert told.status in (200, 201), told.body

    async def teach(self, agent: str, question: str, answer: str) -> Answer:
        """A call whose answer enough people like."""
        found = await self.ask(agent, question, answer)
        for rater in ("ada", "bob", "carl", "dora"):
            await self.say(agent, found, thumbs="up", rater=rater)
        return found

    async def shown(self, agent: str, question: str, **how: Any) -> list[str]:
        """All texts that the model was sent with such a question."""
        await self.ask(agent, question, **how)
        return list(strings_in(self.upstream.requests[-1].json()))

    async def learn(self) -> None:
        """What the background process does, until nothing is left to do."""
        await asyncio.to_thread(self._learn)

    def insights(self, agent: str) -> list[Insight]:
        store = open_insights(self.config.records.database)
        try:
            return store.insights(agent)
        finally:
            store.close()

    def _learn(self) -> None:
        # Every look at the clock is a second later, so that nothing is put off.
        clock = partial(next, itertools.count(0.0, 1.0))
        store = open_store(self.config.records.database)
        keeper = RecordKeeper(self.config, store, clock=clock, wall=time.time_ns, random=Random(1))
        remembering = Remembering(self.config, store, partial(Library, timeout=30), clock=clock, wall=time.time_ns)
        try:
            for _ in range(2):
                while keeper.step():
                    pass
                while remembering.step():
                    pass
            keeper.finish(1.0)
        finally:
            remembering.close()
            store.close()


@asynccontextmanager
async def living(
    upstream: Upstream, records: Path, agents: Mapping[str, str], **retrieval: Any
) -> AsyncIterator[Living]:
    """`agents` by name, with their tenants; `retrieval` are settings of the step beside `RETRIEVAL`."""
    written = settings(upstream, records)
    written["agents"] = {
        name: {
            "keys": [hash_key(f"bn-{name}")],
            "tenant": tenant,
            "models": {"default": "small"},
            "middleware": [{"retrieval": {**RETRIEVAL, **retrieval}}],
        }
        for name, tenant in agents.items()
    }
    async with serving(written) as proxy:
        yield Living(proxy, upstream, Config.model_validate(written))


def strings_in(value: Any) -> Iterator[str]:
    """Every text in a document; of texts that are JSON, lines and all, what they hold as well."""
    match value:
        case str():
            yield value
            for line in value.splitlines():
                if line.startswith(("{", "[")):
                    with suppress(ValueError):
                        yield from strings_in(json.loads(line))
        case dict():
            for item in value.values():
                yield from strings_in(item)
        case list():
            for item in value:
                yield from strings_in(item)

"""A step that guards is passed by every call, whatever the client asks for and whichever route it takes."""

import json
from typing import Any

import pytest

from middleware.exchange import Exchange
from middleware.protocol import Handler, Settings
from middleware.reply import Reply
from middleware.services import Services
from tests.proxy.edge.conftest import Start
from tests.support.proxy import asking
from tests.support.upstream import Upstream, says


class Counts:
    """Guards, by counting."""

    skippable = False
    everywhere = True
    refuses_unread = True
    passed = 0

    def __init__(self, settings: Settings, services: Services) -> None:
        pass

    async def __call__(self, exchange: Exchange, call_next: Handler) -> Reply:
        type(self).passed += 1
        return await call_next(exchange)


@pytest.fixture
def counts() -> type[Counts]:
    return type("Counts", (Counts,), {"passed": 0})


def agent(**more: Any) -> dict[str, Any]:
    return {"middleware": ["counts"], "allow_bypass": True, **more}


async def test_no_call_can_ask_to_go_without_it(upstream: Upstream, start: Start, counts: type[Counts]) -> None:
    proxy = await start(agent=agent(), steps={"counts": counts})
    answer = await proxy.post(asking(), headers={"x-burnish-bypass": "counts"})
    assert answer.status == 403
    assert "no call can go without counts" in answer.json()["error"]["message"]
    assert upstream.requests == []


async def test_text_completions_and_embeddings_pass_it_too(
    upstream: Upstream, start: Start, counts: type[Counts]
) -> None:
    proxy = await start(agent=agent(), steps={"counts": counts})
    upstream.reply(says("wax"))
    assert (await proxy.post(asking())).status == 200
    for path, body in (
        ("/v1/completions", {"model": "small", "prompt": "wax"}),
        ("/v1/embeddings", {"model": "small", "input": "wax"}),
    ):
        await proxy.post(json.dumps(body).encode(), path=path)
    assert counts.passed == 3


@pytest.mark.parametrize("path", ["/v1/files", "/v1/audio/speech", "/v1/images/generations", "/v1/responses/resp_1"])
async def test_routes_that_it_cannot_read_are_closed(
    upstream: Upstream, start: Start, counts: type[Counts], path: str
) -> None:
    proxy = await start(agent=agent(), steps={"counts": counts})
    answer = await proxy.post(b"{}", path=path)
    assert answer.status == 403
    assert answer.json()["error"]["code"] == "route_not_guarded"
    assert upstream.requests == []

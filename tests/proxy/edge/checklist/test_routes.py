"""Which path is answered how. Checklist items 29 and 41, and the upgrade of 18."""

import pytest

from tests.proxy.edge.conftest import Start
from tests.support.proxy import AGENT, KEY, Proxy, asking
from tests.support.upstream import Upstream
from tests.support.wire import connected

MODELS = {
    "small": {"provider": "local", "model": "small-instruct"},
    "org/large:free": {"provider": "local", "model": "large"},
    "secret": {"provider": "local", "model": "secret"},
    "far": {"provider": "remote", "model": "far"},
}


async def models(start: Start, upstream: Upstream) -> Proxy:
    remote = {"base_url": "https://far.example/v1", "api_key": ""}
    return await start(
        models=MODELS,
        providers={"remote": remote},
        agent={"models": {"default": "small", "allow": ["small", "org/large:free", "far"]}},
    )


async def test_item_29_models_lists_what_the_key_may_use_and_can_reach(upstream: Upstream, start: Start) -> None:
    proxy = await models(start, upstream)
    answer = await proxy.get("/v1/models")
    assert answer.status == 200
    assert answer.json()["object"] == "list"
    assert [(each["id"], each["object"], each["owned_by"]) for each in answer.json()["data"]] == [
        ("small", "model", "local"),
        ("org/large:free", "model", "local"),
    ]
    assert all(isinstance(each["created"], int) for each in answer.json()["data"])
    assert upstream.requests == []


@pytest.mark.parametrize("name", ["small", "org/large:free", "org%2Flarge:free"])
async def test_item_29_one_of_them_is_found_by_its_name(upstream: Upstream, start: Start, name: str) -> None:
    proxy = await models(start, upstream)
    answer = await proxy.get(f"/v1/models/{name}")
    assert (answer.status, answer.json()["id"]) == (200, name.replace("%2F", "/"))


@pytest.mark.parametrize("name", ["secret", "far", "nonsense"])
async def test_item_29_others_are_not(upstream: Upstream, start: Start, name: str) -> None:
    proxy = await models(start, upstream)
    answer = await proxy.get(f"/v1/models/{name}")
    assert (answer.status, answer.error["code"]) == (404, "model_not_found")


async def test_item_29_the_list_needs_a_key(proxy: Proxy) -> None:
    answer = await proxy.get("/v1/models", headers={"authorization": "Bearer bn-wrong"})
    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/v1/chat/completions/",
        "/chat/completions",
        "/chat/completions/",
        "/v1//chat/completions",
        "//v1/chat/completions",
        f"/agents/{AGENT}/v1/chat/completions",
        f"/agents/{AGENT}/chat/completions",
        f"/agents/{AGENT}/v1/chat/completions/",
    ],
)
async def test_item_41_the_base_url_works_with_and_without_v1_and_a_slash(proxy: Proxy, path: str) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(asking(), target=path)
        status, _ = await wire.head()
    assert status == 200
    (run,) = await proxy.recorded()
    assert (run.agent, run.route) == (AGENT, "POST /v1/chat/completions")


@pytest.mark.parametrize("path", ["/v1/models", "/models", "/v1/models/", f"/agents/{AGENT}/v1/models"])
async def test_item_41_so_does_the_list_of_models(proxy: Proxy, path: str) -> None:
    assert [each["id"] for each in (await proxy.get(path)).json()["data"]] == ["small"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/agents/other/v1/chat/completions", 403),
        ("/agents//v1/chat/completions", 403),
        ("/chat", 404),
        ("/", 404),
        ("/v2/chat/completions", 404),
        ("/V1/chat/completions", 404),
    ],
)
async def test_item_41_other_paths_lead_nowhere(upstream: Upstream, proxy: Proxy, path: str, status: int) -> None:
    answer = await proxy.post(asking(), path=path)
    assert answer.status == status
    assert upstream.requests == []


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/realtime", "/v1/chat/completions"])
async def test_item_18_a_websocket_upgrade_is_told_to_go_on_over_http(
    upstream: Upstream, proxy: Proxy, path: str
) -> None:
    async with connected(proxy.port) as wire:
        wire.send(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
        )
        status, headers = await wire.head()
    assert status == 426
    assert dict(headers)["content-type"] == "application/json"
    assert upstream.requests == []


async def test_an_offer_of_http_2_is_no_reason_to_refuse_a_call(upstream: Upstream, proxy: Proxy) -> None:
    offer = (("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQ"))
    async with connected(proxy.port) as wire:
        lines = "".join(f"{name}: {value}\r\n" for name, value in offer)
        wire.send(f"GET /v1/files HTTP/1.1\r\nHost: x\r\n{lines}Authorization: Bearer {KEY}\r\n\r\n".encode())
        status, _ = await wire.head()
    assert status == 200
    assert upstream.requests[0].header("upgrade") is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_whoever_runs_the_proxy_may_ask_how_it_is_without_a_key(proxy: Proxy, path: str, method: str) -> None:
    answer = await proxy.get(path, method=method, headers={"authorization": ""})
    assert answer.status == 200
    assert bool(answer.body) == (method == "GET")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_a_route_of_the_chain_takes_no_other_method(upstream: Upstream, proxy: Proxy, method: str) -> None:
    answer = await proxy.get("/v1/chat/completions", method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert upstream.requests == []

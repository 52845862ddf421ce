"""What goes up, what comes down, and what stays here. Checklist items 22–25, 36."""

import gzip
import json
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.support.proxy import KEY, UPSTREAM_KEY, Proxy, asking
from tests.support.upstream import Broken, Raw, Upstream, error, gzipped, raw, says, with_headers
from tests.support.wire import connected

STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@STREAMS
async def test_item_22_the_upstream_is_asked_for_identity(upstream: Upstream, proxy: Proxy, stream: bool) -> None:
    await proxy.chat(stream=stream, headers={"accept-encoding": "gzip, br"})
    assert upstream.requests[0].header("accept-encoding") == "identity"


@STREAMS
async def test_item_22_a_compressed_answer_comes_down_readable_with_the_right_length(
    upstream: Upstream, proxy: Proxy, stream: bool
) -> None:
    upstream.reply(gzipped(says("hello")))
    answer = await proxy.chat(stream=stream, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.text == "hello"
    if not stream:
        assert int(answer.headers["content-length"]) == len(answer.body)


async def test_item_22_a_compressed_answer_of_another_route_comes_down_readable(
    upstream: Upstream, proxy: Proxy
) -> None:
    upstream.reply(gzipped(raw(b"hello " * 100, content_type="text/plain")), to="/v1/files/1/content")
    answer = await proxy.get("/v1/files/1/content", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.body == b"hello " * 100


async def test_item_22_a_compressed_request_is_refused_and_says_why(proxy: Proxy) -> None:
    bomb = gzip.compress(b"0" * 1_000_000)
    answer = await proxy.post(bomb, headers={"content-encoding": "gzip"})
    assert answer.status == 415
    assert "uncompressed" in answer.error["message"]


HOP_BY_HOP = (
    ("Connection", "keep-alive, X-Named"),
    ("X-Named", "hop"),
    ("Keep-Alive", "timeout=5"),
    ("Proxy-Authorization", "Basic eA=="),
    ("Proxy-Connection", "keep-alive"),
    ("TE", "trailers"),
    ("Trailer", "x-sum"),
    ("X-Forwarded-For", "10.0.0.1"),
    ("Forwarded", "for=10.0.0.1"),
    ("Cookie", "a=b"),
)


@pytest.mark.parametrize("target", ["/v1/chat/completions", "/v1/rerank"])
async def test_item_23_hop_by_hop_headers_and_those_connection_names_do_not_go_up(
    upstream: Upstream, proxy: Proxy, target: str
) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(asking(), *HOP_BY_HOP, target=target)
        status, _ = await wire.head()
    assert status == 200
    sent = {name.decode().lower(): value.decode() for name, value in upstream.requests[0].headers}
    assert sent.keys().isdisjoint({name.lower() for name, _ in HOP_BY_HOP} - {"connection"})
    assert "x-named" not in sent.get("connection", "").lower()
    assert sent["host"] == f"127.0.0.1:{upstream.port}"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/rerank"])
@STREAMS
async def test_item_23_those_of_the_upstream_do_not_come_down(
    upstream: Upstream, proxy: Proxy, path: str, stream: bool
) -> None:
    sent = (
        ("connection", "keep-alive, x-ratelimit-named"),
        ("x-ratelimit-named", "hop"),
        ("keep-alive", "timeout=5"),
        ("trailer", "x-sum"),
        ("upgrade", "h2c"),
        ("proxy-authenticate", "Basic"),
    )
    upstream.reply(with_headers(says("a"), *sent), to=path)
    answer = await proxy.chat(path=path, stream=stream)
    assert answer.status == 200
    assert answer.headers.keys().isdisjoint(name for name, _ in sent)


async def test_item_23_a_request_framed_twice_is_refused(upstream: Upstream, proxy: Proxy) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(asking(), ("Transfer-Encoding", "chunked"))
        status, _ = await wire.head()
    assert status == 400
    assert upstream.requests == []


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/rerank"])
async def test_item_24_the_clients_key_never_goes_up(upstream: Upstream, proxy: Proxy, path: str) -> None:
    named = {"authorization": f"Bearer {KEY}", "x-api-key": KEY, "api-key": KEY, "x-burnish-session": "s"}
    await proxy.post(asking(), path=path, headers=named)
    (request,) = upstream.requests
    assert request.header("authorization") == f"Bearer {UPSTREAM_KEY}"
    assert all(KEY.encode() not in value for _, value in request.headers)
    assert not any(name.lower().startswith(b"x-burnish") for name, _ in request.headers)


LEAKING = (("set-cookie", "a=1"), ("server", "nginx"), ("x-internal-url", "http://10.0.0.1/"), ("location", "/x"))


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/rerank"])
@STREAMS
async def test_item_24_the_upstreams_own_headers_never_come_down(
    upstream: Upstream, proxy: Proxy, path: str, stream: bool
) -> None:
    upstream.reply(with_headers(says("a"), *LEAKING), to=path)
    answer = await proxy.chat(path=path, stream=stream)
    assert answer.status == 200
    assert answer.headers.keys().isdisjoint(name for name, _ in LEAKING)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/rerank"])
@STREAMS
async def test_item_24_an_error_that_quotes_the_upstreams_key_and_url_is_masked(
    upstream: Upstream, proxy: Proxy, path: str, stream: bool
) -> None:
    said = f"Bad key {UPSTREAM_KEY} at {upstream.base_url}/chat/completions?x=1"
    upstream.reply(error(401, said), to=path)
    answer = await proxy.chat(path=path, stream=stream)
    assert (answer.status, answer.error["message"]) == (401, "Bad key *** at ***")
    (run,) = await proxy.recorded()
    assert UPSTREAM_KEY not in str(run)


async def test_item_24_an_error_in_mid_stream_is_masked_too(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(says("a", Broken(f"Bad key {UPSTREAM_KEY} at {upstream.base_url}/x")))
    answer = await proxy.chat(stream=True)
    assert answer.events[-1]["error"]["message"] == "Bad key *** at ***"


async def test_item_24_an_unreachable_upstream_is_told_without_its_address(start: Start) -> None:
    proxy = await start(providers={"local": {"base_url": "http://127.0.0.1:1/v1"}})
    answer = await proxy.chat()
    assert answer.status == 502
    assert b"127.0.0.1" not in answer.body


async def test_item_24_no_client_chooses_where_a_call_goes(upstream: Upstream, proxy: Proxy) -> None:
    async with connected(proxy.port) as wire:
        body = json.dumps(asking()).encode()
        wire.send(
            b"POST http://elsewhere.example/v1/chat/completions HTTP/1.1\r\nHost: elsewhere.example\r\n"
            b"Authorization: Bearer " + KEY.encode() + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        status, _ = await wire.head()
    assert status == 200
    assert upstream.requests[0].target == "/v1/chat/completions"
    assert upstream.requests[0].header("host") == f"127.0.0.1:{upstream.port}"


@pytest.mark.parametrize("name", ["authorization", "x-api-key", "api-key"])
async def test_item_25_any_credential_header_is_the_same_authorisation(proxy: Proxy, name: str) -> None:
    def credential(key: str) -> dict[str, str]:
        value = f"Bearer {key}" if name == "authorization" else key
        return {"authorization": "", name: value} if name != "authorization" else {name: value}

    async def status(key: str) -> int:
        async with connected(proxy.port) as wire:
            wire.ask(asking(), *((n, v) for n, v in credential(key).items() if v), key=None)
            return (await wire.head())[0]

    assert (await status(KEY), await status("bn-wrong")) == (200, 401)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("Authorization", f"Bearer {KEY}"), ("X-Api-Key", KEY)], 200),
        ([("Authorization", f"bearer  {KEY}")], 200),
        ([("Authorization", f"Bearer {KEY}"), ("X-Api-Key", "bn-other")], 401),
        ([("X-Api-Key", KEY), ("X-Api-Key", "bn-other")], 401),
        ([("Authorization", "Bearer "), ("X-Api-Key", KEY)], 200),
        ([("Authorization", f"Basic {KEY}")], 401),
        ([("Authorization", "Bearer ")], 401),
        ([("Authorization", KEY)], 401),
        ([], 401),
    ],
    ids=["twice", "spelt oddly", "two", "two of one kind", "an empty one", "basic", "empty", "no scheme", "none"],
)
async def test_item_25_keys_in_two_headers_must_agree(
    upstream: Upstream, proxy: Proxy, headers: list[tuple[str, str]], status: int
) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(asking(), *headers, key=None)
        assert (await wire.head())[0] == status
    assert len(upstream.requests) == (status == 200)


@STREAMS
async def test_item_36_one_request_id_in_header_and_trace(upstream: Upstream, proxy: Proxy, stream: bool) -> None:
    answer = await proxy.chat(stream=stream)
    (run,) = await proxy.recorded()
    assert answer.headers["x-request-id"] == answer.run_id == run.id
    assert run.attempts[0].request_id == "req_1"


@pytest.mark.parametrize(
    ("how", "status"),
    [({"document": b"{"}, 400), ({"headers": {"authorization": "Bearer bn-wrong"}}, 401), ({"path": "/nothing"}, 404)],
)
async def test_item_36_a_refusal_names_its_request_id(proxy: Proxy, how: dict[str, Any], status: int) -> None:
    answer = await proxy.post(how.get("document", asking()), **{k: v for k, v in how.items() if k != "document"})
    assert answer.status == status
    assert answer.error["request_id"] == answer.headers["x-request-id"] == answer.run_id


@STREAMS
async def test_item_36_an_error_of_the_upstream_names_it_too(upstream: Upstream, proxy: Proxy, stream: bool) -> None:
    upstream.reply(error(500))
    answer = await proxy.chat(stream=stream)
    (run,) = await proxy.recorded()
    assert answer.error["request_id"] == answer.headers["x-request-id"] == run.id


async def test_item_36_an_error_in_mid_stream_names_it_too(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(says("a", Raw(b"data: rubbish\n\n")))
    answer = await proxy.chat(stream=True)
    (run,) = await proxy.recorded()
    assert answer.events[-1]["error"]["request_id"] == answer.headers["x-request-id"] == run.id


async def test_item_36_a_client_cannot_choose_the_request_id(proxy: Proxy) -> None:
    first = await proxy.chat(headers={"x-request-id": "mine"})
    again = await proxy.chat(headers={"x-request-id": "mine"})
    assert len({"mine", first.run_id, again.run_id}) == 3


PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize("flags", ["01", "00"])
async def test_item_36_a_callers_trace_goes_on_through_the_proxy(upstream: Upstream, proxy: Proxy, flags: str) -> None:
    trace, parent = PARENT
    await proxy.chat(headers={"traceparent": f"00-{trace}-{parent}-{flags}"})
    (run,) = await proxy.recorded()
    assert (run.trace_id, run.parent_span_id) == PARENT
    version, sent_trace, sent_parent, sampled = (upstream.requests[0].header("traceparent") or "").split("-")
    assert (version, sent_trace, sampled) == ("00", trace, "01")
    assert sent_parent not in (parent, "0" * 16)


@pytest.mark.parametrize(
    "value",
    [
        "rubbish",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    ],
)
async def test_item_36_a_malformed_traceparent_starts_a_new_trace(proxy: Proxy, value: str) -> None:
    answer = await proxy.chat(headers={"traceparent": value})
    (run,) = await proxy.recorded()
    assert (run.trace_id, run.parent_span_id) == (answer.run_id, None)

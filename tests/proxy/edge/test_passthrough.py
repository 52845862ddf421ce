"""Routes that Burnish does not read go to the provider and back as they are, recorded, without the chain."""

import json
from typing import Any

import pytest

from tests.proxy.edge.conftest import Start
from tests.support.proxy import AGENT, KEY, Proxy, becomes
from tests.support.upstream import CUT, RESET, Gate, Upstream, document, error, hangs_up, in_pieces, raw, redirect, says
from tests.support.wire import connected

MULTIPART = (
    b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n\x00\xff\r\n\x01\r\n--b--\r\n"
)  # fmt: skip


async def test_an_upload_goes_up_untouched(upstream: Upstream, proxy: Proxy) -> None:
    kind = {"content-type": "multipart/form-data; boundary=b"}
    answer = await proxy.post(MULTIPART, path="/v1/audio/transcriptions?x=1&y=%20", headers=kind)
    (request,) = upstream.requests
    assert (request.method, request.target) == ("POST", "/v1/audio/transcriptions?x=1&y=%20")
    assert request.body == MULTIPART
    assert request.header("content-type") == kind["content-type"]
    assert request.header("content-length") == str(len(MULTIPART))
    assert answer.body == MULTIPART
    (run,) = await proxy.recorded()
    assert json.loads(run.request or "") == {"content_type": kind["content-type"], "bytes": len(MULTIPART)}


async def test_an_upload_of_unknown_length_goes_up_as_it_comes(upstream: Upstream, proxy: Proxy) -> None:
    async with connected(proxy.port) as wire:
        wire.send(
            f"POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n".encode()
        )
        await becomes(lambda: upstream.connections == 1)
        wire.send(b"2\r\nde\r\n0\r\n\r\n")
        status, _ = await wire.head()
    assert status == 200
    assert upstream.requests[0].body == b"abcde"


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"])
async def test_any_method_passes(upstream: Upstream, proxy: Proxy, method: str) -> None:
    answer = await proxy.get("/v1/files/file-1", method=method)
    assert answer.status == 200
    assert (upstream.requests[0].method, upstream.requests[0].target) == (method, "/v1/files/file-1")
    (run,) = await proxy.recorded()
    assert run.route == f"{method} /v1/files/file-1"


@pytest.mark.parametrize("name", ["a%20b", "a%2Fb", "a%3Fb=c", "%C3%A9", "a+b", "x:y", "a%2525b"])
async def test_a_path_goes_up_as_it_was_written(upstream: Upstream, proxy: Proxy, name: str) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(b"{}", target=f"/v1/files/{name}")
        status, _ = await wire.head()
    assert status == 200
    assert upstream.requests[0].target == f"/v1/files/{name}"


async def test_an_encoded_path_cannot_name_another_agent_than_the_one_that_was_checked(
    upstream: Upstream, proxy: Proxy
) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(b"{}", target=f"/agents%2F{AGENT}%2Fv1%2Ffiles")
        status, _ = await wire.head()
    assert status == 404
    assert upstream.requests == []


@pytest.mark.parametrize(
    "path", ["/v1/../secret", "/v1/files/..%2F..%2Fsecret", "/v1/%2e%2e/secret", "/v1/files/..\\x", "/v1/%2e/x"]
)
async def test_a_path_does_not_leave_the_providers_api(upstream: Upstream, proxy: Proxy, path: str) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(b"{}", target=path)
        status, _ = await wire.head()
    assert status in (400, 404)
    assert upstream.requests == []


async def test_a_download_streams(upstream: Upstream, proxy: Proxy) -> None:
    gate = Gate()
    upstream.reply(in_pieces(raw(b"abcdef"), 3, between=gate), to="/v1/files/1/content")
    async with connected(proxy.port) as wire:
        wire.send(f"GET /v1/files/1/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode())
        status, headers = await wire.head()
        assert (status, dict(headers)["content-type"]) == (200, "application/octet-stream")
        assert await wire.frame() == b"abc"
        gate.open()
        assert await wire.frames() == [b"def"]
    (run,) = await proxy.recorded()
    assert json.loads(run.answer or "") == {"content_type": "application/octet-stream", "bytes": 6}


async def test_a_stream_of_events_passes_byte_for_byte_and_is_recorded(upstream: Upstream, proxy: Proxy) -> None:
    upstream.always(says("a", "b"), to="/v1/rerank")
    answer = await proxy.chat(path="/v1/rerank", stream=True, stream_options={"include_usage": True})
    assert upstream.requests[0].json()["model"] == "small"
    assert answer.text == "ab"
    (run,) = await proxy.recorded()
    assert run.answer == answer.body.decode()


async def test_the_run_of_another_route_says_what_it_was(upstream: Upstream, proxy: Proxy) -> None:
    answer = await proxy.post({"model": "small", "input": "hello"}, path="/v1/moderations")
    (run,) = await proxy.recorded()
    assert run.id == answer.run_id == answer.headers["x-request-id"]
    assert (run.operation, run.route, run.agent, run.turn) == ("forward", "POST /v1/moderations", AGENT, "aux")
    assert (run.status, run.outcome, run.provider, run.steps) == (200, "ok", "local", ())
    assert json.loads(run.request or "") == {"model": "small", "input": "hello"}
    assert json.loads(run.answer or "") == answer.json()
    assert [attempt.status for attempt in run.attempts] == [200]


async def test_an_error_of_the_provider_comes_down_as_it_is(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(error(429, "Slow.", code="slow", retry_after=3), to="/v1/moderations")
    answer = await proxy.post({"input": "x"}, path="/v1/moderations")
    assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (429, "slow", "3")
    assert proxy.metric("burnish_refused_total", api="forward", status="429", code="slow") == 0
    (run,) = await proxy.recorded()
    assert (run.status, run.outcome) == (429, "error")


async def test_a_provider_that_cannot_answer_is_told_in_the_known_shape(upstream: Upstream, proxy: Proxy) -> None:
    upstream.reply(hangs_up(), redirect("http://elsewhere.example/"), to="/v1/moderations")
    for _ in range(2):
        answer = await proxy.post({"input": "x"}, path="/v1/moderations")
        assert (answer.status, answer.error["type"]) == (502, "upstream_error")
    runs = await proxy.recorded(2)
    assert [run.outcome for run in runs] == ["error", "error"]
    assert proxy.metric("burnish_refused_total", api="forward", status="502", code="upstream_disconnected") == 0


@pytest.mark.parametrize("cut", [CUT, RESET])
async def test_a_download_that_breaks_off_does_not_look_whole(upstream: Upstream, proxy: Proxy, cut: Any) -> None:
    upstream.reply(says("a", cut, "b"), to="/v1/rerank")
    async with connected(proxy.port) as wire:
        wire.ask({"stream": True}, target="/v1/rerank")
        await wire.head()
        rest = await wire.rest()
    assert b'"a"' in rest
    assert not rest.endswith(b"0\r\n\r\n")
    (run,) = await proxy.recorded()
    assert (run.outcome, run.error) == ("error", "the upstream cut the connection")


async def test_an_upload_that_is_too_large_is_refused(upstream: Upstream, start: Start) -> None:
    proxy = await start(server={"max_body": 1000})
    answer = await proxy.post(b"x" * 1001, path="/v1/files")
    assert (answer.status, answer.error["code"]) == (413, "request_too_large")
    assert upstream.connections == 0


async def test_an_upload_of_unknown_length_is_refused_once_it_is_too_large(upstream: Upstream, start: Start) -> None:
    proxy = await start(server={"max_body": 1000})
    async with connected(proxy.port) as wire:
        wire.send(
            f"POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nTransfer-Encoding: chunked\r\n\r\n"
            .encode() + (b"64\r\n" + b"x" * 100 + b"\r\n") * 11
        )  # fmt: skip
        status, _ = await wire.head()
    assert status == 413
    assert upstream.requests == []
    (run,) = await proxy.recorded()
    assert (run.status, run.outcome) == (413, "error")


async def test_another_route_needs_a_key_too(upstream: Upstream, proxy: Proxy) -> None:
    answer = await proxy.post({}, path="/v1/files", headers={"authorization": "Bearer bn-wrong"})
    assert answer.status == 401
    assert upstream.requests == []


async def test_the_agent_may_stand_in_the_path(upstream: Upstream, proxy: Proxy) -> None:
    assert (await proxy.get(f"/agents/{AGENT}/v1/files")).status == 200
    assert (await proxy.get("/agents/other/v1/files")).status == 403
    assert [request.target for request in upstream.requests] == ["/v1/files"]


async def test_limits_count_other_routes_too(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"limits": {"rpm": 1}})
    assert [(await proxy.get("/v1/files")).status for _ in range(2)] == [200, 429]
    assert len(upstream.requests) == 1


async def test_content_none_keeps_no_bodies(upstream: Upstream, start: Start) -> None:
    proxy = await start(agent={"content": "none"})
    upstream.reply(document({"secret": 1}), to="/v1/moderations")
    await proxy.post({"input": "secret"}, path="/v1/moderations")
    (run,) = await proxy.recorded()
    assert (run.request, run.answer) == (None, None)

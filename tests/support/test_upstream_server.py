"""The scripted provider keeps what it was sent, sees clients leave, and takes replies in order."""

import asyncio
from typing import Any

import pytest

from tests.support.asking import ASKED, Session, body, whole
from tests.support.upstream import CHAT, Gate, Upstream, document, held, in_thread, never, says


async def test_it_never_answers_and_sees_the_client_leave(upstream: Upstream, client: Session) -> None:
    upstream.reply(never())
    asking = asyncio.create_task(whole(client))
    request = await upstream.received()
    assert not request.left.is_open
    asking.cancel()
    await request.left.wait()
    assert request.left.opened_at is not None
    assert request.left.opened_at >= request.received_at
    assert not request.answered.is_open


async def test_it_sees_the_client_leave_in_mid_stream(upstream: Upstream, client: Session) -> None:
    upstream.reply(says("a", Gate(), "b"))
    async with client.post(CHAT, json={**ASKED, "stream": True}) as response:
        await response.content.readany()
        response.close()
    await upstream.requests[0].left.wait()


async def test_a_request_is_kept_to_the_byte(upstream: Upstream) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
    head = b"POST /v1/files?purpose=x HTTP/1.1\r\nHost: h\r\nX-Odd-CASE: a\r\nx-odd-case: b\r\n"
    writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n3\r\n\x00\xff\n\r\n2\r\nab\r\n0\r\n\r\n")
    assert b"200" in await reader.readline()
    writer.close()
    request = upstream.requests[0]
    assert (request.method, request.path, request.query) == ("POST", "/v1/files", "purpose=x")
    assert (b"X-Odd-CASE", b"a") in request.headers
    assert (b"x-odd-case", b"b") in request.headers
    assert request.header("x-ODD-case") == "a"
    assert request.body == b"\x00\xff\nab"


async def test_what_is_not_http_gets_400(upstream: Upstream) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
    writer.write(b"nonsense\r\n\r\n")
    assert b" 400 " in await reader.readline()
    writer.close()


async def test_a_head_request_gets_headers_alone(upstream: Upstream, client: Session) -> None:
    async with client.head("/v1/models") as response:
        assert int(response.headers["content-length"]) > 0
        assert await response.read() == b""
    assert len(await body(client)) > 0
    assert upstream.connections == 1


async def test_one_connection_serves_many_requests(upstream: Upstream, client: Session) -> None:
    for _ in range(3):
        await whole(client)
    assert upstream.connections == 1
    assert {request.connection for request in upstream.requests} == {1}


async def test_a_key_keeps_others_out() -> None:
    async with Upstream(key="sk-right") as upstream, Session(upstream.url) as client:
        for headers, status in (
            ({}, 401),
            ({"authorization": "Bearer sk-wrong"}, 401),
            ({"authorization": "Bearer sk-right"}, 200),
            ({"x-api-key": "sk-right"}, 200),
        ):
            async with client.post(CHAT, json=ASKED, headers=headers) as response:
                assert response.status == status


async def test_a_function_of_the_request_may_answer(upstream: Upstream, client: Session) -> None:
    upstream.always(lambda request: says(f"to {request.json()['model']}")(request))
    assert (await whole(client))["choices"][0]["message"]["content"] == "to m"


async def test_queued_replies_come_first_and_in_order(upstream: Upstream, client: Session) -> None:
    upstream.always(document({"said": "always"}))
    upstream.reply(document({"said": 1}), document({"said": 2}))
    assert [(await whole(client))["said"] for _ in range(3)] == [1, 2, "always"]


async def test_a_reply_that_raises_is_a_500_and_fails_the_test() -> None:
    def wrong(request: object) -> Any:
        raise LookupError("no such script")

    async def run() -> None:
        async with Upstream() as upstream, Session(upstream.url) as client:
            upstream.reply(wrong)
            assert "no such script" in (await whole(client))["error"]["message"]

    with pytest.raises(ExceptionGroup) as raised:
        await run()
    assert raised.group_contains(LookupError)


def test_it_runs_in_a_thread_of_its_own_for_other_processes() -> None:
    async def ask(url: str) -> Any:
        async with Session(url) as client:
            return await whole(client)

    gate = Gate()
    with in_thread(Upstream()) as upstream:
        upstream.reply(held(says("a"), gate))
        gate.open()
        assert asyncio.run(ask(upstream.url))["choices"][0]["message"]["content"] == "a"
        assert upstream.received_in_thread().answered.wait_in_thread()

"""A body that is too large is refused before it is read, costs no memory, and does not cost the client its answer."""

import asyncio
import gzip
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.proxy.edge.conftest import Start
from tests.support.proxy import CHAT, KEY, Proxy, ServedProxy, asking, served, settings
from tests.support.refusals import error_in
from tests.support.upstream import Upstream, in_thread
from tests.support.wire import Wire, connected

MIB: Final = 2**20
LARGE: Final = 40 * MIB
SAYS: Final = "the body is larger than 32 MiB; shorten it, or raise server.max_body"


def head(*lines: str, path: str = f"/v1/{CHAT}") -> bytes:
    return "\r\n".join(
        [f"POST {path} HTTP/1.1", "Host: proxy", f"Authorization: Bearer {KEY}", *lines, "", ""]
    ).encode()


async def assert_too_large(wire: Wire, says: str = SAYS) -> None:
    status, headers = await wire.head()
    error = error_in(dict(headers), await wire.body(headers))
    assert (status, error["code"]) == (413, "request_too_large")
    assert error["message"] == says


@pytest.mark.parametrize("path", [f"/v1/{CHAT}", "/v1/files"])
async def test_a_body_whose_length_is_told_is_refused_before_a_byte_of_it_came(
    upstream: Upstream, proxy: Proxy, path: str
) -> None:
    async with connected(proxy.port) as wire:
        wire.send(head(f"Content-Length: {LARGE}", path=path))
        await assert_too_large(wire)
        # What still comes is thrown away, and the connection serves the next call.
        for _ in range(LARGE // MIB):
            wire.send(b"x" * MIB)
            await asyncio.sleep(0)
        wire.ask(asking())
        assert (await wire.head())[0] == 200
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("path", [f"/v1/{CHAT}", "/v1/files"])
async def test_a_body_of_unknown_length_is_refused_once_it_is_too_large(start: Start, path: str) -> None:
    proxy = await start(server={"max_body": "1MiB"})
    chunk = b"10000\r\n" + b"x" * 2**16 + b"\r\n"
    async with connected(proxy.port) as wire:
        wire.send(head("Transfer-Encoding: chunked", path=path))
        wire.send(chunk * 17)
        await assert_too_large(wire, SAYS.replace("32", "1"))
        wire.send(chunk * (LARGE // 2**16) + b"0\r\n\r\n")
        wire.ask(asking())
        assert (await wire.head())[0] == 200


async def test_a_body_that_unfolds_to_gigabytes_is_not_unfolded(upstream: Upstream, proxy: Proxy) -> None:
    bomb = gzip.compress(b"\0" * LARGE)
    for path in (f"/v1/{CHAT}", "/v1/embeddings", "/v1/moderations"):
        answer = await proxy.post(bomb, path=path, headers={"content-encoding": "gzip"})
        assert (answer.status, error_in(answer.headers, answer.body)["code"]) == (415, "unsupported_encoding")
        answer = await proxy.post(bomb, path=f"/v1/{CHAT}")
        assert (answer.status, error_in(answer.headers, answer.body)["code"]) == (400, "invalid_utf8")
    assert upstream.requests == []


async def test_a_body_of_the_largest_size_is_served(upstream: Upstream, start: Start) -> None:
    proxy = await start(server={"max_body": "512KiB"})
    body = json.dumps(asking()).encode().ljust(MIB // 2)
    assert (await proxy.post(body)).status == 200
    assert (await proxy.post(body + b" ")).status == 413
    assert len(upstream.requests) == 1


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ServedProxy]:
    """A `burnish serve` of its own processes."""
    with in_thread(Upstream()) as upstream, served(settings(upstream, tmp_path / "records"), tmp_path) as proxy:
        yield proxy


def resident(proxy: ServedProxy) -> int:
    """Bytes of memory of its largest process."""
    family = [psutil.Process(proxy.process.pid), *psutil.Process(proxy.process.pid).children(recursive=True)]
    return max(process.memory_info().rss for process in family)


def test_a_client_that_sends_all_before_it_reads_gets_the_error_and_no_memory_is_spent(site: ServedProxy) -> None:
    before = resident(site)
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
        connection.request("POST", f"/v1/{CHAT}", b"x" * LARGE, {"Authorization": f"Bearer {KEY}"})
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["error"]["message"]) == (413, SAYS)
        connection.close()
    assert resident(site) - before < 16 * MIB

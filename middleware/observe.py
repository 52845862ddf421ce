"""Mode `observe`: the chain runs beside the call and is recorded, and changes neither request nor reply."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from middleware.exchange import Exchange
from middleware.messages import Chunk
from middleware.protocol import Handler
from middleware.reply import Ending, Reply

log = logging.getLogger("burnish.chain")


def observed(chain: Callable[[Handler], Handler], terminal: Handler) -> Handler:
    """`terminal`, with `chain` looking on: its steps see the request and a copy of the reply's chunks."""

    async def handler(exchange: Exchange) -> Reply:
        copy: asyncio.Queue[Chunk | None] = asyncio.Queue()
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        async def shown(_: Exchange) -> Reply:
            reply = await answered
            return Reply(_until_end(copy), status=reply.status, headers=reply.headers)

        onlooker = asyncio.create_task(_watch(chain(shown), exchange))
        try:
            reply = await terminal(exchange)
        except BaseException:
            onlooker.cancel()
            raise
        if not reply.ok:
            onlooker.cancel()
            return reply
        answered.set_result(reply)

        async def shared(chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
            try:
                async for chunk in chunks:
                    copy.put_nowait(chunk)
                    yield chunk
            finally:
                copy.put_nowait(None)
                # So that its facts are in the record; a step that is still busy then is left out.
                await asyncio.wait([onlooker], timeout=1.0)
                onlooker.cancel()

        return reply.transform(shared)

    return handler


async def _watch(chain: Handler, exchange: Exchange) -> None:
    try:
        reply = await chain(exchange)
        async with reply:
            completion = await reply.collect() if reply.ok else None
            reply.end(Ending("ok" if reply.ok else "error", completion))
    except Exception:
        log.warning("the observed chain failed on run %s", exchange.id, exc_info=True)


async def _until_end(copy: "asyncio.Queue[Chunk | None]") -> AsyncIterator[Chunk]:
    while (chunk := await copy.get()) is not None:
        yield chunk

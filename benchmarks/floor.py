"""F, the floor: the barest honest proxy in Python that streams, starlette and uvicorn in front of aiohttp.

UPSTREAM=http://127.0.0.1:8089/v1 python -m benchmarks.floor --port 8090
"""

import argparse
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


def app(upstream: str) -> Starlette:
    """The proxy in front of `upstream`, a base URL that ends in `/v1`."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, aiohttp.ClientSession]]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            yield {"session": session}

    async def chat(request: Request) -> Response:
        headers = {"content-type": "application/json", "authorization": request.headers.get("authorization", "")}
        session: aiohttp.ClientSession = request.state.session
        answer = await session.post(f"{upstream}/chat/completions", data=await request.body(), headers=headers)
        if answer.content_type != "text/event-stream":
            async with answer:
                return Response(await answer.read(), answer.status, media_type=answer.content_type)

        async def chunks() -> AsyncIterator[bytes]:
            async with answer:
                async for piece in answer.content.iter_any():
                    yield piece

        return StreamingResponse(chunks(), answer.status, media_type="text/event-stream")

    return Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])], lifespan=lifespan)


def main() -> None:
    """Serves until interrupted."""
    parser = argparse.ArgumentParser(description="Serve the floor.")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    uvicorn.run(
        app(os.environ["UPSTREAM"]), port=port, loop="uvloop", http="httptools", access_log=False, log_level="error"
    )


if __name__ == "__main__":
    main()

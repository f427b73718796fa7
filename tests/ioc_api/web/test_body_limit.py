"""A body that is too large is answered in words, also while it is still being sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ioc_api.hosting.edge import Edge
from ioc_api.web.middleware import BodyLimit, Upload

PIECE = b"x" * 2**16
MANY = 640
"""Pieces: 40 MiB, more than the buffers on the way take."""


async def count(request: Request) -> Response:
    read = 0
    async for part in request.stream():
        read += len(part)
    return PlainTextResponse(str(read))


@pytest.fixture
async def origin() -> AsyncIterator[str]:
    """A server as a role runs it, behind the edge of one machine."""
    app = Starlette(routes=[Route("/small", count, methods=["POST"])])
    app.router.routes.append(Route("/upload", count, methods=["POST"]))
    limited = BodyLimit(app, 2**20, [Upload("POST", "/upload", 2**22)])
    config = uvicorn.Config(limited, port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    address = server.servers[0].sockets[0].getsockname()[:2]
    edge = Edge(address, address)
    port = await edge.start("127.0.0.1", 0)
    yield f"http://127.0.0.1:{port}"
    await edge.stop()
    server.should_exit = True
    await serving


async def pieces(number: int) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield PIECE


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", ["/small", "/upload"])
async def test_the_answer_is_read_by_who_sends_too_much(
    origin: str, path: str, announced: bool
) -> None:
    content = PIECE * MANY if announced else pieces(MANY)
    async with httpx.AsyncClient(base_url=origin, timeout=30) as client:
        answer = await client.post(path, content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        fits = await client.post("/upload", content=pieces(64))
        assert fits.text == str(64 * len(PIECE))

"""Clients that mean no good, or are slow, must not hurt the others."""

from __future__ import annotations

import asyncio
import os
import random

import pytest

from ingest.simulator import Ready
from ingest.simulator.clip import read_clip
from ingest.simulator.rtp import prepare
from ingest.simulator.viewer import BUFFER_LIMIT, TcpViewer
from tests.ingest.simulator.client import RtspClient
from tests.ingest.simulator.conftest import Start, small


async def send(ready: Ready, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", ready.port)
    try:
        writer.write(data)
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 30)
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


async def alive(ready: Ready) -> bool:
    async with RtspClient(ready.url("cam")) as client:
        await client.play_tcp()
        return len(await client.pictures(2)) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"A" * 200_000,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"DESCRIBE rtsp://h/" + b"a" * 5000 + b" RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 999999999\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"DESCRIBE javascript:alert(1) RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        bytes(range(256)) * 100,
    ],
)
async def test_nonsense_is_answered_with_400_and_closed(start: Start, data: bytes) -> None:
    ready = await start(small("cam"))
    answer = await send(ready, data)
    assert answer == b"" or b"RTSP/1.0 400 " in answer
    assert await alive(ready)


async def test_random_bytes(start: Start) -> None:
    ready = await start(small("cam"))
    generator = random.Random(5)
    for _ in range(30):
        await send(ready, generator.choice([b"$\0\0\4abcd", b"OPTIONS "]) + os.urandom(3000))
    assert await alive(ready)


async def test_a_header_cannot_be_smuggled_into_an_answer(start: Start) -> None:
    ready = await start(small("cam"))
    answer = await send(
        ready,
        b"SETUP rtsp://h/cam RTSP/1.0\r\nCSeq: 1\r\n"
        b"Transport: RTP/AVP/TCP;interleaved=0-1\rX-Evil: 1\r\n\r\n",
    )
    assert b"X-Evil" not in answer


async def test_connections_are_limited(start: Start) -> None:
    ready = await start(small("cam"), max_connections=3)
    clients = [RtspClient(ready.url("cam")) for _ in range(3)]
    for client in clients:
        await client.__aenter__()
        assert (await client.ask("OPTIONS")).status == 200
    assert await send(ready, b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n") == b""
    for client in clients:
        await client.__aexit__(None, None, None)
    async with asyncio.timeout(60):
        while b"200 OK" not in await send(ready, b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"):
            pass


class FullTransport(asyncio.WriteTransport):
    """A transport whose client takes nothing until told."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 0
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.waiting += len(data)

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


async def test_a_slow_client_skips_to_a_keyframe(clip_path: os.PathLike[str]) -> None:
    from pathlib import Path

    clip = prepare(read_clip(Path(clip_path)))
    key, other = clip.units[0], clip.units[1]
    transport = FullTransport()
    viewer = TcpViewer(transport, (0, 1))
    viewer.deliver(other, 0, 0, 0, 0.0)
    assert transport.waiting == 0  # nothing before the first keyframe
    viewer.deliver(key, 0, 0, 0, 0.0)
    while not viewer.skipped:
        viewer.deliver(other, 0, 0, 0, 0.0)
    full = transport.waiting
    assert BUFFER_LIMIT < full < BUFFER_LIMIT + 1_000_000
    for _ in range(100):
        viewer.deliver(key, 0, 0, 0, 0.0)
    assert transport.waiting == full  # never more than that
    transport.waiting = 0
    viewer.deliver(other, 0, 0, 0, 0.0)
    assert transport.waiting == 0  # pictures that lack their reference are not sent
    viewer.deliver(key, 0, 0, 0, 0.0)
    assert transport.waiting > 0


async def test_a_client_that_never_reads_hurts_nobody(start: Start) -> None:
    ready = await start(small("cam"))
    async with RtspClient(ready.url("cam")) as deaf:
        await deaf.play_tcp()
        deaf.writer.write(b"GET_PARAMETER * RTSP/1.0\r\nCSeq: 9\r\n\r\n" * 2000)
        assert await alive(ready)

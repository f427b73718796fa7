"""The edge in front of two real HTTP servers on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from camera_registry.base.errors import ConfigError
from ioc_api.hosting.edge import Edge


class Backend:
    """Says which head it got, and what follows it; keeps WebSocket-like streams open."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.heads: list[bytes] = []
        self.closed = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self) -> tuple[str, int]:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            if b"upgrade: websocket" in head.lower():
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
                while data := await reader.read(1024):
                    writer.write(data)
                    await writer.drain()
                self.closed.set()
            else:
                length = 0
                for line in head.split(b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                body = await reader.readexactly(length)
                answer = self.name + b" " + body
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer))
                writer.write(answer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def backends() -> AsyncIterator[tuple[Backend, Backend, int]]:
    api, gateway = Backend(b"api"), Backend(b"gateway")
    edge = Edge(await api.start(), await gateway.start())
    port = await edge.start("127.0.0.1", 0)
    yield api, gateway, port
    await edge.stop()
    await api.stop()
    await gateway.stop()


async def ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (b"/", b"api"),
        (b"/api/v1/cameras?x=/live/", b"api"),
        (b"/live/ws", b"gateway"),
        (b"/live", b"gateway"),
        (b"/lively", b"api"),
    ],
)
async def test_each_path_goes_to_its_role(
    backends: tuple[Backend, Backend, int], path: bytes, name: bytes
) -> None:
    answer = await ask(backends[2], b"GET %s HTTP/1.1\r\nHost: hub\r\n\r\n" % path)
    assert answer.endswith(name + b" ")


async def test_bodies_pass_and_forwarding_headers_are_the_edges_own(
    backends: tuple[Backend, Backend, int],
) -> None:
    api, _, port = backends
    answer = await ask(
        port,
        b"POST /x HTTP/1.1\r\nHost: hub\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: keep-alive\r\n"
        b"Content-Length: 5\r\n\r\nhello",
    )
    assert answer.endswith(b"api hello")
    head = api.heads[0].lower()
    assert b"x-forwarded-for: 127.0.0.1" in head
    assert b"6.6.6.6" not in head
    assert b"connection: close" in head
    assert b"host: hub" in head


async def test_a_socket_stays_open_both_ways_and_its_end_is_passed_on(
    backends: tuple[Backend, Backend, int],
) -> None:
    _, gateway, port = backends
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /live/ws HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    assert b"101" in await reader.readuntil(b"\r\n\r\n")
    for number in range(20):
        message = b"frame %d " % number * 1000
        writer.write(message)
        assert await asyncio.wait_for(reader.readexactly(len(message)), 60) == message
    writer.close()
    await asyncio.wait_for(gateway.closed.wait(), 60)


async def test_a_role_that_is_down_is_a_clear_503(
    backends: tuple[Backend, Backend, int],
) -> None:
    _, gateway, port = backends
    await gateway.stop()
    answer = await ask(port, b"GET /live/ws HTTP/1.1\r\nHost: hub\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"Retry-After" in answer
    assert b"the gateway is starting again" in answer
    assert (await ask(port, b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n")).endswith(b"api ")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\x16\x03\x01\x02\x00\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded: c\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
    ],
)
async def test_hostile_heads_are_refused_by_the_edge_itself(
    backends: tuple[Backend, Backend, int], request_: bytes, status: bytes
) -> None:
    api, gateway, port = backends
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_)
    answer = await asyncio.wait_for(reader.readline(), 60)
    assert status in answer
    assert not api.heads
    assert not gateway.heads
    writer.close()


async def test_a_taken_port_is_said_in_one_line(backends: tuple[Backend, Backend, int]) -> None:
    edge = Edge(("127.0.0.1", 1), ("127.0.0.1", 1))
    with pytest.raises(ConfigError, match=f"port {backends[2]} on 127.0.0.1 cannot be used"):
        await edge.start("127.0.0.1", backends[2])

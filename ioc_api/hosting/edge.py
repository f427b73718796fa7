"""The edge of a one-machine hub: one address for the browser, two roles behind it.

``/live/*`` goes to the gateway and everything else to the api, so that one cookie, one certificate
and one tunnel serve both. It reads the head of one request and then passes bytes; every connection
carries exactly one request (``Connection: close``, but for an upgrade): no room for smuggling.
A cluster has an ingress for this and does not run it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Collection
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from camera_registry.base.errors import ConfigError
from ioc_api.hosting.forwarding import Forwarding

log = structlog.get_logger(__name__)

REQUESTS = Counter("camhub_edge_requests_total", "Requests passed on", ["backend", "result"])

_HEAD_LIMIT = 32 * 1024
_HEAD_TIMEOUT_S = 15.0
_CONNECT_TIMEOUT_S = 3.0
_CHUNK = 64 * 1024
_MAX_CONNECTIONS = 1024
_REQUEST_LINE = re.compile(rb"[A-Z]+ (\S+) HTTP/1\.1")
# said by the edge alone; a client's own word on them must not pass
_OWN_HEADERS = {b"connection", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Head:
    path: bytes
    upgrade: bool
    lines: list[bytes]
    hops: list[bytes]
    proto: bytes


class Edge:
    """A listening socket in front of an api and a gateway on loopback."""

    def __init__(
        self,
        api: Address,
        gateway: Address,
        *,
        tls: ssl.SSLContext | None = None,
        trusted: Collection[str] = (),
    ) -> None:
        self._forwarding = Forwarding(trusted, b"https" if tls else b"http")
        self._tls = tls
        self._api = api
        self._gateway = gateway
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen and return the port. Raises ConfigError when it is taken."""
        try:
            self._server = await asyncio.start_server(
                self._serve,
                host,
                port,
                limit=_HEAD_LIMIT,
                reuse_address=True,
                ssl=self._tls,
                ssl_handshake_timeout=_HEAD_TIMEOUT_S if self._tls else None,
            )
        except OSError as error:
            raise ConfigError(
                f"port {port} on {host} cannot be used: {error.strerror}",
                hint="stop what uses it, or choose another with --port",
                code="port_in_use",
            ) from error
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Close the socket and every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=2)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= _MAX_CONNECTIONS:
            writer.close()
            return
        self._open.add(task)
        try:
            await self._one_request(reader, writer)
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the browser went away, which it may at any moment
        finally:
            self._open.discard(task)
            writer.close()

    async def _one_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            raw = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_TIMEOUT_S)
        except asyncio.LimitOverrunError:
            await _refuse(writer, 431, "the request's headers are too large")
            return
        head = _parse(raw)
        if head is None:
            await _refuse(writer, 400, "this is no HTTP/1.1 request")
            return
        name, address = ("gateway", self._gateway) if _is_live(head.path) else ("api", self._api)
        try:
            upstream_reader, upstream_writer = await asyncio.wait_for(
                asyncio.open_connection(*address), _CONNECT_TIMEOUT_S
            )
        except (OSError, TimeoutError):
            REQUESTS.labels(name, "unavailable").inc()
            await _refuse(writer, 503, f"the {name} is starting again; try in a few seconds")
            return
        REQUESTS.labels(name, "passed").inc()
        try:
            upstream_writer.write(_rewritten(head, writer, self._forwarding))
            await _splice(reader, writer, upstream_reader, upstream_writer)
        finally:
            upstream_writer.close()


def _is_live(path: bytes) -> bool:
    return path == b"/live" or path.startswith(b"/live/")


def _parse(raw: bytes) -> _Head | None:
    first, *rest = raw[:-4].split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(first)
    if match is None or any(line[:1] in b" \t" or b":" not in line for line in rest):
        return None
    names = [(line.partition(b":")[0].lower(), line) for line in rest]
    upgrade = any(
        name == b"upgrade" and line.partition(b":")[2].strip().lower() == b"websocket"
        for name, line in names
    )
    kept = [line for name, line in names if name not in _OWN_HEADERS]
    said = [line.partition(b":")[2] for name, line in names if name == b"x-forwarded-for"]
    protos = [line.partition(b":")[2] for name, line in names if name == b"x-forwarded-proto"]
    hops = [hop.strip() for hop in b",".join(said).split(b",") if hop.strip()]
    proto = b",".join(protos).split(b",")[-1].strip().lower()
    return _Head(match[1], upgrade, [first, *kept], hops, proto)


def _rewritten(head: _Head, writer: asyncio.StreamWriter, forwarding: Forwarding) -> bytes:
    peer = writer.get_extra_info("peername")
    address, proto = forwarding.of(str(peer[0]) if peer else "", head.hops, head.proto)
    lines = [
        *head.lines,
        b"Connection: Upgrade" if head.upgrade else b"Connection: close",
        b"X-Forwarded-For: " + (address or "unknown").encode(),
        b"X-Forwarded-Proto: " + proto,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def _splice(
    down_reader: asyncio.StreamReader,
    down_writer: asyncio.StreamWriter,
    up_reader: asyncio.StreamReader,
    up_writer: asyncio.StreamWriter,
) -> None:
    async def answer() -> None:
        await _pass(up_reader, down_writer)

    async def body() -> None:
        await _pass(down_reader, up_writer)
        # the browser is gone: the role has to learn it, or an event stream would run for ever
        up_writer.close()

    tasks = {asyncio.create_task(answer()), asyncio.create_task(body())}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            # waits while the other side is slow, so that no more than a chunk is held here
            await writer.drain()


async def _refuse(writer: asyncio.StreamWriter, status: int, detail: str) -> None:
    phrase = {400: "Bad Request", 431: "Request Header Fields Too Large"}.get(
        status, "Service Unavailable"
    )
    body = (
        f'{{"type":"about:blank","title":"{phrase}","status":{status},"detail":"{detail}",'
        f'"code":"edge_{status}","hint":""}}'
    ).encode()
    retry = "Retry-After: 2\r\n" if status == 503 else ""
    writer.write(
        f"HTTP/1.1 {status} {phrase}\r\nContent-Type: application/problem+json\r\n{retry}"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )
    await writer.drain()

"""Many RTSP clients over TCP in one process of their own, which throw away what they get."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import selectors
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from urllib.parse import urljoin, urlsplit

from benchmarks.accounting import pin

_START_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Drain:
    """Clients that are playing."""

    pid: int
    counter: Synchronized[int]

    def received(self) -> int:
        """Bytes that have come in so far, of all clients."""
        return int(self.counter.value)


@contextlib.contextmanager
def drain(urls: Sequence[str], cores: set[int]) -> Iterator[Drain]:
    """Play every address over TCP while the block lasts; yields when all have answered PLAY.

    Raises RuntimeError if one cannot be played.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    counter = context.Value(ctypes.c_uint64)
    process = context.Process(target=_main, args=(list(urls), counter, there), daemon=True)
    process.start()
    there.close()
    try:
        assert process.pid is not None
        pin(process.pid, cores)
        answer = here.recv() if here.poll(_START_LIMIT_S) else "it took too long"
        if answer != "playing":
            raise RuntimeError(f"the clients did not get to play: {answer}")
        yield Drain(process.pid, counter)
    except EOFError:
        raise RuntimeError("the clients ended while starting") from None
    finally:
        process.terminate()
        process.join()
        here.close()


def control_url(sdp: str, base: str) -> str:
    """Return the address to SET UP for the first video of a session description."""
    video = sdp[sdp.index("m=video") :]
    for line in video.splitlines():
        if line.startswith("a=control:"):
            return urljoin(base if base.endswith("/") else base + "/", line[len("a=control:") :])
    raise ValueError("the description names no control for its video")


def _main(urls: list[str], counter: Synchronized[int], pipe: Connection) -> None:
    selector = selectors.DefaultSelector()
    try:
        for url in urls:
            playing = _play(url)
            playing.setblocking(False)
            selector.register(playing, selectors.EVENT_READ)
    except (OSError, ValueError) as error:
        pipe.send(f"{type(error).__name__}: {error}")
        return
    pipe.send("playing")
    buffer = bytearray(1 << 20)
    while selector.get_map():
        for key, _ in selector.select():
            assert isinstance(key.fileobj, socket.socket)
            size = key.fileobj.recv_into(buffer)
            if size == 0:
                selector.unregister(key.fileobj)
            counter.value += size  # one writer


def _play(url: str) -> socket.socket:
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 554), timeout=30)
    heads, body = _ask(connection, 1, f"DESCRIBE {url}", "Accept: application/sdp")
    track = control_url(body, heads.get("content-base", url))
    transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
    heads, _ = _ask(connection, 2, f"SETUP {track}", transport)
    session = heads["session"].partition(";")[0]
    _ask(connection, 3, f"PLAY {url}", f"Session: {session}\r\nRange: npt=0-")
    return connection


def _ask(
    connection: socket.socket, number: int, what: str, more: str
) -> tuple[dict[str, str], str]:
    connection.sendall(f"{what} RTSP/1.0\r\nCSeq: {number}\r\n{more}\r\n\r\n".encode())
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    if " 200 " not in first:
        raise ValueError(f"{what.partition(' ')[0]} was answered {first!r}")
    pairs = (line.partition(":") for line in lines)
    heads = {name.strip().lower(): value.strip() for name, _, value in pairs}
    while len(body) < int(heads.get("content-length", "0")):
        body += _some(connection)
    return heads, body.decode(errors="replace")


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ValueError("the server closed the connection")
    return data

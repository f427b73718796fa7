"""A camera that answers each connection with bytes of our choosing."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Answer = Callable[[bytes], bytes | None]
"""Takes a request, gives the answer; None closes the connection."""

Play = Callable[[socket.socket, threading.Event], None]
"""Sends media on a connection until the event is set."""


def status(line: str, *headers: str) -> Answer:
    """Answer every request with one status."""

    def answer(request: bytes) -> bytes:
        return reply(request, line, *headers)

    return answer


def describing(sdp: str) -> Answer:
    """Answer a whole session over interleaved TCP with this description."""

    def answer(request: bytes) -> bytes:
        if request.startswith(b"DESCRIBE"):
            return reply(request, "200 OK", body=sdp)
        if request.startswith(b"SETUP"):
            transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
            return reply(request, "200 OK", transport, "Session: 1")
        return reply(request, "200 OK", "Public: DESCRIBE, SETUP, PLAY", "Session: 1")

    return answer


def reply(request: bytes, line: str, *headers: str, body: str = "") -> bytes:
    """Write an RTSP answer to ``request``."""
    cseq = next(
        (row.split(b":", 1)[1].strip() for row in request.split(b"\r\n") if row[:5] == b"CSeq:"),
        b"1",
    )
    rows = [f"RTSP/1.0 {line}", f"CSeq: {cseq.decode()}", *headers]
    if body:
        rows += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
    return ("\r\n".join(rows) + "\r\n\r\n" + body).encode()


@contextlib.contextmanager
def scripted_camera(answer: Answer, play: Play | None = None) -> Iterator[int]:
    """Serve on a free port of the loopback until the block ends; gives the port.

    ``play`` runs after the answer to PLAY, in a thread of its own.
    """
    ended = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def talk(connection: socket.socket) -> None:
        waiting = b""
        with contextlib.suppress(OSError), connection:
            while part := connection.recv(65536):
                waiting += part
                while b"\r\n\r\n" in waiting:
                    request, _, waiting = waiting.partition(b"\r\n\r\n")
                    out = answer(request)
                    if out is None:
                        return
                    connection.sendall(out)
                    if play is not None and request.startswith(b"PLAY"):
                        start(play, connection, ended)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                start(talk, connection)

    def start(target: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=target, args=given, daemon=True)
        threads.append(thread)
        thread.start()

    threads: list[threading.Thread] = []
    accepting = threading.Thread(target=serve, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in threads:
            thread.join()

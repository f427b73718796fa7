"""RTSP 1.0 messages (RFC 2326): an incremental reader with hard limits, and the writer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_HEAD = 8192  # bytes of request line and headers
MAX_HEADERS = 64
MAX_BODY = 16_384
_METHOD = re.compile(r"[A-Z_]{1,32}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
    503: "Service Unavailable",
    505: "RTSP Version Not Supported",
}


class RtspError(Exception):
    """A request that gets ``status`` as its answer; the connection closes if it is a 400."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status} {REASONS[status]}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def cseq(self) -> str:
        """Return CSeq, which is checked to be a number when the request is read."""
        return self.headers["cseq"]


class RequestReader:
    """Turns received bytes into requests; interleaved frames from the client are passed over.

    Holds at most MAX_HEAD + MAX_BODY bytes beyond what one ``feed`` brings.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip = 0

    def feed(self, data: bytes) -> list[Request]:
        """Take bytes, return the requests completed by them. Raises RtspError(400) or (505)."""
        self._buffer += data
        requests: list[Request] = []
        while True:
            if self._skip:
                gone = min(self._skip, len(self._buffer))
                del self._buffer[:gone]
                self._skip -= gone
                if self._skip:
                    return requests
            if self._buffer[:1] == b"$":
                if len(self._buffer) < 4:
                    return requests
                self._skip = 4 + int.from_bytes(self._buffer[2:4], "big")
                continue
            while self._buffer[:2] == b"\r\n":
                del self._buffer[:2]
            end = self._buffer.find(b"\r\n\r\n", 0, MAX_HEAD + 4)
            if end < 0:
                if len(self._buffer) > MAX_HEAD:
                    raise RtspError(400)
                return requests
            request, body = parse_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            self._skip = body
            requests.append(request)


def parse_head(head: bytes) -> tuple[Request, int]:
    """Read request line and headers; return the request and the length of the body that follows."""
    try:
        lines = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise RtspError(400) from None
    parts = lines[0].split(" ")
    if len(parts) != 3 or not _METHOD.fullmatch(parts[0]) or len(parts[1]) > 1024:
        raise RtspError(400)
    if parts[2] != "RTSP/1.0":
        raise RtspError(505 if parts[2].startswith("RTSP/") else 400)
    if len(lines) > MAX_HEADERS:
        raise RtspError(400)
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not _HEADER_NAME.fullmatch(name):
            raise RtspError(400)
        headers[name.lower()] = value.strip()
    if not _is_number(headers.get("cseq", "")):
        raise RtspError(400)
    length = headers.get("content-length", "0")
    if not _is_number(length) or int(length) > MAX_BODY:
        raise RtspError(400)
    return Request(parts[0], parts[1], headers), int(length)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def response(
    status: int, cseq: str | None, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    """Write one response; header values must come from the server, never from a client."""
    lines = [f"RTSP/1.0 {status} {REASONS[status]}"]
    if cseq is not None:
        lines.append(f"CSeq: {cseq}")
    lines.append("Server: camhub-simulator")
    lines.extend(f"{name}: {value}" for name, value in (headers or {}).items())
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

"""What an RTSP server answers to a question without credentials: who it is, which log-in it wants.

FFmpeg tells only that it was refused. One question, one answer of at most 16 KiB.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from ingest.auth_probe import challenges_of

_LIMIT = 16_384
_STATUS = re.compile(rb"RTSP/1\.[0-9] ([1-5][0-9][0-9])[ \r]")
_REALM = re.compile(r'realm\s*=\s*"([^"]{0,200})"', re.IGNORECASE)
_ALGORITHM = re.compile(r'algorithm\s*=\s*"?([A-Za-z0-9-]{1,20})', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FirstWords:
    """Status of the answer (0: it was no RTSP), the server's name, its realm, its log-ins, and the
    bytes that its description of the stream is to have.
    """

    status: int
    server: str = ""
    realm: str = ""
    schemes: tuple[str, ...] = ()
    length: int = 0


async def first_words(url: str, address: str, timeout_s: float) -> FirstWords:
    """Ask ``address``, which has been checked, for the stream of ``url``.

    Raises OSError or TimeoutError where nobody can be asked.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "rtsps"
    context = _any_certificate() if secure else None
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(
            address,
            parts.port or (322 if secure else 554),
            limit=_LIMIT,
            ssl=context,
            server_hostname=parts.hostname if secure else None,
        )
        try:
            writer.write(
                f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n".encode()
            )
            return read_answer(await _head(reader))
        finally:
            writer.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    with contextlib.suppress(asyncio.LimitOverrunError):
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            return error.partial
    return b""


def read_answer(head: bytes) -> FirstWords:
    """Read the head of an answer; whatever it holds, nothing is raised."""
    match = _STATUS.match(head)
    if match is None:
        return FirstWords(0)
    challenges = [value.decode("latin-1") for value in challenges_of(head)]
    realm = next((found[1] for value in challenges if (found := _REALM.search(value))), "")
    return FirstWords(
        int(match[1]),
        _header(head, b"server"),
        _printable(realm),
        tuple(dict.fromkeys(_scheme(value) for value in challenges)),
        int(length) if (length := _header(head, b"content-length")).isdecimal() else 0,
    )


def _scheme(challenge: str) -> str:
    name = _printable(challenge.partition(" ")[0])[:20].capitalize()
    if name != "Digest":
        return name
    algorithm = _ALGORITHM.search(challenge)
    return f"Digest {algorithm[1].upper() if algorithm else 'MD5'}"


def _header(head: bytes, wanted: bytes) -> str:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == wanted:
            return _printable(value.decode("latin-1").strip())
    return ""


def _printable(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())[:120]


def _any_certificate() -> ssl.SSLContext:
    """Cameras sign their own certificates; nothing secret goes over this connection."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

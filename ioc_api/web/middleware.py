"""What holds for every request: a limit on bodies, protective headers, counts and times."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ioc_api.web.problems import problem_response

MAX_BODY = 2**20

REQUESTS = Counter("camhub_http_requests", "HTTP requests.", ["route", "method", "status"])
SECONDS = Histogram(
    "camhub_http_seconds",
    "Seconds until an answer begins.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)

_LINGER_S = 20.0
_LINGER_BYTES = 2**27
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; connect-src {connect}; "
    "img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), "
        "serial=(), midi=(), browsing-topics=()"
    ),
}
_HSTS = "max-age=31536000"
"""A year, for this host alone: what else runs under its domain is not ours to decide."""


class ProtectiveHeaders:
    """Adds the headers above, forbids caching of answers that did not choose, and counts.

    ``tiles`` is the one origin besides its own that a page may ask: that of the map's tiles.
    """

    def __init__(self, app: ASGIApp, tiles: str = "") -> None:
        self._app = app
        connect = f"'self' {tiles}".strip()
        self._headers = {"Content-Security-Policy": _POLICY.format(connect=connect), **_HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def on_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", _HSTS)
                _count(scope, int(message["status"]), time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, on_send)


@dataclass(frozen=True, slots=True)
class Upload:
    """A route that takes more than others: ``path`` is a regular expression of the whole path."""

    method: str
    path: str
    limit: int


class BodyLimit:
    """Refuses bodies over ``limit`` bytes, announced or not; ``uploads`` have limits of their own.

    A route that takes an upload reads it as a stream: nothing here keeps it in memory.
    """

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY, uploads: Sequence[Upload] = ()) -> None:
        self._app = app
        self._limit = limit
        self._uploads = [(each.method, re.compile(each.path), each.limit) for each in uploads]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > limit:
            await _refuse(limit, scope, receive, send)
            return
        taken = 0
        over = ended = False

        async def on_receive() -> Message:
            nonlocal taken, over, ended
            message = await receive()
            ended = not message.get("more_body", False)
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > limit:
                    over = True
                    return {"type": "http.disconnect"}
            return message

        async def on_send(message: Message) -> None:
            # The application sees a client that went away; what it says to that is not sent.
            if not over:
                await send(message)

        try:
            await self._app(scope, on_receive, on_send)
        finally:
            if over:
                await _refuse(limit, scope, receive, send, ended=ended)

    def _limit_of(self, scope: Scope) -> int:
        for method, path, limit in self._uploads:
            if method == scope["method"] and path.fullmatch(scope["path"]):
                return limit
        return self._limit


async def _refuse(
    limit: int, scope: Scope, receive: Receive, send: Send, *, ended: bool = False
) -> None:
    """Answer, and read on for a while before the connection closes.

    A client that is still sending would else be told by the network that the connection broke, and
    not see the answer that waits for it. ``ended``: all of the body was read.
    """
    response = problem_response(413, f"The body has more than {limit} bytes", code="body_too_large")
    response.headers["Connection"] = "close"

    async def answer(message: Message) -> None:
        unfinished = {"more_body": True} if message["type"] == "http.response.body" else {}
        await send({**message, **unfinished})

    await response(scope, receive, answer)
    if not ended:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_S):
                await _discard(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _discard(receive: Receive) -> None:
    taken, more = 0, True
    while more and taken < _LINGER_BYTES:
        message = await receive()
        taken += len(message.get("body", b""))
        more = message.get("more_body", False)


def _count(scope: Scope, status: int, seconds: float) -> None:
    """Count by the route's template: the path itself would make a series per camera."""
    route = getattr(scope.get("route"), "path", "") or "other"
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUESTS.labels(route, method, str(status)).inc()
    SECONDS.labels(route).observe(seconds)

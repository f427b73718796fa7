"""In which language an answer speaks: the best of ours by the request's ``Accept-Language``.

A request that names none of them gets English, so programs and command lines see what they always
saw. Words in a shape are of the type ``Words``: they are translated as the answer is written.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Annotated

from pydantic import PlainSerializer
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camera_registry.language import DEFAULT, LANGUAGES, say

_MOST_CHOICES = 50
_asked: ContextVar[str] = ContextVar("language", default=DEFAULT)


def best_of(header: str) -> str:
    """Return the one of ``LANGUAGES`` that an ``Accept-Language`` prefers (RFC 9110, 12.5.4).

    Of languages that are wanted alike the first counts; ``*`` and what cannot be read do not.
    """
    best, quality = DEFAULT, 0.0
    for choice in header.split(",")[:_MOST_CHOICES]:
        tag, *parameters = (part.strip().lower() for part in choice.split(";"))
        language = tag.partition("-")[0]
        wanted = _quality(parameters)
        if language in LANGUAGES and wanted > quality:
            best, quality = language, wanted
    return best


def _quality(parameters: list[str]) -> float:
    """Return the weight of a choice; 0 where it is none between 0 and 1."""
    for each in parameters:
        name, _, value = each.partition("=")
        if name.strip() == "q":
            digits = value.strip()
            plain = digits.replace(".", "", 1).isdecimal() and digits.isascii()
            return float(digits) if plain and float(digits) <= 1 else 0.0
    return 1.0


def language_of(scope: Scope) -> str:
    """Return the language that a request is answered in."""
    values = [value for name, value in scope["headers"] if name == b"accept-language"]
    return best_of(b",".join(values).decode("latin-1"))


class Languages:
    """Lets the shapes of an answer know the language that the request asks for.

    Any JSON may hold words, so caches are told that all of it depends on that.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def on_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("Content-Type", "").startswith("application/json"):
                    headers.add_vary_header("Accept-Language")
            await send(message)

        before = _asked.set(language_of(scope))
        try:
            await self._app(scope, receive, on_send)
        finally:
            _asked.reset(before)


def spoken(text: str) -> str:
    """Return a sentence of ours in the language of the request that is being answered."""
    return say(text, _asked.get())


Words = Annotated[str, PlainSerializer(spoken, return_type=str)]
"""A sentence of ours in an answer's shape; made in English, sent in the language asked for."""

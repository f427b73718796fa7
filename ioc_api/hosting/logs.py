"""Structured logs for every role. What looks like a secret is blanked before it is written."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_NAMES = re.compile(
    r"pass(word|wd|phrase)|secret|authorization|cookie|csrf|api_?key|token|credential",
    re.IGNORECASE,
)
# up to the last @: people write passwords with @ and / into addresses as they are
_USERINFO = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30}://)[^\s\"'<>]+@")
_BEARER = re.compile(r"\bchb_[A-Za-z0-9_-]+")
_COOKIE = re.compile(r"\b(?P<name>camhub_[a-z]+=)[^\s;,\"']+")


def scrub(text: str) -> str:
    """Blank user names and passwords in URLs, API tokens and cookies, anywhere in a text."""
    text = _BEARER.sub("chb_***", _USERINFO.sub(r"\g<scheme>***@", text))
    return _COOKIE.sub(r"\g<name>***", text)


def _blank_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if _SECRET_NAMES.search(name) and name != "event":
            event[name] = "***"
        elif isinstance(value, str):
            event[name] = scrub(value)
        elif isinstance(value, BaseException):
            event[name] = scrub(str(value))
    return event


def configure(level: str, style: str, role: str) -> None:
    """Send structlog and the standard library's logging to stderr in one form."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # the richer ones print local variables, and with them what must not be printed
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _blank_secrets,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    # their information lines hold URLs of peers and repeat what our metrics say
    for noisy in (
        "aiosqlite",  # at debug it writes every value of every statement
        "aiortc",
        "aioice",
        "nats",
        "libav",
        "alembic",
        "uvicorn.access",
        "asyncio",
        "httpx",
        "httpcore",
        "onvif",
        "zeep",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # at debug it writes the heads of WebSocket requests, and with them cookies
    logging.getLogger("uvicorn.error").setLevel(max(threshold, logging.INFO))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)

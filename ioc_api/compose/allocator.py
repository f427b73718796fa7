"""How the C library divides its memory among the threads of a worker, and gives it back."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable

from camera_registry.base.clock import Clock

_M_ARENA_MAX = -8  # malloc.h of glibc
_EVERY_S = 60.0


def use_few_arenas(count: int = 2) -> bool:
    """Let all threads of this process share ``count`` arenas; False where that is not to be had.

    glibc gives threads arenas of their own, eight for each core. A camera's session is a thread,
    and each new one may fall to another arena: after hours of lost connections every arena holds
    holes of the size of a ring. Few arenas use the holes again, and our threads allocate under the
    interpreter's lock mostly, so they hardly ever wait for each other there.
    """
    mallopt = _function("mallopt")
    return mallopt is not None and bool(mallopt(_M_ARENA_MAX, count))


def give_back() -> bool:
    """Return the whole pages that lie free within the arenas to the system; False if none did.

    Takes milliseconds for a worker's 200 MiB. Call it off the event loop: an arena is locked
    meanwhile.
    """
    trim = _function("malloc_trim")
    return trim is not None and bool(trim(0))


async def giving_back(clock: Clock) -> None:
    """Give free pages back every minute, until cancelled.

    A lost connection frees a ring's packets one by one between those of other cameras. glibc gives
    only the top of an arena back by itself, so every hole would stay in the worker's memory.
    """
    while True:
        await clock.sleep(_EVERY_S)
        await asyncio.to_thread(give_back)


def _function(name: str) -> Callable[..., int] | None:
    """Return a function of glibc, or None with another C library."""
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None
    return found

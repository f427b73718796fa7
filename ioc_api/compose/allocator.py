"""How the C library divides its memory among the threads of a worker."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8  # malloc.h of glibc


def use_few_arenas(count: int = 2) -> bool:
    """Let all threads of this process share ``count`` arenas; False where that is not to be had.

    glibc gives threads arenas of their own, eight for each core. A camera's session is a thread,
    and each new one may fall to another arena: after hours of lost connections every arena holds
    holes of the size of a ring. Few arenas use the holes again, and our threads allocate under the
    interpreter's lock mostly, so they hardly ever wait for each other there.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(_M_ARENA_MAX, count))

"""How much FFmpeg may take at once because a camera said so."""

from __future__ import annotations

import ctypes
import functools

import av.error
import structlog

log = structlog.get_logger(__name__)

LARGEST_BYTES = 128 * 2**20
"""No picture needs so much in one piece: 8192x4320 in RGB takes 101 MiB."""


@functools.cache
def bound_allocations() -> bool:
    """Let FFmpeg refuse pieces of memory above ``LARGEST_BYTES`` in this process; say if it does.

    An RTSP answer states its length, and FFmpeg takes that much and fills it for as long as the
    opening may last: two gigabytes if a camera says so, which is the end of a worker. It has no
    option for the length; this one bound of libavutil (``av_max_alloc``, 2 GiB unless set) is what
    there is. PyAV does not offer it, so it is called in the library that PyAV has loaded. It holds
    for packets and pictures too.
    """
    library = ctypes.CDLL(av.error.__file__)
    try:
        bound = library.av_max_alloc
    except AttributeError:
        log.warning("ffmpeg_unbounded", reason="this PyAV does not let its FFmpeg be reached")
        return False
    bound.argtypes, bound.restype = [ctypes.c_size_t], None
    bound(LARGEST_BYTES)
    return True

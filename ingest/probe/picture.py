"""A picture as a small JPEG."""

from __future__ import annotations

from fractions import Fraction

import av
import av.error

MAX_BYTES = 400_000
_WIDTH = 960


def jpeg(frame: av.VideoFrame, width: int = _WIDTH) -> bytes:
    """Return a picture scaled to at most ``width`` pixels; empty where it cannot be coded."""
    scale = min(1.0, width / frame.width)
    wide = max(2, round(frame.width * scale) // 2 * 2)
    high = max(2, round(frame.height * scale) // 2 * 2)
    try:
        small = frame.reformat(wide, high, "yuvj420p")
        encoder = av.CodecContext.create("mjpeg", "w")
        encoder.width, encoder.height, encoder.pix_fmt = wide, high, "yuvj420p"
        encoder.time_base = Fraction(1, 25)
        encoder.options = {"qmin": "3", "qmax": "6"}
        small.pts = 0
        data = b"".join(bytes(packet) for packet in [*encoder.encode(small), *encoder.encode(None)])
    except (av.error.FFmpegError, ValueError, MemoryError):
        return b""
    return data if len(data) <= MAX_BYTES else b""

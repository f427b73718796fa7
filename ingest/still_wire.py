"""A camera's newest picture on the wire between worker and api; no decoder is imported here."""

from __future__ import annotations

import msgspec

MAX_STILL = 512 * 1024
"""Largest JPEG in bytes; far below the largest message that the server takes by default."""


class Still(msgspec.Struct, frozen=True, array_like=True):
    """The newest keyframe of a camera as a JPEG, or why there is none.

    ``code`` is empty where there is a picture. ``width`` and ``height`` are those of the camera's
    picture, which the JPEG may be smaller than. ``at_us`` is the time of capture (UTC).
    """

    code: str = ""
    at_us: int = 0
    width: int = 0
    height: int = 0
    jpeg: bytes = b""


encode_still = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Still).decode


def decode_still(data: bytes) -> Still:
    """Read an answer. Raises msgspec.DecodeError where it is none of ours."""
    return _decode(data)

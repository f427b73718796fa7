"""A clip on its way from a worker's ring to the api that asked for it.

The worker asks the api's inbox with each part and goes on when that has answered: nothing piles up
on the way, and an api that has gone or wants no more ends the clip.
"""

from __future__ import annotations

import msgspec

PART = 256 * 1024
"""Bytes of the file in one message."""

GO_ON, ENOUGH = b"+", b"-"


class ClipOrder(msgspec.Struct, frozen=True, array_like=True):
    """``seconds`` of a camera, ending as soon as there are so many: what the ring holds counts."""

    inbox: str
    seconds: float
    max_bytes: int


class ClipAnswer(msgspec.Struct, frozen=True, array_like=True):
    """Whether an order is taken; ``code`` says why not."""

    code: str = ""


class ClipPart(msgspec.Struct, frozen=True, array_like=True):
    """How far the cutting is (0 to 1), a piece of the file, its end, or what went wrong.

    The last part carries the clip's first instant (UTC µs), its seconds and codec.
    """

    done: float = 0.0
    data: bytes = b""
    last: bool = False
    start_us: int = 0
    seconds: float = 0.0
    codec: str = ""
    code: str = ""
    error: str = ""


encode = msgspec.msgpack.Encoder().encode
decode_order = msgspec.msgpack.Decoder(ClipOrder).decode
decode_answer = msgspec.msgpack.Decoder(ClipAnswer).decode
decode_part = msgspec.msgpack.Decoder(ClipPart).decode

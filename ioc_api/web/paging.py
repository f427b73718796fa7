"""Keyset pages: a cursor holds the key of the last row seen, and nothing that grants anything.

Whatever a client makes of a cursor, it can only move the lower bound of a query that is filtered
by the caller's scope all the same; so it is validated, not signed.
"""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

import msgspec

from camera_registry.base.errors import InvalidError

T = TypeVar("T")

MAX_CURSOR = 1024


def encode_cursor(key: object) -> str:
    """Write a key as an opaque URL-safe text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(text: str, kind: type[T]) -> T:
    """Read a cursor. Raises InvalidError where it is none of this kind of list."""
    try:
        if len(text) > MAX_CURSOR:
            raise ValueError
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise InvalidError(
            "cursor: is not one of this list",
            hint="take next_cursor of the page before, or leave it out",
            code="cursor",
        ) from None

"""Identifiers: UUIDv7 (RFC 9562, section 5.7), which sort by the time of their making."""

from __future__ import annotations

import os
import re

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_id(utc_us: int) -> str:
    """Make a UUIDv7 for an instant in UTC microseconds, as 36 lower-case characters."""
    value = ((utc_us // 1000) & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: str) -> bool:
    """Say whether ``text`` is a UUID in the form that :func:`new_id` writes."""
    return _UUID.fullmatch(text) is not None

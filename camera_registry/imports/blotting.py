"""Takes secrets out of the cells of a file before they are kept or shown.

It goes by what people write, not by what is valid: a row that is refused is kept and shown as well.
"""

from __future__ import annotations

import re

from camera_registry.imports.cells import folded
from camera_registry.imports.columns import BY_FIELD
from camera_registry.urls import HIDDEN_NAMES

BLOT = "•••"
"""Stands where a secret stood. A row that still has it when it is uploaded again is wrong."""

_ADDRESSES = frozenset(("url", "sub_url"))
_WORD = re.compile(r"\S+")
_WORDS = "|".join((HIDDEN_NAMES, r"(?<![^\W_])(?:token|key|mk|mật khẩu|mat khau|mật mã|mat ma)"))
_IN_QUERY = re.compile(rf"({_WORDS})(\s*[=:]\s*)[^&;,\s]+", re.IGNORECASE)
_NAMES = re.compile(r"\b(pass\w*|pwd|mk|mat khau|mat ma|pin|secret|login|credential\w*|key)\b")
_TWO_IN_ONE = re.compile(r"[:/|;,\s]")
"""Parts a user name from a password in a cell that is to hold the user name alone."""


def blotted(
    headings: tuple[str, ...], mapping: dict[int, str], cells: tuple[str, ...]
) -> list[str]:
    """Return a row without what is secret: cells of such columns, credentials in addresses."""
    return [
        _blotted(text, headings[index], mapping.get(index, "")) for index, text in enumerate(cells)
    ]


def _blotted(text: str, heading: str, field: str) -> str:
    if text and _secret(text, heading, field):
        return BLOT
    if field in _ADDRESSES:
        text = _without_user(text)
    text = _WORD.sub(lambda word: _without_user(word[0]) if "://" in word[0] else word[0], text)
    return _IN_QUERY.sub(lambda found: f"{found[1]}{found[2]}{BLOT}", text)


def _secret(text: str, heading: str, field: str) -> bool:
    if field == "username":
        return _TWO_IN_ONE.search(text) is not None
    if field:
        return BY_FIELD[field].secret
    return _NAMES.search(folded(heading)) is not None


def _without_user(text: str) -> str:
    """Blot out what stands before the last @ of an address, whose scheme may be left out.

    A password may hold @ and / and even blanks: such an address is no good one, but it is kept.
    """
    at, scheme = text.rfind("@"), text.find("://") + len("://")
    if at < 0:
        return text
    begin = scheme if len("://") <= scheme <= at else 0
    return text[:begin] + BLOT + text[at:]

"""Takes secrets out of the cells of a file before they are kept or shown."""

from __future__ import annotations

import re

from camera_registry.imports.cells import folded
from camera_registry.imports.columns import BY_FIELD

BLOT = "•••"
"""Stands where a secret stood. A row that still has it when it is uploaded again is wrong."""

_IN_URL = re.compile(r"(?<=://)[^/@\s]*@")
_IN_QUERY = re.compile(r"(?i)\b(password|passwd|passwort|pwd|pass|token|key)=[^&;\s]*")
_NAMES = re.compile(r"\b(pass\w*|pwd|mk|mat khau|mat ma|pin|secret|login|credential\w*|key)\b")


def blotted(
    headings: tuple[str, ...], mapping: dict[int, str], cells: tuple[str, ...]
) -> list[str]:
    """Return a row without what is secret: cells of such columns, credentials in addresses."""
    return [
        BLOT if text and _secret(headings[index], mapping.get(index, "")) else _without(text)
        for index, text in enumerate(cells)
    ]


def _secret(heading: str, field: str) -> bool:
    if field:
        return BY_FIELD[field].secret
    return _NAMES.search(folded(heading)) is not None


def _without(text: str) -> str:
    return _IN_QUERY.sub(lambda found: f"{found[1]}={BLOT}", _IN_URL.sub(f"{BLOT}@", text))

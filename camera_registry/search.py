"""What a camera can be found by."""

from __future__ import annotations

from camera_registry.model import Camera
from camera_registry.text import fold

MOST_BYTES = 1200
"""An entry of an index in PostgreSQL holds 2,704 bytes at most, the name among them."""
MAX_WORDS = 8


def search_text(camera: Camera, unit_name: str) -> str:
    """Return the text that words are looked for in, folded as :func:`words` folds them."""
    details = camera.details
    parts = (camera.code, camera.name, details.serial, unit_name, details.address)
    whole = fold(" ".join(part for part in parts if part))
    return whole.encode("utf-8", errors="ignore")[:MOST_BYTES].decode("utf-8", errors="ignore")


def words(text: str) -> list[str]:
    """Return the words that must all be found; the ninth and later ones are not looked for."""
    plain = "".join(char if char.isprintable() else " " for char in fold(text))
    return list(dict.fromkeys(plain.split()))[:MAX_WORDS]

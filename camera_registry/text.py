"""Text without marks, as people type it: "thu duc" finds "Thủ Đức"."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Return lower case without marks: "Thủ Đức" becomes "thu duc" (NFD less its marks, đ as d)."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(char for char in plain if not unicodedata.combining(char)).strip()

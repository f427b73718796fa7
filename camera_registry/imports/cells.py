"""Reads the texts of cells as engineers write them, in Vietnamese and English spreadsheets."""

from __future__ import annotations

import datetime as dt
import math
import re

from camera_registry.imports.messages import CellError
from camera_registry.text import fold

_YES = frozenset(("co", "x", "yes", "y", "true", "1", "bat", "on", "dung"))
_NO = frozenset(("khong", "no", "n", "false", "0", "tat", "off", "sai"))
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")
_DEGREES = re.compile(
    r"(?P<sign>[-+]?)(?P<d>\d{1,3})\s*[°º]\s*"
    r"((?P<m>\d{1,2})\s*['\u2032\u2019]\s*)?"
    r"((?P<s>\d{1,2}([.,]\d+)?)\s*(\"|\u2033|\u201d|'')\s*)?"
    r"(?P<side>[NSEWBĐT]?)",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def folded(text: str) -> str:
    """Return the text in lower case, without marks and with single blanks."""
    return " ".join(fold(text).split())


def number(text: str, least: float, most: float) -> float:
    """Read a number with a decimal point or comma. Raises CellError."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise CellError("not_a_number")
    value = float(text.replace(",", "."))
    if not (math.isfinite(value) and least <= value <= most):
        raise CellError("out_of_range", least=f"{least:g}", most=f"{most:g}")
    return value


def whole(text: str, least: int, most: int) -> int:
    """Read a whole number. Raises CellError."""
    value = number(text, least, most)
    if not value.is_integer():
        raise CellError("not_a_number")
    return int(value)


def coordinate(text: str, most: float) -> float:
    """Read degrees, in decimals or as degrees, minutes and seconds. Raises CellError.

    The side may be a letter of English (N, S, E, W) or Vietnamese (B, N, Đ, T). N, which is north
    in one and south in the other, counts as north: the city lies there.
    """
    if _NUMBER.fullmatch(text):
        return number(text, -most, most)
    found = _DEGREES.fullmatch(text)
    if found is None:
        raise CellError("not_a_coordinate")
    minutes = float(found["m"] or 0)
    seconds = float((found["s"] or "0").replace(",", "."))
    if minutes >= 60 or seconds >= 60:
        raise CellError("not_a_coordinate")
    value = float(found["d"]) + minutes / 60 + seconds / 3600
    if value > most:
        raise CellError("out_of_range", least=f"{-most:g}", most=f"{most:g}")
    return -value if found["sign"] == "-" or found["side"].upper() in ("S", "W", "T") else value


def pair(text: str) -> tuple[str, str] | None:
    """Cut "10.77, 106.70" into latitude and longitude; None where it is no such pair."""
    for separator in (";", ", ", ",", " "):
        parts = [part.strip() for part in text.split(separator)]
        if len(parts) == 2 and all(parts):
            return parts[0].rstrip(","), parts[1]
    return None


def yes_or_no(text: str) -> bool:
    """Read a mark such as "có", "x", "no". Raises CellError."""
    word = folded(text)
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellError("not_yes_or_no")


def date(text: str) -> dt.date:
    """Read a date: ISO 8601, or the day before the month. Raises CellError."""
    try:
        found = _DAY_FIRST.fullmatch(text)
        if found is not None:
            day, month, year = (int(part) for part in found.groups())
            return dt.date(year, month, day)
        return dt.date.fromisoformat(text)
    except ValueError:
        raise CellError("not_a_date") from None


def words(text: str) -> tuple[str, ...]:
    """Split a list at commas, semicolons and line breaks."""
    return tuple(part for part in (p.strip() for p in re.split(r"[,;\n]", text)) if part)


def choice(text: str, choices: dict[str, tuple[str, ...]]) -> str:
    """Return the key of ``choices`` whose name or synonym the text is. Raises CellError."""
    word = folded(text)
    for key, names in choices.items():
        if word == folded(key) or word in (folded(name) for name in names):
            return key
    raise CellError("not_a_choice", choices=", ".join(names[0] for names in choices.values()))

"""Keeps texts of a file from being run as formulas by the program that opens it (CWE-1236)."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def guarded(text: str) -> str:
    """Return a text that no spreadsheet program takes for a formula. Numbers stay as they are."""
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return "'" + text
    return text


def without_guard(text: str) -> str:
    """Take off what ``guarded`` put on."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text

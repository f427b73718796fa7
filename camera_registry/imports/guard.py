"""Keeps texts of a file from being run as formulas by the program that opens it (CWE-1236)."""

from __future__ import annotations

import re

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_BEHIND_A_BREAK = re.compile(r"([;\t\r\n][ \"]*)([=+\-@])")
"""Where the comma is the decimal sign, as in Vietnam, spreadsheets part a line of CSV at ";"."""
_GUARDED = re.compile(r"([;\t\r\n][ \"]*)'([=+\-@])")


def guarded(text: str) -> str:
    """Return a text that no spreadsheet program takes for a formula. Numbers stay as they are."""
    text = _BEHIND_A_BREAK.sub(r"\1'\2", text)
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return "'" + text
    return text


def without_guard(text: str) -> str:
    """Take off what ``guarded`` put on."""
    if text.startswith("'") and text[1:].startswith(_FORMULA):
        text = text[1:]
    return _GUARDED.sub(r"\1\2", text)

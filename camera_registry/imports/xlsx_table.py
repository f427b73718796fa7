"""Rows of the first sheet of an .xlsx workbook, read as a stream, without macros and formulas."""

from __future__ import annotations

import datetime as dt
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from lxml.etree import LxmlError
from openpyxl.utils.exceptions import InvalidFileException

from camera_registry.base.errors import InvalidError
from camera_registry.imports.limits import Limits, Row, bounded

_ENTRIES = 2000
_RATIO = 200
"""Sheets of text pack to a tenth or a fiftieth; what packs much better was made to burst."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    ParseError,
    LxmlError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
)
"""What the reader raises for workbooks that break its assumptions."""


@contextmanager
def open_xlsx(path: Path, limits: Limits) -> Iterator[Iterator[Row]]:
    """Yield the rows of the first visible sheet. Raises InvalidError."""
    _inspect(path, limits)
    with path.open("rb") as file:  # of a path the reader would judge the name
        try:
            book = openpyxl.load_workbook(
                file, read_only=True, data_only=True, keep_links=False, keep_vba=False
            )
        except _BROKEN:
            raise _unreadable() from None
        with closing(book):
            sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            if not sheets:
                raise _unreadable()
            yield _rows(sheets[0], limits)


def _inspect(path: Path, limits: Limits) -> None:
    """Look into the archive before anything is unpacked.

    The sizes are those that the archive declares; the reader stops at the declared size, so a lie
    ends as a damaged file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except _BROKEN:
        raise _unreadable() from None
    if len(entries) > _ENTRIES or any(entry.flag_bits & 1 for entry in entries):
        raise _unreadable()
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > _RATIO * max(packed, 10_000):
        raise InvalidError(
            f"The workbook unpacks to more than {_RATIO} times its size",
            hint="save it again as .xlsx, or as CSV in UTF-8",
            code="file_too_large",
        )
    if unpacked > limits.unpacked_bytes:
        raise InvalidError(
            f"The workbook unpacks to {unpacked // 2**20} MB; "
            f"{limits.unpacked_bytes // 2**20} MB are allowed",
            hint="delete pictures, sheets and columns that are not needed, or save it as CSV",
            code="file_too_large",
        )
    names = [entry.filename.lower() for entry in entries]
    if any("vbaproject" in name or "/macrosheets/" in name for name in names):
        raise InvalidError(
            "The workbook holds macros",
            hint="save it as .xlsx without macros",
            code="macros",
        )


def _rows(sheet: Any, limits: Limits) -> Iterator[Row]:
    try:
        # One column more than allowed, so that a wider row is told and not cut off in silence.
        cells = sheet.iter_rows(values_only=True, max_col=limits.columns + 1)
        for number, values in enumerate(cells, start=1):
            yield bounded(number, [_text(value) for value in values], limits)
    except InvalidError:
        raise
    except _BROKEN:
        raise _unreadable() from None


def _text(value: object) -> str:
    """Write a cell as the user reads it: a whole number without ``.0``, a date in ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return (value.date() if midnight else value).isoformat()
    return unicodedata.normalize("NFC", str(value)).strip()


def _unreadable() -> InvalidError:
    return InvalidError(
        "The workbook is damaged, protected by a password, or no .xlsx",
        hint="open it, save it again as .xlsx without a password, or as CSV in UTF-8",
        code="workbook_unreadable",
    )

"""A file of cameras as a table of texts: CSV in three encodings, or a workbook.

Whoever uploads a file is not trusted: size, rows, columns and cells are bounded, and nothing in a
file is ever evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from camera_registry.base.errors import InvalidError
from camera_registry.imports.csv_table import open_csv
from camera_registry.imports.limits import Limits, Row
from camera_registry.imports.xlsx_table import open_xlsx

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BLANK_ROWS = 1000
"""So many empty rows in a row are the end: a stray format can make a sheet a million rows long."""


@dataclass(frozen=True, slots=True)
class Table:
    """The heading row of a file and, once, the rows below it that are not empty.

    Every row is as long as ``headings``. ``rows`` raises InvalidError where the file turns out to
    be broken or too large on the way.
    """

    headings: tuple[str, ...]
    rows: Iterator[Row]


def open_rows(
    path: Path, limits: Limits, encoding: str = ""
) -> AbstractContextManager[Iterator[Row]]:
    """Open a file by what is in it, whatever its name says. Raises InvalidError."""
    size = path.stat().st_size
    if size > limits.bytes:
        raise InvalidError(
            f"The file has {size // 2**20} MB; {limits.bytes // 2**20} MB are allowed",
            hint="split it, or delete sheets and columns that are not needed",
            code="file_too_large",
        )
    if size == 0:
        raise InvalidError("The file is empty", hint="save it again", code="file_empty")
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(_OLE):
        raise InvalidError(
            "The file is an old or password-protected workbook",
            hint="save it as .xlsx without a password, or as CSV in UTF-8",
            code="workbook_unreadable",
        )
    if head.startswith(_ZIP):
        return open_xlsx(path, limits)
    return open_csv(path, limits, encoding)


def as_table(rows: Iterable[Row], limits: Limits) -> Table:
    """Take the first row that is not empty as the headings. Raises InvalidError without one."""
    lines = iter(rows)
    headings = next((row.cells for row in lines if any(row.cells)), ())
    width = max((i + 1 for i, text in enumerate(headings) if text), default=0)
    if width == 0:
        raise InvalidError(
            "The file has no heading row", hint="start from the template", code="no_headings"
        )
    return Table(headings[:width], _below(lines, width, limits))


def _below(lines: Iterator[Row], width: int, limits: Limits) -> Iterator[Row]:
    found = blanks = 0
    for row in lines:
        cells = row.cells[:width]
        if not any(cells):
            blanks += 1
            if blanks > _BLANK_ROWS:
                return
            continue
        blanks = 0
        found += 1
        if found > limits.rows:
            raise InvalidError(
                f"The file has more than {limits.rows} cameras",
                hint="split it into several files",
                code="too_many_rows",
            )
        yield Row(row.number, cells + ("",) * (width - len(cells)))

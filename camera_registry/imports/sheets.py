"""Writes rows as CSV or as a workbook, safe to open and to read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from camera_registry.imports.guard import guarded

_ERROR = PatternFill("solid", fgColor="FFF4CCCC")
_HEADING = PatternFill("solid", fgColor="FFD9E2EC")

Cells = Sequence[str]


def as_csv(rows: Iterable[Cells]) -> bytes:
    """Return rows as CSV in UTF-8 with the mark by which Excel knows it."""
    text = io.StringIO()
    csv.writer(text).writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def write_workbook(
    target: BinaryIO,
    title: str,
    headings: Cells,
    rows: Iterable[tuple[Cells, frozenset[int]]],
    notes: tuple[str, Sequence[Cells]] | None = None,
) -> None:
    """Write a sheet with a heading that stays in sight, and perhaps a second one with notes.

    Each row comes with the numbers of the cells to mark as wrong.
    """
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for index, heading in enumerate(headings, start=1):
        width = min(max(len(heading) + 4, 12), 40)
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.append([_cell(sheet, text, _HEADING, bold=True) for text in headings])
    for texts, wrong in rows:
        sheet.append(
            [_cell(sheet, text, _ERROR if i in wrong else None) for i, text in enumerate(texts)]
        )
    if notes is not None:
        help_sheet = book.create_sheet(notes[0])
        help_sheet.column_dimensions["A"].width = 30
        help_sheet.column_dimensions["B"].width = 90
        for line in notes[1]:
            help_sheet.append([_cell(help_sheet, text) for text in line])
    book.save(target)


def _cell(sheet: Any, text: str, fill: PatternFill | None = None, *, bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=guarded(text))
    cell.data_type = "s"  # a text that begins with "=" would become a formula by itself
    cell.number_format = "@"  # so that a code such as 00123 is not turned into a number by Excel
    if fill is not None:
        cell.fill = fill
    if bold:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(vertical="top", wrap_text=True)
    return cell

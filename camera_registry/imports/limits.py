"""What a file of cameras may be, and one row of it."""

from __future__ import annotations

from dataclasses import dataclass

from camera_registry.base.errors import InvalidError
from camera_registry.imports.guard import without_guard


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest file and, for a workbook, its largest unpacked size, in bytes; and what it holds."""

    bytes: int = 32 * 2**20
    unpacked_bytes: int = 64 * 2**20
    rows: int = 10_000
    columns: int = 200
    cell_characters: int = 4_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row as the user counts it (the first is 1) and its cells, without blanks around them."""

    number: int
    cells: tuple[str, ...]


def bounded(number: int, cells: list[str], limits: Limits) -> Row:
    """Make a row. Raises InvalidError where it is wider, or a cell longer, than allowed."""
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) > limits.columns:
        raise InvalidError(
            f"Row {number} has more than {limits.columns} columns",
            hint="delete the columns that are not needed",
            code="too_many_columns",
        )
    for column, text in enumerate(cells, start=1):
        if len(text) > limits.cell_characters:
            raise InvalidError(
                f"Row {number}, column {column}: more than {limits.cell_characters} characters",
                hint="shorten this cell",
                code="cell_too_long",
            )
    return Row(number, tuple(without_guard(text) for text in cells))

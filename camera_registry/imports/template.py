"""The empty file that an engineer begins with, and the file of the rows that must be mended."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from camera_registry.imports.columns import BY_FIELD, CLASSES, COLUMNS, Column
from camera_registry.imports.messages import Message
from camera_registry.imports.sheets import as_csv, write_workbook

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Media types of what is given out."""

_FINDINGS = {"vi": "Cần sửa", "en": "To be mended"}
_ROW = {"vi": "Dòng", "en": "Row"}
_NOTES = {
    "vi": (
        ("Cột", "Cách ghi"),
        ("Mỗi dòng", "một camera; cột có dấu * là bắt buộc"),
        ("Phường/xã", "mã năm chữ số, hoặc tên phường, xã, đặc khu"),
        ("Tọa độ", "WGS 84: 10.80155 và 106.71115, hoặc 10°48'5.6\"N"),
        ("Mật khẩu", "được chuyển vào két mật; không bao giờ hiện lại"),
        ("Tài khoản dùng chung", "tên của nó, thay cho tên đăng nhập và mật khẩu"),
        ("Ngày", "2026-03-31 hoặc 31/03/2026"),
        ("Nhãn, nhóm", "cách nhau bằng dấu chấm phẩy"),
    ),
    "en": (
        ("Column", "How to write it"),
        ("Each row", "one camera; columns with a * are required"),
        ("Unit", "the five-digit code, or the name of the ward, commune or special zone"),
        ("Coordinates", "WGS 84: 10.80155 and 106.71115, or 10°48'5.6\"N"),
        ("Password", "moved into the vault; never shown again"),
        ("Shared log-in", "its name, in the place of a user name and password"),
        ("Dates", "2026-03-31 or 31/03/2026"),
        ("Tags, groups", "parted by semicolons"),
    ),
}


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A row of the file, its secrets blotted out, and what is to be said about it."""

    number: int
    cells: Sequence[str]
    messages: Sequence[Message]


def template(kind: str, language: str) -> bytes:
    """Return the template as ``csv`` or ``xlsx``, in ``vi`` or ``en``, with one example row."""
    headings = [_heading(column, language) for column in COLUMNS]
    example = [column.example for column in COLUMNS]
    if kind == "csv":
        return as_csv([headings, example])
    classes = ", ".join(names[1 if language == "en" else 0] for names in CLASSES.values())
    notes = (*_NOTES[language], (_title(BY_FIELD["camera_class"], language), classes))
    target = io.BytesIO()
    sheet = "Cameras" if language == "en" else "Camera"
    help_sheet = "Help" if language == "en" else "Hướng dẫn"
    write_workbook(target, sheet, headings, [(example, frozenset())], (help_sheet, notes))
    return target.getvalue()


def error_sheet(
    kind: str,
    language: str,
    headings: Sequence[str],
    mapping: dict[int, str],
    rows: Iterable[WrongRow],
) -> bytes:
    """Return the wrong rows as they came, with two columns before them that say what is wrong.

    Those two are not read back, so the sheet can be mended and uploaded as it is.
    """
    columns = {field: index for index, field in mapping.items()}
    titles = [_ROW[language], _FINDINGS[language], *headings]
    lines = (
        (
            [str(row.number), _said(row.messages, language), *row.cells],
            frozenset(columns[m.field] + 2 for m in row.messages if m.field in columns),
        )
        for row in rows
    )
    if kind == "csv":
        return as_csv([titles, *(cells for cells, _ in lines)])
    target = io.BytesIO()
    write_workbook(target, _FINDINGS[language], titles, lines)
    return target.getvalue()


def _said(messages: Sequence[Message], language: str) -> str:
    return "\n".join(
        f"{_title(BY_FIELD[message.field], language)}: {message.words(language)}"
        for message in messages
    )


def _title(column: Column, language: str) -> str:
    return column.en if language == "en" else column.vi


def _heading(column: Column, language: str) -> str:
    return _title(column, language) + (" *" if column.required else "")

"""Files of cameras: encodings, workbooks, and what somebody hostile would upload."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camera_registry.base.errors import InvalidError
from camera_registry.imports.limits import Limits, Row
from camera_registry.imports.tables import as_table, open_rows

TEXT = "Tên,Phường\nNgã tư Thủ Đức,Bến Nghé\nCầu Sài Gòn,An Khánh\n"
CELLS = [("Ngã tư Thủ Đức", "Bến Nghé"), ("Cầu Sài Gòn", "An Khánh")]


def read(
    path: Path, limits: Limits | None = None, encoding: str = ""
) -> tuple[tuple[str, ...], list[Row]]:
    limits = limits or Limits()
    with open_rows(path, limits, encoding) as rows:
        table = as_table(rows, limits)
        return table.headings, list(table.rows)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def workbook(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path


def code_of(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(InvalidError) as caught:
        read(path, limits)
    assert caught.value.hint
    return caught.value.code


def in_windows_1258(text: str) -> bytes:
    """Encode as Vietnamese Windows programs do: the base vowel, then its tone as a sign apart."""
    import unicodedata

    out = b""
    for char in text:
        try:
            out += char.encode("cp1258")
        except UnicodeEncodeError:
            tone = unicodedata.normalize("NFD", char)[-1]
            base = [c for c in unicodedata.normalize("NFD", char) if c != tone]
            for c in "".join(base), tone:
                out += unicodedata.normalize("NFC", c).encode("cp1258")
    return out


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode("utf-16"),
        in_windows_1258(TEXT),
        TEXT.replace(",", ";").replace("\n", "\r\n").encode(),
        TEXT.replace(",", "\t").encode(),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16", "windows-1258", "semicolons", "tabs"],
)
def test_the_same_table_comes_out_of_every_encoding(tmp_path: Path, data: bytes) -> None:
    headings, rows = read(written(tmp_path / "a.csv", data))
    assert headings == ("Tên", "Phường")
    assert [row.cells for row in rows] == CELLS
    assert [row.number for row in rows] == [2, 3]


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", in_windows_1258(TEXT))
    assert [row.cells for row in read(path, encoding="windows-1258")[1]] == CELLS
    with pytest.raises(InvalidError, match="letters cannot be read"):
        read(path, encoding="utf-8")
    with pytest.raises(InvalidError, match="not known"):
        read(path, encoding="ebcdic")


def test_quoted_cells_keep_separators_and_line_breaks(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", b'a;b\n"x;1\n2";"say ""hi"""\n')
    assert read(path)[1] == [Row(2, ("x;1\n2", 'say "hi"'))]


def test_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path: Path) -> None:
    data = 'Tên,Phường\n"a\nb\nc",x\n\nd,y\n'.encode()
    _, rows = read(written(tmp_path / "a.csv", data))
    assert [row.number for row in rows] == [2, 4]


def test_a_bomb_that_is_small_enough_is_not_told_that_it_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "b.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "0" * 20_000_000)
    with pytest.raises(InvalidError, match="more than 200 times its size") as caught:
        read(path)
    assert caught.value.code == "file_too_large"


def test_a_workbook_is_read_as_its_user_sees_it(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        [
            [None, None],
            ["Tên", "Mã", "Ngày", "Bật", None],
            ["Ngã tư Thủ Đức", 27154.0, dt.date(2026, 3, 1), True],
            [None],
            ["Cầu", 10.5, "=1+1", False, None],
        ],
    )
    headings, rows = read(path)
    assert headings == ("Tên", "Mã", "Ngày", "Bật")
    assert rows == [
        Row(3, ("Ngã tư Thủ Đức", "27154", "2026-03-01", "true")),
        Row(5, ("Cầu", "10.5", "", "false")),
    ]


def test_what_is_in_the_file_counts_and_not_its_name(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["a"], ["b"]])
    assert read(path.rename(tmp_path / "cameras.csv"))[1] == [Row(2, ("b",))]


def test_a_hidden_first_sheet_is_passed_over(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["secret"])
    book.worksheets[0].sheet_state = "hidden"
    shown = book.create_sheet("Camera")
    shown.append(["a"])
    shown.append(["1"])
    book.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx") == (("a",), [Row(2, ("1",))])


def test_rows_columns_cells_and_bytes_are_bounded(tmp_path: Path) -> None:
    csv = written(tmp_path / "a.csv", b"a,b\n1,2\n3,4\n")
    assert code_of(csv, Limits(rows=1)) == "too_many_rows"
    assert code_of(csv, Limits(columns=1)) == "too_many_columns"
    assert code_of(csv, Limits(bytes=5)) == "file_too_large"
    assert code_of(written(tmp_path / "b.csv", b"a\n" + b"x" * 99), Limits(cell_characters=50)) == (
        "cell_too_long"
    )
    wide = workbook(tmp_path / "w.xlsx", [["a"] * 9])
    assert code_of(wide, Limits(columns=8)) == "too_many_columns"


def test_a_row_far_below_does_not_cost_a_million_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "a"
    book.worksheets[0]["A2"] = "1"
    book.worksheets[0]["A1048576"] = "stray"
    book.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx")[1] == [Row(2, ("1",))]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["a"], ["b"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", b"\0" * (30 * 2**20))
    assert code_of(path) == "file_too_large"


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["a"], *[[str(i)] for i in range(2000)]])
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
    data = bytearray(path.read_bytes())
    at = data.find(entry.file_size.to_bytes(4, "little"))
    while at >= 0:
        data[at : at + 4] = (500).to_bytes(4, "little")
        at = data.find(entry.file_size.to_bytes(4, "little"))
    path.write_bytes(data)
    assert code_of(path) == "workbook_unreadable"


def test_macros_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsm", [["a"], ["b"]])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    assert code_of(path) == "macros"


def test_entities_of_a_workbook_are_not_expanded(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["a"], ["b"]])
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(
            b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % (c, *([c - 1] * 8))
            for c in range(98, 110)
        )
        + b'<!ENTITY f SYSTEM "file:///etc/hostname">]>'
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>&m;</t></is></c></row></sheetData></worksheet>'
    )
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = bomb
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    assert code_of(path) in {"workbook_unreadable", "no_headings"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "workbook_unreadable"),
        (b"PK\x03\x04 and then nothing", "workbook_unreadable"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "file_kind"),
        (b"\n\n  \n", "no_headings"),
    ],
    ids=["empty", "old workbook", "broken archive", "picture", "blank"],
)
def test_what_is_no_table_is_told_so(tmp_path: Path, data: bytes, code: str) -> None:
    assert code_of(written(tmp_path / "a.bin", data)) == code


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.binary(max_size=400),
        st.binary(max_size=400).map(lambda tail: b"PK\x03\x04" + tail),
        st.text(alphabet='a,;"\n\r\tđ', max_size=200).map(str.encode),
    )
)
def test_any_bytes_give_a_table_or_one_clear_error(tmp_path: Path, data: bytes) -> None:
    path = written(tmp_path / "any", data)
    with contextlib.suppress(InvalidError):
        headings, rows = read(path)
        assert all(len(row.cells) == len(headings) for row in rows)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_a_damaged_workbook_never_raises_anything_else(
    tmp_path: Path, where: int, value: int
) -> None:
    buffer = io.BytesIO()
    book = openpyxl.Workbook()
    book.worksheets[0].append(["Tên", "Mã"])
    book.worksheets[0].append(["Cầu", 7])
    book.save(buffer)
    data = bytearray(buffer.getvalue())
    data[where % len(data)] = value
    path = written(tmp_path / "a.xlsx", bytes(data))
    with contextlib.suppress(InvalidError):
        read(path)

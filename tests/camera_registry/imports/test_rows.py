"""Rows of a file: what is read, what is told, and what stays secret."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.base.errors import InvalidError
from camera_registry.geo.polygons import MultiPolygon
from camera_registry.imports.columns import BY_FIELD, COLUMNS, checked, guess
from camera_registry.imports.duplicates import Duplicates, Known, known_of
from camera_registry.imports.limits import Limits, Row
from camera_registry.imports.messages import WORDS, error
from camera_registry.imports.places import Places
from camera_registry.imports.rows import Draft, RowReader
from camera_registry.imports.tables import as_table, open_rows
from camera_registry.imports.template import WrongRow, error_sheet, template
from camera_registry.model import AdminUnit, Credentials, Position
from camera_registry.scope import Scope
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy

FIELDS = [column.field for column in COLUMNS]
UNITS = Units(
    {
        "26740": AdminUnit("26740", "Bến Nghé", "Ben Nghe", "ward", 106.70, 10.78),
        "25807": AdminUnit("25807", "Thanh An", "Thanh An", "commune", 106.4, 11.3),
        "27676": AdminUnit("27676", "Thạnh An", "Thanh An", "commune", 106.97, 10.47),
    }
)
SQUARE = MultiPolygon.of([(((106.6, 10.7), (106.8, 10.7), (106.8, 10.9), (106.6, 10.9)),)])


def reader(scope: Scope | None = None, *, polygons: bool = True) -> RowReader:
    boundaries: Mapping[str, MultiPolygon] = {"26740": SQUARE} if polygons else {}
    return RowReader(
        dict(enumerate(FIELDS)),
        Places(UNITS, boundaries),
        UrlPolicy(),
        scope or Scope.all(),
        {"quan 1": "g1"},
        lambda pair: pair.password == "12345",
    )


def row(number: int = 2, /, **cells: str) -> Row:
    given = {"name": "Cầu", "unit": "26740", "url": "rtsp://10.0.0.7/1"} | cells
    return Row(number, tuple(given.get(field, "") for field in FIELDS))


def codes(draft: Draft) -> list[tuple[str, str]]:
    return [(message.field, message.code) for message in draft.messages]


def read(scope: Scope | None = None, *, polygons: bool = True, **cells: str) -> Draft:
    return reader(scope, polygons=polygons).read(row(2, **cells))


def test_a_plain_row_is_good() -> None:
    draft = read(
        lat="10.8", lon="106.7", camera_class="giao thông", azimuth_deg="90", groups="Quận 1"
    )
    assert draft.good
    assert codes(draft) == []
    assert draft.position == Position(106.7, 10.8)
    assert draft.groups == ("g1",)
    assert draft.values["camera_class"] == "traffic"


def test_required_cells_are_missed() -> None:
    draft = read(name="", unit="", url="")
    assert codes(draft) == [("name", "missing"), ("unit", "missing"), ("url", "missing")]
    assert not draft.good


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("26740", "26740"),
        ("Bến Nghé", "26740"),
        ("phường ben nghe", "26740"),
        ("Ben Nghe Ward", "26740"),
        ("Thạnh An", "27676"),
        ("Xã Thanh An", "25807"),
    ],
)
def test_units_by_code_and_by_name(text: str, code: str) -> None:
    draft = read(unit=text)
    assert draft.unit is not None
    assert draft.unit.code == code


def test_a_unit_that_every_row_names_wrong_is_looked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    nearest = Units.nearest

    def counted(units: Units, text: str, count: int = 3) -> list[AdminUnit]:
        asked.append(text)
        return nearest(units, text, count)

    monkeypatch.setattr(Units, "nearest", counted)
    sheet = reader()
    words = [sheet.read(row(n, unit="P. Bến Nghe, Quận 1")).messages[0].words("en") for n in (2, 3)]
    assert words[0] == words[1] == "There is no such unit; nearest: 26740 Bến Nghé"
    assert asked == ["ben nghe, quan 1"]


def test_a_name_of_two_units_is_asked_back() -> None:
    draft = read(unit="thanh an ward")
    assert codes(draft) == [("unit", "ambiguous_unit")]
    assert "25807" in draft.messages[0].words("vi")
    assert codes(read(unit="Bến Nghe xx")) == [("unit", "unknown_unit")]


def test_a_unit_out_of_scope_is_refused() -> None:
    assert codes(read(Scope.of(["25807"]))) == [("unit", "unit_out_of_scope")]
    grouped = Scope.of(["*"], ["g1"])
    assert codes(read(grouped)) == [("unit", "unit_out_of_scope")]
    assert read(grouped, groups="quan 1").good


def test_swapped_coordinates_are_seen() -> None:
    assert codes(read(lat="106.7", lon="10.8")) == [("lat", "position_swapped")]
    assert codes(read(position="106.7, 10.8")) == [("position", "position_swapped")]


@pytest.mark.parametrize(
    ("lat", "lon", "expected", "good"),
    [
        ("10.8", "106.7", [], True),
        ("10.8", "106.81", [("lat", "position_outside_unit")], True),
        ("10.8", "107.0", [("lat", "position_outside_unit")], False),
        ("10.8", "", [("lat", "position_incomplete")], False),
        ("x", "106.7", [("lat", "not_a_coordinate")], False),
        ("10.8", "x", [("lon", "not_a_coordinate")], False),
        ("x", "y", [("lat", "not_a_coordinate"), ("lon", "not_a_coordinate")], False),
        ("x", "", [("lat", "position_incomplete"), ("lat", "not_a_coordinate")], False),
        ("95", "106.7", [("lat", "not_a_coordinate")], False),
    ],
)
def test_points_against_the_polygon(
    lat: str, lon: str, expected: list[tuple[str, str]], good: bool
) -> None:
    draft = read(lat=lat, lon=lon)
    assert codes(draft) == expected
    assert draft.good is good


def test_without_polygons_only_what_is_far_away_is_told() -> None:
    assert codes(read(polygons=False, lat="10.9", lon="106.8")) == []
    far = read(polygons=False, lat="21.03", lon="105.85")
    assert codes(far) == [("lat", "position_far_from_unit")]
    assert far.good


def test_credentials_leave_the_address() -> None:
    draft = read(url="rtsp://viewer:s3cret-canary@10.0.0.7:554/1")
    assert draft.url == "rtsp://10.0.0.7/1"
    assert draft.credentials == Credentials("viewer", "s3cret-canary")
    assert codes(draft) == [("url", "credentials_moved")]
    both = read(url="rtsp://a:b@10.0.0.7/1", username="c", password="12345")
    assert both.credentials == Credentials("c", "12345")
    assert codes(both) == [("url", "credentials_twice"), ("password", "weak_password")]
    assert "s3cret-canary" not in repr(draft)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://10.0.0.7/", "url_refused"),
        ("file:///etc/passwd", "url_refused"),
        ("rtsp://127.0.0.1/1", "url_forbidden"),
        ("rtsp://169.254.1.1/1", "url_forbidden"),
        ("rtsp://[::1]/1", "url_forbidden"),
    ],
)
def test_addresses_that_are_not_allowed(url: str, code: str) -> None:
    assert codes(read(url=url)) == [("url", code)]
    assert codes(read(sub_url=url)) == [("sub_url", code)]


def test_a_refused_address_tells_why_in_both_languages() -> None:
    (why,) = read(url="rtsp://10.0.0.7/user=a_password=b_channel=1").messages
    assert "holds a password in its path or query" in why.words("en")
    assert "có mật khẩu trong đường dẫn" in why.words("vi")


def test_a_password_needs_a_user() -> None:
    assert codes(read(password="x")) == [("username", "password_without_user")]
    assert codes(read(username="a:b", password="x")) == [("username", "refused")]


def test_the_same_camera_twice_in_a_file() -> None:
    known = Duplicates([])
    first = reader().read(row(2, serial="SN1", lat="10.8", lon="106.7", azimuth_deg="355"))
    assert known.findings(first) == []
    known.add(known_of(first))
    again = reader().read(row(3, serial="sn1", lat="10.80002", lon="106.7", azimuth_deg="3"))
    assert [(m.field, m.code) for m in known.findings(again)] == [
        ("url", "duplicate_in_file"),
        ("serial", "duplicate_in_file"),
        ("azimuth_deg", "same_place_and_view"),
    ]
    other = reader().read(
        row(4, url="rtsp://10.0.0.8/1", lat="10.80002", lon="106.7", azimuth_deg="90")
    )
    assert known.findings(other) == []
    blind = reader().read(row(5, url="rtsp://10.0.0.9/1", lat="10.8", lon="106.7"))
    assert [m.code for m in known.findings(blind)] == ["same_place"]


def test_a_registered_camera_out_of_scope_is_not_named() -> None:
    seen = Known("Cầu Bông", "rtsp://10.0.0.7/1", "", "", None, None)
    hidden = Known(
        "Bí mật", "rtsp://10.0.0.8/1", "", "", Position(106.7, 10.8), 10.0, visible=False
    )
    known = Duplicates([seen, hidden])
    (one,) = known.findings(read())
    assert "Cầu Bông" in one.words("vi")
    found = known.findings(read(url="rtsp://10.0.0.8/1", lat="10.8", lon="106.7", azimuth_deg="10"))
    assert [m.code for m in found] == ["duplicate_elsewhere", "same_place_and_view"]
    assert not any("Bí mật" in m.words(language) for m in found for language in ("vi", "en"))


def test_headings_are_known_in_both_languages() -> None:
    vi = [column.vi for column in COLUMNS]
    en = [column.en.upper() for column in COLUMNS]
    assert list(guess(vi).values()) == list(guess(en).values()) == FIELDS
    assert guess(["STT", "TÊN CAMERA *", "Ma phuong", "Tên", "Địa chỉ", "Link"]) == {
        1: "name",
        2: "unit",
        4: "address",
        5: "url",
    }


def test_mappings_that_cannot_be_used_are_refused() -> None:
    headings = ["a", "b", "c"]
    assert checked({0: "name", 2: "url", 1: "unit"}, headings) == {0: "name", 1: "unit", 2: "url"}
    for wrong in ({0: "name"}, {0: "name", 1: "name"}, {9: "name"}, {0: "no such"}):
        with pytest.raises(InvalidError):
            checked(wrong, headings)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_template_is_read_back_whole(tmp_path: Path, kind: str, language: str) -> None:
    path = tmp_path / f"template.{kind}"
    path.write_bytes(template(kind, language))
    with open_rows(path, Limits()) as rows:
        table = as_table(rows, Limits())
        (example,) = table.rows
    assert list(guess(table.headings).values()) == FIELDS
    cells = dict(zip(FIELDS, example.cells, strict=True))
    assert cells["azimuth_deg"] == "135"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_error_sheet_tells_all_and_can_be_uploaded_again(tmp_path: Path, kind: str) -> None:
    wrong = WrongRow(
        7, ["=cmd|' /C calc'!A0", "nowhere"], [error("unit", "unknown_unit", nearest="–")]
    )
    data = error_sheet(kind, "en", ["Name", "Unit"], {0: "name", 1: "unit"}, [wrong])
    path = tmp_path / f"errors.{kind}"
    path.write_bytes(data)
    with open_rows(path, Limits()) as rows:
        table = as_table(rows, Limits())
        (line,) = table.rows
    assert line.cells[2:] == ("=cmd|' /C calc'!A0", "nowhere")
    assert "There is no such unit" in line.cells[1]
    assert guess(table.headings) == {2: "name", 3: "unit"}
    if kind == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
        assert sheet["C2"].data_type == "s"
        assert sheet["D2"].fill.fgColor.rgb == "FFF4CCCC"
        assert sheet["C2"].fill.fgColor.rgb != "FFF4CCCC"
    else:
        assert b'\n7,"Unit: ' in data or b"\r\n7,Unit: " in data
        assert b",'=cmd" in data


def test_every_message_has_words_in_both_languages() -> None:
    for vi, en in WORDS.values():
        assert vi
        assert en
        assert vi != en


@given(st.fixed_dictionaries({}, optional={field: st.text(max_size=20) for field in FIELDS}))
def test_any_cells_give_a_draft_with_words_for_what_is_wrong(cells: dict[str, str]) -> None:
    draft = reader().read(row(2, **cells))
    for message in draft.messages:
        assert message.field in BY_FIELD
        assert message.words("vi")
        assert message.words("en")
    if draft.good:
        assert draft.url
        assert draft.unit is not None

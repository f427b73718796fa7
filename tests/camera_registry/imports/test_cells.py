"""Cells as engineers write them."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.imports import cells
from camera_registry.imports.columns import CLASSES
from camera_registry.imports.guard import guarded, without_guard
from camera_registry.imports.messages import CellError


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("10.7769", 10.7769),
        ("10,7769", 10.7769),
        ("-10.5", -10.5),
        ("10°46'37\"N", 10 + 46 / 60 + 37 / 3600),
        ("10° 46′ 36,84″ B", 10 + 46 / 60 + 36.84 / 3600),
        ("106°42'T", -(106 + 42 / 60)),
        ("106°42’ Đ", 106 + 42 / 60),
        ("-7°30'", -7.5),
        ("33°52'S", -(33 + 52 / 60)),
    ],
)
def test_degrees_in_every_usual_form(text: str, degrees: float) -> None:
    assert cells.coordinate(text, 180.0) == pytest.approx(degrees, abs=1e-9)


@pytest.mark.parametrize("text", ["", "abc", "10°61'", "10°1'61\"", "1e400", "nan", "10.1.2", "°"])
def test_what_is_no_coordinate_is_told_so(text: str) -> None:
    with pytest.raises(CellError) as caught:
        cells.coordinate(text, 90.0)
    assert caught.value.message("lat").words("vi")


@given(st.floats(min_value=-180, max_value=180, allow_nan=False))
def test_any_coordinate_is_read_back(value: float) -> None:
    assert cells.coordinate(f"{value:.7f}", 180.0) == pytest.approx(value, abs=1e-7)


@given(st.text(max_size=30))
def test_any_text_is_read_or_told(text: str) -> None:
    for read in (
        lambda t: cells.number(t, -1e6, 1e6),
        lambda t: cells.coordinate(t, 180.0),
        cells.date,
        cells.yes_or_no,
        lambda t: cells.choice(t, CLASSES),
    ):
        with contextlib.suppress(CellError):
            value = read(text)
            assert not isinstance(value, float) or math.isfinite(value)


def test_dates_put_the_day_first() -> None:
    assert cells.date("03/02/2026") == cells.date("3.2.2026") == dt.date(2026, 2, 3)
    assert cells.date("2026-02-03") == dt.date(2026, 2, 3)
    for wrong in ("2026-02-30", "31/02/2026", "02/2026", "2026"):
        with pytest.raises(CellError):
            cells.date(wrong)


def test_marks_of_yes_and_no() -> None:
    assert [cells.yes_or_no(t) for t in ("Có", "x", "YES", "1", "đúng")] == [True] * 5
    assert [cells.yes_or_no(t) for t in ("Không", "no", "0", "sai")] == [False] * 4


def test_choices_know_both_languages() -> None:
    assert cells.choice("Giao Thông", CLASSES) == "traffic"
    assert cells.choice("PUBLIC PLACE", CLASSES) == "public_place"
    with pytest.raises(CellError) as caught:
        cells.choice("vườn", CLASSES)
    assert "giao thông" in caught.value.message("camera_class").words("en")


def test_numbers_are_bounded() -> None:
    assert cells.whole("7", 0, 9) == 7
    for wrong in ("7.5", "10", "-1", "x"):
        with pytest.raises(CellError):
            cells.whole(wrong, 0, 9)


def test_pairs_of_coordinates() -> None:
    for text in ("10.77, 106.7", "10.77;106.7", "10.77 106.7", "10,77; 106,7", "10,77, 106,7"):
        pair = cells.pair(text)
        assert pair is not None
        assert [cells.coordinate(part, 180) for part in pair] == [10.77, 106.7]
    assert cells.pair("10.77") is None


SIGNS = st.text(alphabet=st.sampled_from("=+-@;\t\n \"a1'"), max_size=12)


@given(st.one_of(st.text(max_size=20), SIGNS))
def test_the_guard_leaves_no_formula_and_comes_off_again(text: str) -> None:
    written = guarded(text)
    if written.startswith(("=", "+", "-", "@")):
        float(written)
    # where the comma is the decimal sign a spreadsheet parts lines at semicolons
    for part in re.split(r"[;\t\r\n]", written)[1:]:
        assert not part.lstrip(' "').startswith(("=", "+", "-", "@"))
    if "'" not in text:
        assert without_guard(written) == text

"""Codes by the scheme of an installation."""

from __future__ import annotations

import pytest

from camera_registry.base.errors import ConfigError, InvalidError
from camera_registry.model import CameraClass
from camera_registry.naming import SHORT, CodeScheme, checked_code

GATE = CameraClass.GATE


def test_every_class_has_a_short_name_of_its_own() -> None:
    assert SHORT.keys() == set(CameraClass)
    assert len(set(SHORT.values())) == len(SHORT)


def test_a_scheme_writes_codes_and_knows_them_again() -> None:
    scheme = CodeScheme()
    assert scheme.code("26743", GATE, 7) == "26743-GAT-0007"
    assert scheme.code("26743", GATE, 12345) == "26743-GAT-12345"
    assert scheme.fits("26743-GAT-0007", "26743", GATE)
    for wrong in ("26743-GAT-7", "26743-TRF-0007", "26740-GAT-0007", "x", ""):
        assert not scheme.fits(wrong, "26743", GATE), wrong
    assert scheme.series("26743", GATE) == "26743-GAT-#"
    assert CodeScheme("cam.{number}").code("26743", GATE, 7) == "CAM.7"


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "{unit}",
        "{number}{number}",
        "{number:x}",
        "{number!r}",
        "{unit.__class__}{number}",
        "{surprise}-{number}",
        "{number",
        "a b{number}",
        "{unit:09}{number}",
        "x" * 40 + "{number}",
    ],
)
def test_an_unusable_scheme_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="naming scheme"):
        CodeScheme(pattern)


def test_codes_are_in_capitals_and_of_few_characters() -> None:
    assert checked_code(" td-01 ") == "TD-01"
    assert checked_code("") == ""
    assert checked_code("a\n") == "A"
    for wrong in ("a b", "-x", "ĐƯỜNG", "x" * 41):
        with pytest.raises(InvalidError):
            checked_code(wrong)

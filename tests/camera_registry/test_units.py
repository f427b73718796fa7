"""The list of units: complete, and helpful to who writes a name for a code."""

from __future__ import annotations

from collections import Counter

import pytest

from camera_registry.base.errors import InvalidError
from camera_registry.units import Units


def test_the_city_has_168_units() -> None:
    units = Units.load()
    assert len(units) == 168
    kinds = Counter(unit.kind for unit in units)
    assert sorted(kinds.values()) == [1, 54, 113]
    assert all(len(unit.code) == 5 and unit.code.isdigit() for unit in units)
    assert all(106 < unit.lon < 108 and 8 < unit.lat < 12 for unit in units)


def test_two_units_of_nearly_the_same_name_are_two() -> None:
    units = Units.load()
    assert units.get("25807") != units.get("27676")


@pytest.mark.parametrize("text", ["Thu Dau Mot", "thủ dầu một", "25746"])
def test_an_unknown_code_is_refused_with_the_nearest(text: str) -> None:
    with pytest.raises(InvalidError, match="25747 Thủ Dầu Một") as caught:
        Units.load().get(text, field="unit")
    assert caught.value.message.startswith("unit: ")


@pytest.mark.parametrize("text", ["", "\0", "x" * 100_000, "25747 ", "२५७४७"])
def test_no_text_at_all_makes_it_stumble(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        Units.load().get(text)
    assert len(str(caught.value)) < 400

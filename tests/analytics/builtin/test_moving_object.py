from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analytics.builtin.moving_object import (
    OBJECT,
    PERSON_LIKE,
    VEHICLE_LIKE,
    GridConfig,
    read_grid,
    shape_hint,
)
from analytics.events import Box
from analytics.tracking.config import TrackerConfig

PLANE = (180, 320)
ACTIVE = np.ones((45, 80), np.bool_)


def grid() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.zeros((45, 80), np.float32)


def test_empty_grid_holds_nothing() -> None:
    assert read_grid(grid(), ACTIVE, PLANE, 16 / 9, GridConfig()) == []


def test_blob_becomes_a_box_in_picture_coordinates() -> None:
    field = grid()
    field[10:15, 20:23] = 4.0
    (found,) = read_grid(field, ACTIVE, PLANE, 16 / 9, GridConfig())
    assert found.box == Box(20 * 4 / 320, 10 * 4 / 180, 3 * 4 / 320, 5 * 4 / 180)
    assert found.score == 1.0
    assert found.label == PERSON_LIKE


def test_largest_comes_first_and_specks_are_noise() -> None:
    field = grid()
    field[2, 2] = field[2, 3] = 9.0
    field[10:12, 10:12] = 2.0
    field[20:25, 20:30] = 2.0
    found = read_grid(field, ACTIVE, PLANE, 16 / 9, GridConfig(min_blocks=3))
    assert [round(one.box.w * 80) for one in found] == [10, 2]


def test_blob_without_a_strong_block_is_no_object() -> None:
    field = grid()
    field[10:15, 20:25] = 1.1
    assert read_grid(field, ACTIVE, PLANE, 16 / 9, GridConfig(strong=1.3)) == []
    field[12, 22] = 1.4
    assert len(read_grid(field, ACTIVE, PLANE, 16 / 9, GridConfig(strong=1.3))) == 1


def test_blob_in_which_nothing_moves_is_too_weak_to_begin_a_track() -> None:
    field = grid()
    field[10:15, 20:25] = 4.0
    active = np.zeros((45, 80), np.bool_)
    (still,) = read_grid(field, active, PLANE, 16 / 9, GridConfig())
    assert still.score < TrackerConfig().high_score
    active[12, 20:24] = True
    (moving,) = read_grid(field, active, PLANE, 16 / 9, GridConfig())
    assert moving.score == 1.0


def test_gap_of_one_block_does_not_split_an_object() -> None:
    field = grid()
    field[10:14, 20:30] = 3.0
    field[12, :] = 0.0
    assert len(read_grid(field, ACTIVE, PLANE, 16 / 9, GridConfig())) == 1


@settings(max_examples=50, deadline=None)
@given(arrays.arrays(np.float32, (12, 16), elements=st.floats(0, 10, width=32)))
def test_any_grid_gives_bounded_detections_inside_the_picture(
    field: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> None:
    found = read_grid(
        field, np.ones((12, 16), np.bool_), (50, 66), 4 / 3, GridConfig(max_detections=5)
    )
    assert len(found) <= 5
    for one in found:
        assert 0 < one.score <= 1
        assert one.box.x + one.box.w <= 1
        assert one.box.y + one.box.h <= 1


@pytest.mark.parametrize(
    ("box", "hint"),
    [
        (Box(0, 0, 0.05, 0.2), PERSON_LIKE),
        (Box(0, 0, 0.2, 0.2), VEHICLE_LIKE),
        (Box(0, 0, 0.05, 0.09), OBJECT),
    ],
)
def test_hint_looks_at_the_shape_on_the_screen(box: Box, hint: str) -> None:
    assert shape_hint(box, 16 / 9) == hint

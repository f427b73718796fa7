from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.events import Box
from analytics.geometry import (
    WHOLE_PICTURE,
    Polygon,
    areas,
    clamped,
    corners,
    cover_matrix,
    crossing,
    distance_to_segment,
    foot,
    grown,
    iou_matrix,
    paired_iou,
    side,
)
from camera_registry.base.errors import InvalidError

unit = st.floats(0.0, 1.0, allow_nan=False)
points = st.tuples(unit, unit)
# on a coarse lattice, so that touching, collinear and equal cases come often
lattice = st.tuples(*[st.integers(-4, 4).map(float)] * 2)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x, y = draw(points)
    return Box(x, y, draw(st.floats(0.0, 1.0 - x)), draw(st.floats(0.0, 1.0 - y)))


box_lists = st.lists(boxes(), max_size=6)


def iou_by_hand(a: Box, b: Box) -> float:
    w = max(0.0, min(a.x + a.w, b.x + b.w) - max(a.x, b.x))
    h = max(0.0, min(a.y + a.h, b.y + b.h) - max(a.y, b.y))
    union = a.w * a.h + b.w * b.h - w * h
    return w * h / union if union > 0 else 0.0


@given(box_lists, box_lists)
def test_iou_matrix_is_the_pairwise_formula(left: list[Box], right: list[Box]) -> None:
    matrix = iou_matrix(corners(left), corners(right))
    assert matrix.shape == (len(left), len(right))
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            assume(a.w * a.h > 1e-9)
            assert matrix[i, j] == pytest.approx(iou_by_hand(a, b), abs=1e-6)


@given(box_lists)
def test_iou_is_symmetric_and_one_with_itself(found: list[Box]) -> None:
    rows = corners(found)
    matrix = iou_matrix(rows, rows)
    assert np.all((matrix >= 0) & (matrix <= 1 + 1e-9))
    assert np.allclose(matrix, matrix.T)
    solid = areas(rows) > 1e-12
    assert np.allclose(np.diag(matrix)[solid], 1.0)


@given(box_lists)
def test_paired_iou_is_the_diagonal_of_the_matrix(found: list[Box]) -> None:
    rows = corners(found)
    others = rows[::-1]
    assert np.allclose(paired_iou(rows, others), np.diag(iou_matrix(rows, others)))


@given(box_lists, box_lists)
def test_cover_is_at_least_iou(left: list[Box], right: list[Box]) -> None:
    a, b = corners(left), corners(right)
    assert np.all(cover_matrix(a, b) >= iou_matrix(a, b) - 1e-9)


@given(box_lists, st.floats(0.0, 2.0), st.floats(0.0, 0.1))
def test_grown_boxes_cover_the_old_ones(found: list[Box], share: float, floor: float) -> None:
    rows = corners(found)
    wide = grown(rows, np.full(len(rows), share), floor)
    assert np.all(wide[:, :2] <= rows[:, :2])
    assert np.all(wide[:, 2:] >= rows[:, 2:])


@given(st.lists(st.floats(-2.0, 3.0), min_size=4, max_size=4))
def test_clamped_boxes_lie_in_the_picture(values: list[float]) -> None:
    box = clamped(*values)
    assert 0 <= box.x <= 1
    assert 0 <= box.y <= 1
    assert 0 <= box.w <= 1 - box.x + 1e-12
    assert 0 <= box.h <= 1 - box.y + 1e-12


def test_foot_is_the_middle_of_the_lower_edge() -> None:
    assert foot(Box(0.2, 0.1, 0.4, 0.5)) == pytest.approx((0.4, 0.6))


@given(points)
def test_the_whole_picture_contains_every_point(point: tuple[float, float]) -> None:
    assert WHOLE_PICTURE.contains(point)


@given(points)
def test_triangle_agrees_with_barycentric_signs(point: tuple[float, float]) -> None:
    a, b, c = (0.1, 0.1), (0.9, 0.3), (0.4, 0.9)
    triangle = Polygon((a, b, c))
    x, y = point
    signs = [
        (q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0]) for p, q in ((a, b), (b, c), (c, a))
    ]
    assume(min(abs(value) for value in signs) > 1e-7)
    assert triangle.contains(point) == all(value > 0 for value in signs)


def test_concave_polygon_leaves_out_its_notch() -> None:
    notched = Polygon(((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.4), (0.1, 0.9)))
    assert notched.contains((0.5, 0.2))
    assert not notched.contains((0.5, 0.8))
    assert notched.contains((0.5, 0.4))  # a vertex is part of it


@given(st.integers(0, 4), points)
def test_first_vertex_and_direction_do_not_matter(turn: int, point: tuple[float, float]) -> None:
    shape = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.4), (0.1, 0.9))
    turned = shape[turn:] + shape[:turn]
    expected = Polygon(shape).contains(point)
    assert Polygon(turned).contains(point) == expected
    assert Polygon(turned[::-1]).contains(point) == expected


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (((0.0, 0.0), (1.0, 1.0)), "zone_corners"),
        (((0.0, 0.0), (1.0, 1.0), (0.5, 0.5)), "zone_empty"),
        (((0.0, 0.0), (1.0, 0.0), (0.5, 1.5)), "zone_outside"),
        (((0.0, 0.0), (1.0, 0.0), (0.5, float("nan"))), "zone_outside"),
        (tuple((0.5, 0.5) for _ in range(65)), "zone_corners"),
    ],
)
def test_unusable_polygons_are_refused(shape: tuple[tuple[float, float], ...], code: str) -> None:
    with pytest.raises(InvalidError) as caught:
        Polygon(shape)
    assert caught.value.code == code


@given(points, points, points)
def test_distance_to_segment_is_reached_and_not_undercut(
    point: tuple[float, float], a: tuple[float, float], b: tuple[float, float]
) -> None:
    distance = distance_to_segment(point, a, b)
    samples = [
        np.hypot(point[0] - a[0] - t * (b[0] - a[0]), point[1] - a[1] - t * (b[1] - a[1]))
        for t in np.linspace(0, 1, 41)
    ]
    assert distance <= min(samples) + 1e-9
    assert distance >= min(samples) - np.hypot(b[0] - a[0], b[1] - a[1]) / 40


def test_crossing_has_a_direction() -> None:
    a, b = (0.0, 0.5), (1.0, 0.5)  # looking to the right, y runs down: below is right
    assert crossing((0.5, 0.2), (0.5, 0.8), a, b) == 1
    assert crossing((0.5, 0.8), (0.5, 0.2), a, b) == -1
    assert crossing((0.5, 0.2), (0.5, 0.4), a, b) == 0
    assert crossing((1.5, 0.2), (1.5, 0.8), a, b) == 0


@given(st.lists(lattice, min_size=2, max_size=12), lattice, lattice)
def test_crossings_of_a_line_add_up_to_the_change_of_side(
    path: list[tuple[float, float]], a: tuple[float, float], b: tuple[float, float]
) -> None:
    assume(a != b)
    # a segment long enough that no step passes beside it
    dx, dy = b[0] - a[0], b[1] - a[1]
    far_a, far_b = (a[0] - 99 * dx, a[1] - 99 * dy), (b[0] + 99 * dx, b[1] + 99 * dy)
    total = sum(crossing(p, q, far_a, far_b) for p, q in itertools.pairwise(path))
    assert 2 * total == side(path[-1], a, b) - side(path[0], a, b)


@given(lattice, lattice, lattice, lattice)
def test_the_way_back_undoes_a_crossing(
    p: tuple[float, float], q: tuple[float, float], a: tuple[float, float], b: tuple[float, float]
) -> None:
    there = crossing(p, q, a, b)
    assert there in (-1, 0, 1)
    assert crossing(a, b, a, b) == 0
    on_the_step = {0.0} & {
        (q[0] - p[0]) * (end[1] - p[1]) - (q[1] - p[1]) * (end[0] - p[0]) for end in (a, b)
    }
    if not on_the_step:
        assert crossing(q, p, a, b) == -there

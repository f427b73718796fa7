"""Polygons, against what is known of them without this code."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from camera_registry.geo.polygons import MultiPolygon, Point, Ring, area, in_ring, is_simple

SQUARE: Ring = ((0, 0), (4, 0), (4, 4), (0, 4), (0, 0))
HOLE: Ring = ((1, 1), (1, 3), (3, 3), (3, 1), (1, 1))
coordinate = st.integers(-50, 50).map(float)
point = st.tuples(coordinate, coordinate)


def star(corners: list[tuple[float, float]]) -> Ring:
    """Return a star-shaped ring around the origin from angles and radii."""
    ordered = sorted(dict(corners).items())
    return tuple((radius * math.cos(angle), radius * math.sin(angle)) for angle, radius in ordered)


@given(st.integers(3, 40), point, st.floats(0.01, 0.99), st.floats(0, math.tau))
def test_a_regular_polygon_holds_what_its_inner_circle_holds(
    corners: int, centre: Point, share: float, angle: float
) -> None:
    ring = tuple(
        (centre[0] + math.cos(math.tau * n / corners), centre[1] + math.sin(math.tau * n / corners))
        for n in range(corners)
    )
    inner = math.cos(math.pi / corners)
    x, y = math.cos(angle), math.sin(angle)
    near, far = inner * share, 1.0 + share
    assert in_ring((centre[0] + near * x, centre[1] + near * y), ring)
    assert not in_ring((centre[0] + far * x, centre[1] + far * y), ring)
    assert is_simple(ring)
    wanted = corners / 2 * math.sin(math.tau / corners)
    assert math.isclose(area(ring), wanted, rel_tol=1e-6)


@given(point, point, point, point)
def test_a_triangle_holds_a_point_where_no_side_is_between(
    a: Point, b: Point, c: Point, p: Point
) -> None:
    def side(u: Point, v: Point) -> float:
        return (v[0] - u[0]) * (p[1] - u[1]) - (v[1] - u[1]) * (p[0] - u[0])

    if area((a, b, c)) == 0:
        assert not is_simple((a, b, c))
        return
    signs = (side(a, b), side(b, c), side(c, a))
    wanted = all(sign >= 0 for sign in signs) or all(sign <= 0 for sign in signs)
    assert in_ring(p, (a, b, c)) == wanted


@given(
    st.lists(st.tuples(st.floats(0, 6.2), st.floats(1, 9)), min_size=6, max_size=20), point,
    st.integers(0, 19),
)  # fmt: skip
def test_turning_and_starting_elsewhere_changes_nothing(
    corners: list[tuple[float, float]], p: Point, start: int
) -> None:
    ring = star(corners)
    if len(ring) < 3:
        return
    turned = ring[start % len(ring) :] + ring[: start % len(ring)]
    inside = in_ring(p, ring)
    assert in_ring(p, turned[::-1]) == in_ring(p, turned) == inside
    assert in_ring(p, (*ring, ring[0])) == inside


def test_a_hole_is_outside_but_its_border_is_not() -> None:
    shape = MultiPolygon.of([(SQUARE, HOLE), (((9, 9), (10, 9), (10, 10)),)])
    inside: list[Point] = [(0.5, 0.5), (1, 1), (1, 2), (0, 0), (4, 2), (9.5, 9.1)]
    outside: list[Point] = [(2, 2), (5, 5), (-1, 0), (9.1, 9.9)]
    assert all(map(shape.holds, inside))
    assert not any(map(shape.holds, outside))
    assert shape.box.east == 10


def test_a_border_that_crosses_touches_or_folds_back_is_not_simple() -> None:
    bow: Ring = ((0, 0), (1, 1), (1, 0), (0, 1))
    touching: Ring = ((0, 0), (4, 0), (4, 4), (2, 0), (0, 4))
    spike: Ring = ((0, 0), (4, 0), (6, 0), (4, 0), (4, 4))
    flat: Ring = ((0, 0), (1, 1), (2, 2))
    double: Ring = ((0, 0), (0, 0), (1, 0), (0, 1))
    for wrong in (bow, touching, spike, flat, double):
        assert not is_simple(wrong), wrong
    assert is_simple(SQUARE)
    assert is_simple(((0, 0), (2, 0), (4, 0), (4, 4)))

"""Polygons: is a point inside, does the border cross itself.

Plain x and y. For longitude and latitude that is right within a city, where a degree's edge bends
by centimetres and no border crosses the 180th meridian.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
Ring = tuple[Point, ...]
"""Corners in their order; the last may repeat the first."""
Polygon = tuple[Ring, ...]
"""The outer ring, then its holes."""


@dataclass(frozen=True, slots=True)
class Box:
    """West, south, east, north; its border belongs to it."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, point: Point) -> bool:
        """Say whether a point lies in it."""
        return self.west <= point[0] <= self.east and self.south <= point[1] <= self.north


@dataclass(frozen=True, slots=True)
class MultiPolygon:
    """Areas that belong together, each with its holes (RFC 7946, 3.1.7), and their common box."""

    polygons: tuple[Polygon, ...]
    box: Box

    @classmethod
    def of(cls, polygons: Sequence[Polygon]) -> MultiPolygon:
        """Make one of at least one polygon with at least one corner."""
        corners = [point for polygon in polygons for point in polygon[0]]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return cls(tuple(polygons), Box(min(xs), min(ys), max(xs), max(ys)))

    def holds(self, point: Point) -> bool:
        """Say whether a point lies inside or on the outer border, and in none of the holes."""
        return self.box.holds(point) and any(_inside(point, each) for each in self.polygons)


def _inside(point: Point, polygon: Polygon) -> bool:
    outer, *holes = polygon
    if not in_ring(point, outer):
        return False
    return not any(in_ring(point, hole) and not on_border(point, hole) for hole in holes)


def in_ring(point: Point, ring: Ring) -> bool:
    """Say whether a point lies inside a ring or on its border (even-odd rule).

    A ray to the right crosses the border an odd number of times from inside; each edge owns its
    lower end only, so that a corner is not counted twice.
    """
    if on_border(point, ring):
        return True
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in _edges(ring):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def on_border(point: Point, ring: Ring) -> bool:
    """Say whether a point lies on an edge of a ring."""
    return any(_turn(a, b, point) == 0 and _between(a, b, point) for a, b in _edges(ring))


def area(ring: Ring) -> float:
    """Return the area within a ring, positive where its corners run counter-clockwise."""
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in _edges(ring)) / 2


def is_simple(ring: Ring) -> bool:
    """Say whether a ring encloses an area and no two of its edges touch but at their corners."""
    edges = _edges(ring)
    if len(edges) < 3 or any(a == b for a, b in edges) or area(ring) == 0:
        return False
    for i, first in enumerate(edges):
        for j in range(i + 1, len(edges)):
            neighbours = j == i + 1 or (i == 0 and j == len(edges) - 1)
            if neighbours:
                if _fold_back(first, edges[j]):
                    return False
            elif _meet(*first, *edges[j]):
                return False
    return True


def _edges(ring: Ring) -> list[tuple[Point, Point]]:
    closed = ring if ring[0] == ring[-1] and len(ring) > 1 else (*ring, ring[0])
    return list(pairwise(closed))


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _between(a: Point, b: Point, point: Point) -> bool:
    return min(a[0], b[0]) <= point[0] <= max(a[0], b[0]) and (
        min(a[1], b[1]) <= point[1] <= max(a[1], b[1])
    )


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Say whether the edges a-b and c-d have a point in common."""
    if (_turn(a, b, c) > 0) != (_turn(a, b, d) > 0) and (_turn(c, d, a) > 0) != (
        _turn(c, d, b) > 0
    ):
        return True
    return any(
        _turn(p, q, r) == 0 and _between(p, q, r)
        for p, q, r in ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    )


def _fold_back(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Say whether two edges that share a corner lie on each other."""
    shared = first[1] if first[1] in second else first[0]
    p = first[0] if shared == first[1] else first[1]
    q = second[1] if shared == second[0] else second[0]
    if _turn(p, shared, q) != 0:
        return False
    along = (p[0] - shared[0]) * (q[0] - shared[0]) + (p[1] - shared[1]) * (q[1] - shared[1])
    return along > 0

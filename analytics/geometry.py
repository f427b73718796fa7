"""Plane geometry on normalised picture coordinates: boxes, polygons, segments. Pure functions.

Coordinates run 0..1 from the top left, so a polygon drawn once holds for every resolution of a
camera. Arrays of boxes have the shape (n, 4) with columns x0, y0, x1, y1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.events import Box
from camera_registry.base.errors import InvalidError

Corners = NDArray[np.float64]
"""Boxes as rows x0, y0, x1, y1."""

Point = tuple[float, float]

MAX_VERTICES = 64
"""A zone drawn by hand has far fewer; the bound keeps a hostile one cheap."""


def corners(boxes: Sequence[Box]) -> Corners:
    """Write boxes as an (n, 4) array of corners."""
    if not boxes:
        return np.empty((0, 4))
    return np.array([(b.x, b.y, b.x + b.w, b.y + b.h) for b in boxes], dtype=np.float64)


def areas(boxes: Corners) -> NDArray[np.float64]:
    """Area of each row; an inverted row counts as empty."""
    sides: NDArray[np.float64] = np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None)
    return sides[:, 0] * sides[:, 1]


def intersections(a: Corners, b: Corners) -> NDArray[np.float64]:
    """Area that each row of ``a`` (n) shares with each row of ``b`` (m), as (n, m)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides: NDArray[np.float64] = np.clip(high - low, 0.0, None)
    return sides[..., 0] * sides[..., 1]


def iou_matrix(a: Corners, b: Corners) -> NDArray[np.float64]:
    """Intersection over union of each row of ``a`` with each row of ``b``: (n, m) in 0..1.

    Where both boxes are empty the value is 0, not a division by zero.
    """
    shared = intersections(a, b)
    union = areas(a)[:, None] + areas(b)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def paired_iou(a: Corners, b: Corners) -> NDArray[np.float64]:
    """Intersection over union of each row of ``a`` with the same row of ``b``: (n,) in 0..1."""
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    sides = np.clip(sides, 0.0, None)
    shared = sides[:, 0] * sides[:, 1]
    union = areas(a) + areas(b) - shared
    found: NDArray[np.float64] = np.divide(
        shared, union, out=np.zeros_like(shared), where=union > 0
    )
    return found


def cover_matrix(a: Corners, b: Corners) -> NDArray[np.float64]:
    """Share of each row of ``a`` that lies inside each row of ``b``: (n, m) in 0..1."""
    shared = intersections(a, b)
    own = np.broadcast_to(areas(a)[:, None], shared.shape)
    return np.divide(shared, own, out=np.zeros_like(shared), where=own > 0)


def grown(boxes: Corners, share: NDArray[np.float64], floor: float) -> Corners:
    """Widen each row on every side by ``share`` of its own size, at least by ``floor``."""
    pad = np.maximum((boxes[:, 2:] - boxes[:, :2]) * share[:, None], floor)
    return np.concatenate([boxes[:, :2] - pad, boxes[:, 2:] + pad], axis=1)


def foot(box: Box) -> Point:
    """Middle of the lower edge: where a person or a vehicle touches the ground."""
    return (box.x + box.w / 2, box.y + box.h)


def clamped(x0: float, y0: float, x1: float, y1: float) -> Box:
    """Cut corners to the picture and return them as a box; outside of it the box has no area."""
    left, right = min(max(x0, 0.0), 1.0), min(max(x1, 0.0), 1.0)
    top, bottom = min(max(y0, 0.0), 1.0), min(max(y1, 0.0), 1.0)
    return Box(left, top, max(0.0, right - left), max(0.0, bottom - top))


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed figure without holes; the last vertex joins the first. May be concave.

    Raises InvalidError where it has fewer than three or too many vertices, a vertex outside the
    picture, or no area.
    """

    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        if not 3 <= len(self.points) <= MAX_VERTICES:
            raise InvalidError(
                f"a zone has {len(self.points)} corners",
                hint=f"draw it with 3 to {MAX_VERTICES}",
                code="zone_corners",
            )
        if not all(0.0 <= x <= 1.0 and 0.0 <= y <= 1.0 for x, y in self.points):
            raise InvalidError(
                "a corner of the zone lies outside the picture",
                hint="coordinates run from 0 to 1",
                code="zone_outside",
            )
        if self.area < 1e-6:
            raise InvalidError("the zone has no area", hint="draw it anew", code="zone_empty")

    @property
    def area(self) -> float:
        """Area as a share of the picture (shoelace formula)."""
        twice = 0.0
        for (x0, y0), (x1, y1) in self._edges():
            twice += x0 * y1 - x1 * y0
        return abs(twice) / 2

    def contains(self, point: Point) -> bool:
        """Say whether a point lies inside or on the border, by the even-odd rule."""
        x, y = point
        inside = False
        for (x0, y0), (x1, y1) in self._edges():
            if distance_to_segment(point, (x0, y0), (x1, y1)) <= 1e-9:
                return True
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
                inside = not inside
        return inside

    def distance(self, point: Point) -> float:
        """Distance of a point to the border, whichever side it lies on."""
        return min(distance_to_segment(point, a, b) for a, b in self._edges())

    def _edges(self) -> zip[tuple[Point, Point]]:
        return zip(self.points, (*self.points[1:], self.points[0]), strict=True)


WHOLE_PICTURE = Polygon(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))


def distance_to_segment(point: Point, a: Point, b: Point) -> float:
    """Distance of a point to the segment from ``a`` to ``b``."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    if length2 == 0.0:  # also where a tiny edge underflows
        return math.hypot(point[0] - a[0], point[1] - a[1])
    along = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / length2
    along = min(max(along, 0.0), 1.0)
    return math.hypot(point[0] - a[0] - along * dx, point[1] - a[1] - along * dy)


def side(point: Point, a: Point, b: Point) -> int:
    """Side of the line from ``a`` to ``b`` that a point lies on.

    1 is to the right as one looks from ``a`` to ``b`` on the screen (y runs down), -1 to the left.
    A point on the line counts as right, so that every point has a side.
    """
    cross = (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
    return 1 if cross >= 0 else -1


def crossing(start: Point, end: Point, a: Point, b: Point) -> int:
    """Tell whether a step from ``start`` to ``end`` crosses the segment from ``a`` to ``b``.

    0 is no crossing; 1 ends to the right of the segment and -1 to the left (see :func:`side`).
    Because every point has exactly one side, the sum over a path does not depend on where the path
    is cut into steps: one that touches the line and returns adds up to 0.
    """
    before, after = side(start, a, b), side(end, a, b)
    if before == after or side(a, start, end) == side(b, start, end):
        return 0
    return after

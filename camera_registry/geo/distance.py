"""Distances in metres between points given as longitude and latitude, within a city."""

from __future__ import annotations

import math
from itertools import pairwise

from camera_registry.geo.polygons import MultiPolygon, Point

EARTH_M = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""


def metres(a: Point, b: Point) -> float:
    """Return the distance of two points on a sphere (haversine formula)."""
    lon1, lat1, lon2, lat2 = map(math.radians, (*a, *b))
    half = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(half)))


def metres_outside(point: Point, area: MultiPolygon) -> float:
    """Return how far outside an area a point lies, 0 inside.

    On the plane that touches the Earth at the point: exact to a thousandth over tens of kilometres.
    """
    if area.holds(point):
        return 0.0
    east = math.radians(1) * EARTH_M * math.cos(math.radians(point[1]))
    north = math.radians(1) * EARTH_M
    nearest = math.inf
    for polygon in area.polygons:
        for ring in polygon:
            flat = [((x - point[0]) * east, (y - point[1]) * north) for x, y in ring]
            if flat[0] != flat[-1]:
                flat.append(flat[0])
            nearest = min(nearest, *(_from_origin(a, b) for a, b in pairwise(flat)))
    return nearest


def _from_origin(a: Point, b: Point) -> float:
    """Return the distance of the origin from the edge a-b."""
    along = (b[0] - a[0], b[1] - a[1])
    square = along[0] ** 2 + along[1] ** 2
    share = 0.0
    if square > 0:
        share = min(1.0, max(0.0, -(a[0] * along[0] + a[1] * along[1]) / square))
    return math.hypot(a[0] + share * along[0], a[1] + share * along[1])

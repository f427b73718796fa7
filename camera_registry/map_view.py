"""Cameras on a map: single ones where there are few in view, clusters where there are many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from camera_registry.geo.polygons import Box
from camera_registry.model import CameraClass
from camera_registry.records import CameraFilter
from camera_registry.scope import Scope

MAX_POINTS = 500
"""Up to so many cameras in view are shown one by one."""
MAX_CELLS_ACROSS = 40
"""Cells across the view at most, however close somebody claims to look."""
_CELL_PX = 64
_TILE_PX = 256
WORLD = Box(-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A camera on the map."""

    id: str
    code: str
    name: str
    unit_code: str
    camera_class: CameraClass
    lon: float
    lat: float
    enabled: bool
    azimuth_deg: float | None
    fov_deg: float | None
    view_m: float | None
    updated_us: int


@dataclass(frozen=True, slots=True)
class MapCluster:
    """Cameras near each other: their middle, how many, how many enabled, how many of those dead.

    Dead is who gave no live picture when its state last changed, or has no state yet.
    """

    lon: float
    lat: float
    count: int
    enabled: int
    dead: int


@dataclass(frozen=True, slots=True)
class MapView:
    """What is in view: either points or clusters. ``total`` counts the cameras."""

    total: int
    points: Sequence[MapPoint] = ()
    clusters: Sequence[MapCluster] = ()


class MapStore(Protocol):
    """Where cameras are looked for by their position."""

    async def more_than(self, scope: Scope, wanted: CameraFilter, number: int) -> bool:
        """Say whether more cameras than ``number`` have a position."""
        ...

    async def points(self, scope: Scope, wanted: CameraFilter, limit: int) -> Sequence[MapPoint]:
        """Return up to ``limit`` cameras that have a position."""
        ...

    async def clusters(
        self, scope: Scope, wanted: CameraFilter, cell_deg: float
    ) -> Sequence[MapCluster]:
        """Return the cameras that have a position, by the cells of a grid."""
        ...


def cell_deg(box: Box, zoom: float) -> float:
    """Return the side of a cell of clusters in degrees, at a zoom of Web Mercator's tiles."""
    side = 360.0 / math.pow(2.0, zoom) * _CELL_PX / _TILE_PX
    across = max(box.east - box.west, box.north - box.south)
    return max(side, across / MAX_CELLS_ACROSS)


async def map_view(
    store: MapStore, scope: Scope, wanted: CameraFilter, zoom: float, most: int = MAX_POINTS
) -> MapView:
    """Return what of the wanted cameras is to be shown in the filter's box."""
    wanted = replace(wanted, box=wanted.box or WORLD)
    if not await store.more_than(scope, wanted, most):
        points = await store.points(scope, wanted, most)
        return MapView(len(points), points)
    clusters = await store.clusters(scope, wanted, cell_deg(wanted.box or WORLD, zoom))
    return MapView(sum(each.count for each in clusters), (), clusters)

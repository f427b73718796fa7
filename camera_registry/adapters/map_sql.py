"""Cameras by their position in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from camera_registry.adapters.camera_queries import in_scope, matching
from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.database import Database
from camera_registry.adapters.health_sums import health
from camera_registry.map_view import MapCluster, MapPoint
from camera_registry.model import CameraClass, State
from camera_registry.records import CameraFilter
from camera_registry.scope import Scope

_POINT = (
    "id",
    "code",
    "name",
    "unit_code",
    "camera_class",
    "lon",
    "lat",
    "enabled",
    "azimuth_deg",
    "fov_deg",
    "view_m",
    "updated_us",
)


class SqlMapStore:
    """``MapStore`` of ``camera_registry.map_view``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def more_than(self, scope: Scope, wanted: CameraFilter, number: int) -> bool:
        """Say whether more cameras than ``number`` have a position."""
        some = self._where(sa.select(cameras.c.lon), scope, wanted).limit(number + 1).subquery()
        async with self._database.read() as connection:
            count = await connection.execute(sa.select(sa.func.count()).select_from(some))
            return count.scalar_one() > number

    async def points(self, scope: Scope, wanted: CameraFilter, limit: int) -> Sequence[MapPoint]:
        """Return up to ``limit`` cameras that have a position."""
        columns = [cameras.c[name] for name in _POINT]
        query = self._where(sa.select(*columns), scope, wanted).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [
            MapPoint(
                **{
                    **row,
                    "code": row["code"] or "",
                    "camera_class": CameraClass(row["camera_class"]),
                }
            )
            for row in rows
        ]

    async def clusters(
        self, scope: Scope, wanted: CameraFilter, cell_deg: float
    ) -> Sequence[MapCluster]:
        """Return the cameras that have a position, by the cells of a grid."""
        c = cameras.c
        live = sa.select(health.c.camera_id).where(
            health.c.until_us.is_(None), health.c.state == State.LIVE.value
        )
        column = self._whole((c.lon + 180.0) / cell_deg)
        line = self._whole((c.lat + 90.0) / cell_deg)
        query = sa.select(
            sa.func.avg(c.lon),
            sa.func.avg(c.lat),
            sa.func.count(),
            sa.func.sum(sa.case((c.enabled, 1), else_=0)),
            sa.func.sum(sa.case((sa.and_(c.enabled, c.id.not_in(live)), 1), else_=0)),
        ).group_by(column, line)
        async with self._database.read() as connection:
            rows = (await connection.execute(self._where(query, scope, wanted))).all()
        return [
            MapCluster(float(lon), float(lat), count, int(on), int(out))
            for lon, lat, count, on, out in rows
        ]

    def _whole(self, value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Round a positive number down: not every SQLite has floor, whose cast does the same."""
        if self._database.dialect == "sqlite":
            return sa.cast(value, sa.Integer)
        return sa.func.floor(value)

    def _where(self, query: sa.Select[Any], scope: Scope, wanted: CameraFilter) -> sa.Select[Any]:
        c = cameras.c
        return query.where(
            c.lon.is_not(None),
            in_scope(c.unit_code, scope, c.id),
            *matching(wanted, self._database.dialect),
        )

"""Polygons of units in the database."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from camera_registry.adapters.camera_tables import unit_polygons
from camera_registry.adapters.database import Database


class SqlAreaStore:
    """``AreaStore`` of ``camera_registry.unit_areas``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def replace(self, areas: Mapping[str, str], now_us: int) -> None:
        """Replace the polygons of these units in one transaction."""
        c = unit_polygons.c
        rows = [
            {"unit_code": code, "geometry": text, "imported_us": now_us}
            for code, text in areas.items()
        ]
        async with self._database.write() as connection:
            await connection.execute(unit_polygons.delete().where(c.unit_code.in_(list(areas))))
            await connection.execute(unit_polygons.insert(), rows)

    async def newest(self) -> int:
        """Return when polygons were last replaced, UTC us; 0 where there are none."""
        query = sa.select(sa.func.max(unit_polygons.c.imported_us))
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one() or 0

    async def all(self) -> dict[str, str]:
        """Return the geometry of each unit that has one, by code."""
        c = unit_polygons.c
        query = sa.select(c.unit_code, c.geometry).order_by(c.unit_code)
        async with self._database.read() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

"""Every registered camera as far as duplicates of an import go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import sqlalchemy as sa

from camera_registry.adapters.camera_queries import in_scope
from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.database import Database
from camera_registry.imports.duplicates import Known
from camera_registry.model import Position
from camera_registry.scope import Scope

_AT_ONCE = 1000
"""Rows of one query: 50,000 in one go held the event loop for a quarter of a second."""


async def known_cameras(database: Database, scope: Scope) -> AsyncIterator[Sequence[Known]]:
    """Yield all cameras in portions, the eldest first, and whether the scope may see each."""
    c = cameras.c
    visible = in_scope(c.unit_code, scope, c.id).label("visible")
    wanted = (c.id, c.name, c.url, c.serial, c.code, c.lon, c.lat, c.azimuth_deg, visible)
    query = sa.select(*wanted).order_by(c.id).limit(_AT_ONCE)
    after = ""
    while True:
        async with database.read() as connection:
            found = (await connection.execute(query.where(c.id > after))).all()
        if not found:
            return
        after = found[-1].id
        yield [
            Known(
                name,
                url,
                serial,
                code or "",
                None if lon is None else Position(lon, lat),
                azimuth,
                visible=bool(seen),
            )
            for _, name, url, serial, code, lon, lat, azimuth, seen in found
        ]

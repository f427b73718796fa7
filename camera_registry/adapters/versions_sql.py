"""How long the history of cameras is kept in the database."""

from __future__ import annotations

import sqlalchemy as sa

from camera_registry.adapters.camera_tables import camera_versions
from camera_registry.adapters.database import Database
from camera_registry.versions import DELETED


class SqlVersionArchive:
    """The ``VersionArchive`` on SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget(self, before_us: int, limit: int) -> int:
        """Delete up to ``limit`` entries from before a time; return how many.

        Of a camera that is registered the latest entry stays, of a removed one nothing does.
        """
        v, later = camera_versions.c, camera_versions.alias("later").c
        overtaken = sa.exists().where(later.camera_id == v.camera_id, later.version > v.version)
        old = (
            sa.select(v.camera_id, v.version)
            .where(v.at_us < before_us, sa.or_(v.action == DELETED, overtaken))
            .limit(limit)
            .subquery()
        )
        match = sa.exists().where(old.c.camera_id == v.camera_id, old.c.version == v.version)
        async with self._database.write() as connection:
            return (await connection.execute(camera_versions.delete().where(match))).rowcount

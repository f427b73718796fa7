"""Which outages of cameras were told as events, and whose end is still to be told."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from camera_registry.adapters.database import Database, metadata

told_outages = sa.Table(
    "told_outages",
    metadata,
    sa.Column("camera_id", sa.String(36), primary_key=True),
    sa.Column("since_us", sa.BigInteger, nullable=False),
)
"""No foreign key: that a camera was removed is for whoever tells its return to find."""

_t = told_outages.c


class SqlToldOutages:
    """The port ``ToldOutages`` on SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Mapping[str, int]:
        """Return since when each camera was dead whose death was told, by camera."""
        async with self._database.read() as connection:
            found = await connection.execute(sa.select(_t.camera_id, _t.since_us))
            return {row.camera_id: row.since_us for row in found}

    async def keep(self, camera_id: str, since_us: int) -> None:
        """Remember that an outage was told, in the place of an earlier one of this camera."""
        write = self._database.insert(told_outages).values(camera_id=camera_id, since_us=since_us)
        write = write.on_conflict_do_update(
            index_elements=["camera_id"], set_={"since_us": write.excluded.since_us}
        )
        async with self._database.write() as connection:
            await connection.execute(write)

    async def drop(self, camera_id: str, since_us: int) -> None:
        """Forget an outage whose end was told; a later one of this camera stays."""
        mine = sa.and_(_t.camera_id == camera_id, _t.since_us == since_us)
        async with self._database.write() as connection:
            await connection.execute(told_outages.delete().where(mine))

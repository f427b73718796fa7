"""Until when somebody has noted the states of cameras, and what lasted at that time."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.database import Database, metadata
from camera_registry.adapters.health_sums import health
from camera_registry.health.model import DISABLED, UNWATCHED
from camera_registry.health.ports import Lasting

health_watch = sa.Table(
    "health_watch",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
)
_THE_ONE = 1


class SqlHealthWatch:
    """The ``HealthWatch`` on SQLAlchemy: one row for the whole hub."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self) -> int | None:
        """Return when states were noted last, None where that was never told."""
        async with self._database.read() as connection:
            found = await connection.execute(sa.select(health_watch.c.at_us))
            return found.scalar_one_or_none()

    async def beat(self, at_us: int) -> None:
        """Tell that states are noted now."""
        write = self._database.insert(health_watch).values(id=_THE_ONE, at_us=at_us)
        later = health_watch.c.at_us < write.excluded.at_us
        write = write.on_conflict_do_update(
            index_elements=["id"], set_={"at_us": write.excluded.at_us}, where=later
        )
        async with self._database.write() as connection:
            await connection.execute(write)

    async def lasting(self, at_us: int, after: str, limit: int) -> Sequence[Lasting]:
        """Return up to ``limit`` states of enabled cameras that lasted at a time, by camera.

        Two walks through the index, of what lasts and of what ended since: histories are long.
        """
        h, behind = health.c, health.alias()
        began = sa.select(h.camera_id, h.until_us).where(
            h.at_us <= at_us, h.state.not_in((UNWATCHED, DISABLED)), h.camera_id > after
        )
        spans = sa.union_all(
            began.where(h.until_us.is_(None)), began.where(h.until_us > at_us)
        ).subquery()
        known = sa.and_(cameras.c.id == spans.c.camera_id, cameras.c.enabled)
        page = (
            sa.select(spans.c.camera_id, spans.c.until_us, cameras.c.unit_code)
            .join(cameras, known)
            .order_by(spans.c.camera_id)
            .limit(limit)
            .subquery()
        )
        next_one = sa.and_(
            behind.c.camera_id == page.c.camera_id, behind.c.at_us == page.c.until_us
        )
        query = (
            sa.select(page.c.camera_id, page.c.unit_code, behind.c.state)
            .select_from(page.outerjoin(behind, next_one))
            .order_by(page.c.camera_id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [Lasting(camera, unit, following or "") for camera, unit, following in rows]

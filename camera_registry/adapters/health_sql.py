"""The health of cameras over time in the database.

Each row carries when it ended, so that a period is a condition on one row and no join. A change
that comes late, from a worker whose connection was down, is put in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.camera_queries import in_scope
from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.database import Database, metadata
from camera_registry.health.model import DISABLED, HealthChange, Outage, Uptime
from camera_registry.model import State
from camera_registry.scope import Scope

health = sa.Table(
    "health",
    metadata,
    sa.Column("camera_id", sa.String(36), primary_key=True),
    sa.Column("at_us", sa.BigInteger, primary_key=True, autoincrement=False, index=True),
    sa.Column("until_us", sa.BigInteger, index=True),
    sa.Column("unit_code", sa.String(8), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason_code", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
)

_h = health.c


class SqlHealthStore:
    """The ``HealthStore`` on SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, changes: Sequence[HealthChange]) -> None:
        """Write changes; one that is there already, or says nothing new, changes nothing."""
        async with self._database.write() as connection:
            for change in sorted(changes, key=lambda each: each.at_us):
                await self._put(connection, change)

    async def _put(self, connection: AsyncConnection, change: HealthChange) -> None:
        mine = _h.camera_id == change.camera_id
        earlier = (
            sa.select(_h.at_us, _h.state, _h.reason_code)
            .where(mine, _h.at_us <= change.at_us)
            .order_by(_h.at_us.desc())
            .limit(1)
            .with_for_update()
        )
        before = (await connection.execute(earlier)).first()
        if before is not None:
            same = (before.state, before.reason_code) == (change.state, change.reason_code)
            if before.at_us == change.at_us or same:
                return
        later = sa.select(sa.func.min(_h.at_us)).where(mine, _h.at_us > change.at_us)
        until_us = (await connection.execute(later)).scalar_one()
        write = self._database.insert(health).values(_row(change) | {"until_us": until_us})
        await connection.execute(
            write.on_conflict_do_nothing(index_elements=["camera_id", "at_us"])
        )
        if before is not None:
            await connection.execute(
                health.update().where(mine, _h.at_us == before.at_us).values(until_us=change.at_us)
            )

    async def changes(
        self, camera_id: str, since_us: int, until_us: int, limit: int
    ) -> Sequence[HealthChange]:
        """Return the latest changes that touch a period, in the order of their times."""
        query = (
            sa.select(health)
            .where(_h.camera_id == camera_id, *_touching(since_us, until_us))
            .order_by(_h.at_us.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_change(row) for row in reversed(rows)]

    async def page(
        self, camera_id: str, before_us: int | None, limit: int
    ) -> Sequence[HealthChange]:
        """Return up to ``limit`` changes before a time, the latest first."""
        query = sa.select(health).where(_h.camera_id == camera_id)
        if before_us is not None:
            query = query.where(_h.at_us < before_us)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(_h.at_us.desc()).limit(limit))
            return [_change(row) for row in rows.mappings()]

    async def by_unit(self, scope: Scope, since_us: int, until_us: int) -> Mapping[str, Uptime]:
        """Return the uptime of each unit's cameras in scope over a period."""
        return await self._sums(cameras.c.unit_code, scope, since_us, until_us)

    async def by_camera(
        self, scope: Scope, unit_code: str, since_us: int, until_us: int
    ) -> Mapping[str, Uptime]:
        """Return the uptime of each camera of a unit in scope over a period."""
        where = cameras.c.unit_code == unit_code
        return await self._sums(cameras.c.id, scope, since_us, until_us, where)

    async def _sums(
        self,
        key: sa.ColumnElement[str],
        scope: Scope,
        since_us: int,
        until_us: int,
        *where: sa.ColumnElement[bool],
    ) -> Mapping[str, Uptime]:
        begin = sa.case((_h.at_us > since_us, _h.at_us), else_=since_us)
        known_end = sa.func.coalesce(_h.until_us, until_us)
        end = sa.case((known_end < until_us, known_end), else_=until_us)
        live = _h.state == State.LIVE.value
        length = end - begin
        after = health.alias()
        fell = sa.and_(
            live, _h.until_us >= since_us, _h.until_us < until_us, after.c.at_us.is_not(None)
        )
        following = sa.and_(
            live,
            after.c.camera_id == _h.camera_id,
            after.c.at_us == _h.until_us,
            after.c.state != DISABLED,
        )
        query = (
            sa.select(
                key,
                sa.func.sum(sa.case((live, length), else_=0)),
                sa.func.sum(sa.case((_h.state != DISABLED, length), else_=0)),
                sa.func.sum(sa.case((fell, 1), else_=0)),
                sa.func.count(sa.distinct(_h.camera_id)),
            )
            .select_from(
                health.join(cameras, cameras.c.id == _h.camera_id).outerjoin(after, following)
            )
            .where(
                *_touching(since_us, until_us),
                in_scope(cameras.c.unit_code, scope, cameras.c.id),
                *where,
            )
            .group_by(key)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {
            name: Uptime(int(live_us) / 1e6, int(known_us) / 1e6, int(falls), count)
            for name, live_us, known_us, falls, count in rows
        }

    async def outages(
        self, scope: Scope, before_us: int, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Outage]:
        """Return cameras that died before a time and are dead, the longest first."""
        earlier = health.alias()
        lived = (
            sa.select(sa.func.max(earlier.c.until_us))
            .where(
                earlier.c.camera_id == _h.camera_id,
                earlier.c.state.in_((State.LIVE.value, DISABLED)),
            )
            .scalar_subquery()
        )
        first = (
            sa.select(sa.func.min(earlier.c.at_us))
            .where(earlier.c.camera_id == _h.camera_id)
            .scalar_subquery()
        )
        since = sa.func.coalesce(lived, first).label("since_us")
        dead = (
            sa.select(health, since, cameras.c.name.label("camera_name"))
            .join(cameras, cameras.c.id == _h.camera_id)
            .where(
                _h.until_us.is_(None),
                _h.state.not_in((State.LIVE.value, DISABLED)),
                in_scope(cameras.c.unit_code, scope, cameras.c.id),
            )
            .subquery()
        )
        d = dead.c
        query = sa.select(dead).where(d.since_us <= before_us)
        if after is not None:
            query = query.where(
                sa.tuple_(d.since_us, d.camera_id)
                > sa.tuple_(sa.literal(after[0]), sa.literal(after[1]))
            )
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(d.since_us, d.camera_id).limit(limit))
            return [
                Outage(_change(row), row["since_us"], row["camera_name"]) for row in rows.mappings()
            ]

    async def falling(self, since_us: int, least: int) -> Sequence[tuple[str, int]]:
        """Return cameras whose live ended at least so often since a time, and how often."""
        falls = sa.func.count()
        query = (
            sa.select(_h.camera_id, falls)
            .where(_h.until_us >= since_us, _h.state == State.LIVE.value)
            .group_by(_h.camera_id)
            .having(falls >= least)
        )
        async with self._database.read() as connection:
            return [(camera, count) for camera, count in (await connection.execute(query)).all()]

    async def switched_off(self, now_us: int, limit: int) -> int:
        """Note up to ``limit`` cameras that are disabled and not noted so; return how many."""
        c = cameras.c
        query = (
            sa.select(c.id, c.unit_code)
            .join(health, sa.and_(_h.camera_id == c.id, _h.until_us.is_(None)))
            .where(~c.enabled, _h.state != DISABLED)
            .limit(limit)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        await self.add(
            [HealthChange(camera, unit, DISABLED, DISABLED, "", now_us) for camera, unit in found]
        )
        return len(found)

    async def forget(self, before_us: int, limit: int) -> int:
        """Delete up to ``limit`` changes that ended before a time; return how many."""
        old = (
            sa.select(_h.camera_id, _h.at_us).where(_h.until_us < before_us).limit(limit).subquery()
        )
        match = sa.exists().where(old.c.camera_id == _h.camera_id, old.c.at_us == _h.at_us)
        async with self._database.write() as connection:
            return (await connection.execute(health.delete().where(match))).rowcount


def _touching(since_us: int, until_us: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_h.at_us < until_us, sa.or_(_h.until_us.is_(None), _h.until_us > since_us))


def _row(change: HealthChange) -> dict[str, Any]:
    return {
        "camera_id": change.camera_id,
        "unit_code": change.unit_code,
        "state": change.state,
        "reason_code": change.reason_code,
        "reason": change.reason,
        "at_us": change.at_us,
        "worker": change.worker,
    }


def _change(row: sa.RowMapping) -> HealthChange:
    return HealthChange(**{name: row[name] for name in _row_names})


_row_names = (
    "camera_id",
    "unit_code",
    "state",
    "reason_code",
    "reason",
    "at_us",
    "worker",
    "until_us",
)

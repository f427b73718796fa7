"""The health of cameras over time in the database.

Each row carries when it ended, so that a period is a condition on one row and no join. A change
that comes late, from a worker whose connection was down, is put in its place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.camera_queries import in_scope, listed
from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.database import Database
from camera_registry.adapters.health_sums import DEAD, died, health, sums_of
from camera_registry.health.model import DISABLED, HealthChange, Outage, Uptime
from camera_registry.model import State
from camera_registry.scope import Scope

_h = health.c
_AT_A_TIME = 200


class SqlHealthStore:
    """The ``HealthStore`` on SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, changes: Sequence[HealthChange]) -> None:
        """Write changes; one that is there already, or says nothing new, changes nothing."""
        ordered = sorted(changes, key=lambda each: each.at_us)
        for begin in range(0, len(ordered), _AT_A_TIME):
            # in parts: after a worker has died thousands come, and others want to write too
            async with self._database.write() as connection:
                for change in ordered[begin : begin + _AT_A_TIME]:
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
        later = (
            sa.select(_h.at_us, _h.state)
            .where(mine, _h.at_us > change.at_us)
            .order_by(_h.at_us)
            .limit(1)
        )
        behind = (await connection.execute(later)).first()
        if behind is not None and behind.state == change.state == DISABLED:
            await connection.execute(  # it is known already, and began earlier
                health.update().where(mine, _h.at_us == behind.at_us).values(at_us=change.at_us)
            )
        else:
            until_us = None if behind is None else behind.at_us
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

    async def story(
        self, camera_id: str, periods: Sequence[tuple[int, int]], limit: int
    ) -> Sequence[HealthChange]:
        """Return the latest changes that touch any of the periods, and all since the last one that
        was live or switched off, in the order of their times.
        """
        earlier = health.alias()
        turned = (
            sa.select(sa.func.coalesce(sa.func.max(earlier.c.at_us), 0))
            .where(
                earlier.c.camera_id == camera_id,
                earlier.c.state.in_((State.LIVE.value, DISABLED)),
            )
            .scalar_subquery()
        )
        told = [sa.and_(*_touching(*period)) for period in periods]
        query = (
            sa.select(health)
            .where(_h.camera_id == camera_id, sa.or_(_h.at_us >= turned, *told))
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
        columns = sa.select(_h.camera_id, _h.at_us, _h.until_us, _h.state).where(
            _h.at_us < until_us
        )
        # Two walks through the index, of what lasts and of what ended since; nothing else is read.
        spans = sa.union_all(
            columns.where(_h.until_us.is_(None)),
            columns.where(_h.until_us > since_us),
        ).subquery()
        each = sums_of(spans, since_us, until_us).group_by(spans.c.camera_id).subquery()
        c = cameras.c
        sums = (sa.func.sum(each.c[name]) for name in ("live_us", "known_us", "falls"))
        query = (
            sa.select(c.unit_code, *sums, sa.func.count())
            .join_from(each, cameras, c.id == each.c.camera_id)
            .where(in_scope(c.unit_code, scope, c.id))
            .group_by(c.unit_code)
        )
        return await self._uptimes(query)

    async def by_camera(
        self, scope: Scope, unit_code: str, since_us: int, until_us: int
    ) -> Mapping[str, Uptime]:
        """Return the uptime of each camera of a unit in scope over a period.

        Of each camera what lies in the period, and the one change before it, is read by its key:
        neither how long its history is nor how many other cameras there are makes a difference.
        """
        c = cameras.c
        earlier = health.alias()
        before = (
            sa.select(sa.func.max(earlier.c.at_us))
            .where(earlier.c.camera_id == c.id, earlier.c.at_us <= since_us)
            .correlate(cameras)
            .scalar_subquery()
        )
        query = (
            sums_of(health, since_us, until_us)
            .join_from(cameras, health, _h.camera_id == c.id)
            .where(
                c.unit_code == unit_code,
                in_scope(c.unit_code, scope, c.id),
                _h.at_us >= sa.func.coalesce(before, since_us),
                *_touching(since_us, until_us),
            )
            .group_by(_h.camera_id)
        )
        return await self._uptimes(query.add_columns(sa.literal(1)))

    async def _uptimes(self, query: sa.Select[Any]) -> Mapping[str, Uptime]:
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
        dead = (
            sa.select(health, died().label("since_us"), cameras.c.name.label("camera_name"))
            .join(cameras, cameras.c.id == _h.camera_id)
            .where(
                _h.until_us.is_(None),
                _h.state.in_(DEAD),
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
        """Return cameras whose live ended at least so often since a time, and how often.

        The end of live by which a camera was switched off is none of these.
        """
        falls = sa.func.count()
        # SQLite would read the whole history in the order of the key to save itself the grouping.
        camera = _h.camera_id.concat("")
        after = health.alias()
        query = (
            sa.select(camera, falls)
            .select_from(health.join(after, _followed_by(after)))
            .where(_h.until_us >= since_us, _h.state == State.LIVE.value)
            .group_by(camera)
            .having(falls >= least)
        )
        async with self._database.read() as connection:
            return [(name, count) for name, count in (await connection.execute(query)).all()]

    async def disabled(self, camera_ids: Collection[str]) -> frozenset[str]:
        """Return which of these cameras are switched off in the register."""
        wanted = listed(frozenset(camera_ids), self._database.dialect)
        query = sa.select(cameras.c.id).where(~cameras.c.enabled, cameras.c.id.in_(wanted))
        async with self._database.read() as connection:
            return frozenset((await connection.execute(query)).scalars())

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
        """Delete up to ``limit`` changes that ended before a time; return how many.

        The last state of a camera that was removed lasts for ever and goes by its beginning.
        """
        known = sa.exists().where(cameras.c.id == _h.camera_id)
        key = sa.select(_h.camera_id, _h.at_us).limit(limit)
        ended = key.where(_h.until_us < before_us).subquery()
        removed = key.where(_h.until_us.is_(None), _h.at_us < before_us, ~known).subquery()
        forgotten = 0
        async with self._database.write() as connection:
            for old in (ended, removed):
                match = sa.exists().where(old.c.camera_id == _h.camera_id, old.c.at_us == _h.at_us)
                forgotten += (await connection.execute(health.delete().where(match))).rowcount
        return forgotten


def _followed_by(after: sa.FromClause) -> sa.ColumnElement[bool]:
    """Return the condition that a change ended in another one, and not by being switched off."""
    return sa.and_(
        after.c.camera_id == _h.camera_id,
        after.c.at_us == _h.until_us,
        after.c.state != DISABLED,
    )


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

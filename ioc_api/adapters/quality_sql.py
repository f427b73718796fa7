"""Scores of cameras by the day in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
import sqlalchemy as sa

from camera_registry.adapters.camera_queries import in_scope
from camera_registry.adapters.camera_rows import camera_of
from camera_registry.adapters.camera_tables import cameras, unit_polygons
from camera_registry.adapters.database import Database
from camera_registry.model import Camera
from camera_registry.quality.model import Finding, Principle, Quality, QualityDay
from camera_registry.quality.ports import SETTLED_US, GroupScore, Listed, Order, Wanted
from camera_registry.scope import Scope
from ioc_api.adapters.quality_facts_sql import QualityFacts
from ioc_api.adapters.quality_tables import camera_uses, quality_days, quality_units
from ioc_api.adapters.quality_units_sql import (
    group_of,
    hold_units,
    sum_units,
    unit_means,
    units_of,
)

_q = quality_days.c
_AT_ONCE = 500
_decode = msgspec.json.Decoder(tuple[Finding, ...]).decode


class SqlQualityStore(QualityFacts):
    """``QualityStore`` of ``camera_registry.quality.ports``."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._database = database

    async def due(self, day: date, settled_us: int, limit: int) -> Sequence[Camera]:
        """Return cameras of one unit that have no score of a day, or an old one.

        A score is old where the camera was changed since, or the polygon of its unit was loaded.
        """
        c, area = cameras.c, unit_polygons.c
        mine = sa.and_(_q.camera_id == c.id, _q.day == day)
        settled = c.created_us + SETTLED_US
        lacking = sa.or_(
            _q.camera_id.is_(None),
            _q.computed_us < c.updated_us,
            _q.computed_us < area.imported_us,
            sa.and_(_q.computed_us < settled, settled <= settled_us),
        )
        joined = cameras.outerjoin(quality_days, mine)
        joined = joined.outerjoin(unit_polygons, area.unit_code == c.unit_code)
        unit = sa.select(sa.func.min(c.unit_code)).select_from(joined).where(lacking)
        query = (
            sa.select(cameras)
            .select_from(joined)
            .where(lacking, c.unit_code == unit.scalar_subquery())
            .order_by(c.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [camera_of(row) for row in (await connection.execute(query)).mappings()]

    async def progress(self, day: date) -> tuple[int, int]:
        """Return how many cameras have a score of a day, and how many there are."""
        scored = sa.select(sa.func.count()).select_from(quality_days).where(_q.day == day)
        every = sa.select(sa.func.count()).select_from(cameras)
        async with self._database.read() as connection:
            done = (await connection.execute(scored)).scalar_one()
            return done, (await connection.execute(every)).scalar_one()

    async def put(self, days: Sequence[QualityDay]) -> None:
        """Write scores over those of the same camera and day."""
        if not days:
            return
        rows = [_row(each) for each in days]
        async with self._database.write() as connection:
            touched = {(each.day, each.unit_code) for each in days}
            for day in {each.day for each in days}:
                ids = [each.camera_id for each in days if each.day == day]
                touched |= await units_of(connection, day, ids)
            await hold_units(connection, self._database, touched)
            write = self._database.insert(quality_days)
            changed = {
                name: write.excluded[name]
                for name in quality_days.c.keys()  # noqa: SIM118 - no plain mapping
                if name not in ("camera_id", "day")
            }
            write = write.on_conflict_do_update(index_elements=["camera_id", "day"], set_=changed)
            await connection.execute(write, rows)
            await sum_units(connection, touched)

    async def groups(self, scope: Scope, since: date, until: date) -> Sequence[GroupScore]:
        """Return the means of each unit's cameras in scope for each day of a span, both ends in."""
        async with self._database.read() as connection:
            rows = await connection.execute(unit_means(scope, since, until))
            return [group_of(row) for row in rows.mappings()]

    async def list(
        self, scope: Scope, wanted: Wanted, after: tuple[float, str, str] | None, limit: int
    ) -> Sequence[Listed]:
        """Return up to ``limit`` cameras in scope; both the camera and its day must be in it.

        Who is on the page is found in indexes alone; then the findings of those are read.
        """
        c = cameras.c
        place, key = _order(wanted)
        chosen = (
            sa.select(_q.camera_id, place.label("place"))
            .join(cameras, c.id == _q.camera_id)
            .where(
                _q.day == wanted.day,
                in_scope(c.unit_code, scope, c.id),
                in_scope(_q.unit_code, scope, c.id),
            )
        )
        if wanted.units:
            chosen = chosen.where(_q.unit_code.in_(wanted.units))
        if wanted.below is not None:
            chosen = chosen.where(_by(wanted) < wanted.below)
        if after is not None:
            behind = after[1:] if wanted.order is Order.NAME else (after[0], after[2])
            chosen = chosen.where(sa.tuple_(*key) > sa.tuple_(*map(sa.literal, behind)))
        page = chosen.order_by(*key).limit(limit).subquery()
        by_name = wanted.order is Order.NAME
        query = (
            sa.select(quality_days, c.name, c.code, page.c.place)
            .join(page, page.c.camera_id == _q.camera_id)
            .join(cameras, c.id == _q.camera_id)
            .where(_q.day == wanted.day)
            .order_by(c.name if by_name else page.c.place, c.id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [
            Listed(
                row["name"],
                row["code"] or "",
                _day(row),
                (float(row["place"]), row["name"], row["camera_id"]),
            )
            for row in rows
        ]

    async def history(self, camera_id: str, since: date) -> Sequence[QualityDay]:
        """Return the days of a camera since one, in their order."""
        query = (
            sa.select(quality_days)
            .where(_q.camera_id == camera_id, _q.day >= since)
            .order_by(_q.day)
        )
        async with self._database.read() as connection:
            return [_day(row) for row in (await connection.execute(query)).mappings()]

    async def last_day(self, until: date | None = None) -> date | None:
        """Return the latest day with scores, before ``until`` if that is given."""
        query = sa.select(_q.day).order_by(_q.day.desc()).limit(1)
        if until is not None:
            query = query.where(_q.day < until)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def lacks(self, day: date, since_us: int) -> bool:
        """Say whether a camera that was registered before a time has no score of a day."""
        c = cameras.c
        scored = sa.exists().where(_q.camera_id == c.id, _q.day == day)
        query = sa.select(c.id).where(c.created_us < since_us, ~scored).limit(1)
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def drop_removed(self, day: date, limit: int) -> int:
        """Delete up to ``limit`` scores of a day whose cameras are gone; return how many."""
        known = sa.exists().where(cameras.c.id == _q.camera_id)
        query = sa.select(_q.camera_id, _q.unit_code).where(_q.day == day, ~known).limit(limit)
        async with self._database.read() as connection:
            gone = (await connection.execute(query)).all()
        if not gone:
            return 0
        units = {(day, unit) for _, unit in gone}
        async with self._database.write() as connection:
            await hold_units(connection, self._database, units)
            for begin in range(0, len(gone), _AT_ONCE):
                ids = [camera_id for camera_id, _ in gone[begin : begin + _AT_ONCE]]
                mine = sa.and_(_q.day == day, _q.camera_id.in_(ids), ~known)
                await connection.execute(quality_days.delete().where(mine))
            await sum_units(connection, units)
        return len(gone)

    async def forget(self, before: date, plain_before: date, limit: int) -> int:
        """Delete what is from before a day, and the findings from before another; say how many."""
        async with self._database.write() as connection:
            old = sa.select(_q.camera_id, _q.day).where(_q.day < before).limit(limit)
            key = sa.tuple_(_q.camera_id, _q.day)
            gone = await connection.execute(quality_days.delete().where(key.in_(old)))
            full = (
                sa.select(_q.camera_id, _q.day)
                .where(_q.day < plain_before, _q.findings != "[]")
                .limit(limit)
            )
            plain = quality_days.update().where(key.in_(full)).values(findings="[]")
            plained = await connection.execute(plain)
            await connection.execute(quality_units.delete().where(quality_units.c.day < before))
            await connection.execute(camera_uses.delete().where(camera_uses.c.day < before))
            return max(gone.rowcount, plained.rowcount)


def _by(wanted: Wanted) -> sa.ColumnElement[float]:
    return _q[wanted.principle.value if wanted.principle else "score"]


def _order(wanted: Wanted) -> tuple[sa.ColumnElement[float], tuple[sa.ColumnElement[Any], ...]]:
    """Return the place of a camera by its score, and the key of the order.

    What is not known comes last in both directions; equals stand as they were registered.
    """
    if wanted.order is Order.NAME:
        return sa.literal(0.0), (cameras.c.name, cameras.c.id)
    worst = wanted.order is Order.WORST
    place = sa.func.coalesce(_by(wanted), 2.0) if worst else -sa.func.coalesce(_by(wanted), -1.0)
    return place, (place, _q.camera_id)


def _row(each: QualityDay) -> dict[str, Any]:
    scores: Mapping[Principle, float | None] = each.quality.scores
    return {
        "camera_id": each.camera_id,
        "day": each.day,
        "unit_code": each.unit_code,
        "score": each.quality.score,
        **{name.value: scores[name] for name in Principle},
        "findings": msgspec.json.encode(each.quality.findings).decode(),
        "computed_us": each.computed_us,
    }


def _day(row: sa.RowMapping) -> QualityDay:
    quality = Quality(
        row["score"], {each: row[each.value] for each in Principle}, _decode(row["findings"])
    )
    return QualityDay(row["camera_id"], row["unit_code"], row["day"], quality, row["computed_us"])

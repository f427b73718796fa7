"""What cameras are judged by, in the database: measurements, doubles, uses."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.database import Database
from camera_registry.geo.distance import EARTH_M
from camera_registry.imports.duplicates import SAME_PLACE_M, SAME_VIEW_DEG
from camera_registry.model import Camera
from camera_registry.quality.model import Measure, Use
from ioc_api.adapters.events_sql import events
from ioc_api.adapters.quality_tables import camera_measures, camera_uses
from ioc_api.health.alarms import DOWN, FLAPPING, UP

_T = TypeVar("_T")
HEALTH_KINDS = (DOWN, FLAPPING, UP)

_IDS = 500
_NEAR_DEG = 0.0001
"""About 11 m: more than cameras in the same place are apart."""
_SAME_PLACE_DEG = math.degrees(SAME_PLACE_M / EARTH_M)
_ROWS = 200


class QualityFacts:
    """The part of ``QualityStore`` that asks what is known of cameras."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def measures(self, camera_ids: Collection[str]) -> Mapping[str, Measure]:
        """Return the latest measurement of each camera that has one."""
        m = camera_measures.c
        found: dict[str, Measure] = {}
        async with self._database.read() as connection:
            for ids in _parts(sorted(camera_ids)):
                query = sa.select(camera_measures).where(m.camera_id.in_(ids))
                for row in (await connection.execute(query)).mappings():
                    values = {name: row[name] for name in row if name != "camera_id"}
                    found[row["camera_id"]] = Measure(**values)
        return found

    async def put_measure(self, camera_id: str, measure: Measure) -> None:
        """Keep a camera's latest measurement; of a camera that has gone nothing is kept."""
        values = {
            "at_us": measure.at_us,
            "codec": measure.codec,
            "width": measure.width,
            "height": measure.height,
            "fps": measure.fps,
            "clock_offset_s": measure.clock_offset_s,
        }
        async with self._database.write() as connection:
            known = sa.select(cameras.c.id).where(cameras.c.id == camera_id).with_for_update()
            if (await connection.execute(known)).first() is None:
                return
            write = self._database.insert(camera_measures).values(camera_id=camera_id, **values)
            await connection.execute(
                write.on_conflict_do_update(index_elements=["camera_id"], set_=values)
            )

    async def unmeasured(self, before_us: int, limit: int) -> Sequence[str]:
        """Return enabled cameras without a measurement since a time, the oldest first."""
        c, m = cameras.c, camera_measures.c
        at = sa.func.coalesce(m.at_us, 0)
        query = (
            sa.select(c.id)
            .select_from(cameras.outerjoin(camera_measures, m.camera_id == c.id))
            .where(c.enabled, at < before_us)
            .order_by(at, c.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def doubles(self, cameras_: Sequence[Camera]) -> Mapping[str, frozenset[str]]:
        """Return for each camera that is there twice in which fields it is."""
        mine = cameras.alias("mine")
        found: dict[str, frozenset[str]] = {}
        async with self._database.read() as connection:
            for some in _parts(cameras_):
                twice = _twice(mine.c, some)
                query = sa.select(mine.c.id, *twice.values()).where(
                    mine.c.id.in_([each.id for each in some])
                )
                for camera_id, *answers in await connection.execute(query):
                    fields = {name for name, yes in zip(twice, answers, strict=True) if yes}
                    if fields:
                        found[camera_id] = frozenset(fields)
        return found

    async def put_uses(self, day: date, hours: Mapping[tuple[str, Use], int]) -> None:
        """Add the hours (a bit each) of a day in which cameras were used."""
        rows = [
            {"camera_id": camera_id, "day": day, "kind": use.value, "hours": bits}
            for (camera_id, use), bits in hours.items()
        ]
        async with self._database.write() as connection:
            for begin in range(0, len(rows), _ROWS):
                write = self._database.insert(camera_uses).values(rows[begin : begin + _ROWS])
                joined = camera_uses.c.hours.bitwise_or(write.excluded.hours)
                await connection.execute(
                    write.on_conflict_do_update(
                        index_elements=["camera_id", "day", "kind"], set_={"hours": joined}
                    )
                )

    async def uses(
        self, camera_ids: Collection[str], since: date, since_us: int
    ) -> Mapping[str, frozenset[Use]]:
        """Return who has used each camera since a day; events are those recorded since a time.

        Of a camera's events the latest recorded one counts, which its index leads to. That a camera
        died or came back is no use of it.
        """
        u, e = camera_uses.c, events.c
        found: dict[str, set[Use]] = {}
        async with self._database.read() as connection:
            for ids in _parts(sorted(camera_ids)):
                counted = (
                    sa.select(u.camera_id, u.kind)
                    .where(u.camera_id.in_(ids), u.day >= since)
                    .distinct()
                )
                for camera_id, kind in await connection.execute(counted):
                    found.setdefault(camera_id, set()).add(Use(kind))
                latest = (
                    sa.select(e.recorded_us)
                    .where(e.camera_id == cameras.c.id, e.kind.not_in(HEALTH_KINDS))
                    .order_by(e.seq.desc())
                    .limit(1)
                    .scalar_subquery()
                )
                lately = sa.select(cameras.c.id).where(cameras.c.id.in_(ids), latest >= since_us)
                for camera_id in (await connection.execute(lately)).scalars():
                    found.setdefault(camera_id, set()).add(Use.EVENTS)
        return {camera_id: frozenset(kinds) for camera_id, kinds in found.items()}


def _twice(
    m: ReadOnlyColumnCollection[str, sa.Column[Any]], some: Sequence[Camera]
) -> dict[str, sa.ColumnElement[bool]]:
    """Return by field whether another camera says the same; the first that does is enough."""
    o = cameras.alias("other").c
    # Within a few metres the earth is flat, and all cameras of a city lie on one latitude.
    lats = [each.position.lat for each in some if each.position is not None]
    shrink = math.cos(math.radians(sum(lats) / len(lats))) if lats else 1.0
    north, east = o.lat - m.lat, (o.lon - m.lon) * shrink
    turn = sa.func.abs(m.azimuth_deg - o.azimuth_deg)
    near = sa.and_(
        o.lon.between(m.lon - _NEAR_DEG, m.lon + _NEAR_DEG),
        o.lat.between(m.lat - _NEAR_DEG, m.lat + _NEAR_DEG),
        north * north + east * east <= _SAME_PLACE_DEG**2,
        sa.or_(turn <= SAME_VIEW_DEG, turn >= 360.0 - SAME_VIEW_DEG),
    )
    same = {
        "url": o.url == m.url,
        "serial": sa.and_(m.serial != "", o.serial == m.serial),
        "position": near,
    }
    return {field: sa.exists().where(o.id != m.id, condition) for field, condition in same.items()}


def _parts(listed: Sequence[_T]) -> list[Sequence[_T]]:
    return [listed[begin : begin + _IDS] for begin in range(0, len(listed), _IDS)]

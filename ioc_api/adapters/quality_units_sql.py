"""Means of the scores of a unit's cameras in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.camera_queries import in_scope
from camera_registry.adapters.database import Database
from camera_registry.quality.model import Principle
from camera_registry.quality.ports import GroupScore
from camera_registry.scope import Scope
from ioc_api.adapters.quality_tables import MEANS, quality_days, quality_units

Unit = tuple[date, str]
_q, _u = quality_days.c, quality_units.c
_IDS = 500


def unit_means(scope: Scope, since: date, until: date) -> sa.Select[Any]:
    """Ask for the means of units on days, both ends in.

    Whoever sees units whole gets what was summed up when the scores were written. Whoever sees
    groups only has a mean of its own, of the cameras in them.
    """
    if scope.grouped:
        query = _summed().where(in_scope(_q.unit_code, scope, _q.camera_id))
        day, unit = _q.day, _q.unit_code
    else:
        query = sa.select(quality_units)
        day, unit = _u.day, _u.unit_code
        if scope.units is not None:
            query = query.where(unit.in_(sorted(scope.units)))
    return query.where(day.between(since, until)).order_by(day, unit)


def group_of(row: sa.RowMapping) -> GroupScore:
    """Read a line of :func:`unit_means`."""
    return GroupScore(
        row["unit_code"],
        row["day"],
        row["cameras"],
        row["score_mean"],
        row["score_known"],
        {each: row[f"{each}_mean"] for each in Principle},
        {each: row[f"{each}_known"] for each in Principle},
    )


async def units_of(connection: AsyncConnection, day: date, camera_ids: Sequence[str]) -> set[Unit]:
    """Return the units that cameras count for on a day: they may have moved since."""
    found: set[Unit] = set()
    for begin in range(0, len(camera_ids), _IDS):
        some = camera_ids[begin : begin + _IDS]
        query = sa.select(_q.unit_code).where(_q.camera_id.in_(some), _q.day == day).distinct()
        found |= {(day, unit) for unit in (await connection.execute(query)).scalars()}
    return found


async def hold_units(
    connection: AsyncConnection, database: Database, units: Collection[Unit]
) -> None:
    """Lock the lines of units until the end of the transaction.

    Two that write scores of one unit then sum it up one after the other, and the second sees what
    the first has written.
    """
    if not units:
        return
    nothing = {"cameras": 0, **{f"{name}_known": 0 for name in MEANS}}
    rows = [{"day": day, "unit_code": unit, **nothing} for day, unit in sorted(units)]
    write = database.insert(quality_units).values(rows)
    same = {"cameras": quality_units.c.cameras}
    await connection.execute(
        write.on_conflict_do_update(index_elements=["day", "unit_code"], set_=same)
    )


async def sum_units(connection: AsyncConnection, units: Collection[Unit]) -> None:
    """Sum the scores of units up that are held; one without any has no line."""
    for day, unit in sorted(units):
        here = sa.and_(_u.day == day, _u.unit_code == unit)
        query = _summed().where(_q.day == day, _q.unit_code == unit)
        row = (await connection.execute(query)).mappings().first()
        if row is None:
            await connection.execute(quality_units.delete().where(here))
        else:
            await connection.execute(quality_units.update().where(here).values(dict(row)))


def _summed() -> sa.Select[Any]:
    return sa.select(
        _q.day,
        _q.unit_code,
        sa.func.count().label("cameras"),
        *(sa.func.avg(_q[name]).label(f"{name}_mean") for name in MEANS),
        *(sa.func.count(_q[name]).label(f"{name}_known") for name in MEANS),
    ).group_by(_q.day, _q.unit_code)

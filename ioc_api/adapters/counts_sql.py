"""Counts of rules in the database: one row for each record of a minute that a worker sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError

from analytics.series import CountBatch, CountRecord, Step, roll_up, span
from camera_registry.adapters.database import Database, metadata
from camera_registry.base.errors import InvalidError
from camera_registry.base.ids import new_id

counts = sa.Table(
    "counts",
    metadata,
    sa.Column("batch_id", sa.String(36), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("camera_id", sa.String(36), nullable=False),
    sa.Column("start_us", sa.BigInteger, nullable=False),
    sa.Column("seconds", sa.Integer, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("rule_version", sa.Integer, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("measure", sa.Text, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("value", sa.Float, nullable=False),
    sa.Column("weight", sa.Integer, nullable=False),
)
sa.Index("ix_counts_camera_id_start_us", counts.c.camera_id, counts.c.start_us)
sa.Index("ix_counts_seconds_start_us", counts.c.seconds, counts.c.start_us)

_FIELDS = (
    "rule",
    "rule_version",
    "zone",
    "kind",
    "measure",
    "direction",
    "label",
    "how",
    "start_us",
    "seconds",
    "value",
    "weight",
)
_ROWS = 500
_SHORTEST = {"minute": 60, "hour": 3600, "day": 4 * 3600}
"""Rows of fewer seconds are shorter than a step; a day of the city may have lost an hour or two."""


class SqlCountStore:
    """``CountStore`` of ``ioc_api.events.count_recorder`` and of the routes, ``CountArchive`` of
    the keeper.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, batches: Sequence[CountBatch]) -> None:
        """Write batches in one transaction; one that is there already changes nothing.

        Raises InvalidError where the database refuses a value.
        """
        rows = [row for batch in batches for row in _values(batch)]
        async with self._database.write() as connection:
            try:
                for start in range(0, len(rows), _ROWS):
                    write = self._database.insert(counts).values(rows[start : start + _ROWS])
                    await connection.execute(
                        write.on_conflict_do_nothing(index_elements=["batch_id", "position"])
                    )
            except (DataError, IntegrityError):
                raise InvalidError("The database refuses a count of this batch") from None

    async def list(
        self, camera_id: str, since_us: int, until_us: int, rule: str, limit: int
    ) -> Sequence[CountRecord]:
        """Return up to ``limit`` records of a camera by time; ``rule`` empty means all."""
        query = sa.select(counts).where(
            counts.c.camera_id == camera_id,
            counts.c.start_us >= since_us,
            counts.c.start_us < until_us,
        )
        if rule:
            query = query.where(counts.c.rule == rule)
        query = query.order_by(counts.c.start_us).limit(limit)
        async with self._database.read() as connection:
            return [_record(row) for row in (await connection.execute(query)).mappings()]

    async def join(self, step: Step, before_us: int, zone: ZoneInfo) -> int:
        """Join the oldest span (an hour or a day of one camera) that ended before a time.

        Returns how many shorter rows went into it, 0 where there is none. A late batch of a span
        that was joined already is joined to it.
        """
        shorter = counts.c.seconds < _SHORTEST[step]
        async with self._database.write() as connection:
            oldest = (
                sa.select(counts.c.start_us, counts.c.camera_id)
                .where(shorter, counts.c.start_us < before_us)
                .order_by(counts.c.start_us, counts.c.camera_id)
                .limit(1)
            )
            found = (await connection.execute(oldest)).first()
            if found is None:
                return 0
            begin_us, seconds = span(found.start_us, step, zone)
            if begin_us + seconds * 1_000_000 > before_us:
                return 0
            mine = sa.and_(
                counts.c.camera_id == found.camera_id,
                counts.c.start_us >= begin_us,
                counts.c.start_us < begin_us + seconds * 1_000_000,
                counts.c.seconds <= seconds,
            )
            query = sa.select(counts).where(mine)
            rows = (await connection.execute(query)).mappings().all()
            joined = roll_up([_record(row) for row in rows], step, zone)
            await connection.execute(sa.delete(counts).where(mine))
            batch = new_id(begin_us)
            values = _values(CountBatch(batch, found.camera_id, tuple(joined)))
            for start in range(0, len(values), _ROWS):
                await connection.execute(sa.insert(counts).values(values[start : start + _ROWS]))
            return sum(row["seconds"] < _SHORTEST[step] for row in rows)

    async def drop(self, before_us: int, limit: int) -> int:
        """Delete up to ``limit`` of the oldest rows from before a time; return how many."""
        keys = (
            sa.select(counts.c.batch_id, counts.c.position)
            .where(counts.c.start_us < before_us)
            .order_by(counts.c.start_us)
            .limit(limit)
        )
        old = sa.tuple_(counts.c.batch_id, counts.c.position).in_(keys)
        async with self._database.write() as connection:
            return (await connection.execute(sa.delete(counts).where(old))).rowcount


def _values(batch: CountBatch) -> list[dict[str, Any]]:
    return [
        {"batch_id": batch.id, "position": position, "camera_id": batch.camera_id}
        | {field: getattr(record, field) for field in _FIELDS}
        for position, record in enumerate(batch.records)
    ]


def _record(row: sa.RowMapping) -> CountRecord:
    values: dict[str, Any] = {field: row[field] for field in _FIELDS}
    return CountRecord(**values)

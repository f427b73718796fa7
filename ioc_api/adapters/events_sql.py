"""Recorded events in the database. ``seq`` is the order of recording and never goes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError

from analytics.events import Box, Event
from camera_registry.adapters.camera_queries import in_scope
from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.database import BigId, Database, metadata
from camera_registry.base.errors import InvalidError
from camera_registry.scope import Scope
from ioc_api.events.records import EventFilter, NewRecord, Record, Rejected

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", BigId, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("camera_id", sa.String(36), nullable=False),
    sa.Column("unit_code", sa.String(8), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
    sa.Column("arrival_us", sa.BigInteger, nullable=False),
    sa.Column("emitted_us", sa.BigInteger, nullable=False),
    sa.Column("recorded_us", sa.BigInteger, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("rule_version", sa.Integer, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("track_id", sa.BigInteger, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("box_x", sa.Float, nullable=False),
    sa.Column("box_y", sa.Float, nullable=False),
    sa.Column("box_w", sa.Float, nullable=False),
    sa.Column("box_h", sa.Float, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("snapshot_key", sa.Text, nullable=False),
    sa.Column("measured", sa.Text, nullable=True),
    sqlite_autoincrement=True,
)
sa.Index("ix_events_camera_id_seq", events.c.camera_id, events.c.seq)
sa.Index("ix_events_unit_code_seq", events.c.unit_code, events.c.seq)

events_rejected = sa.Table(
    "events_rejected",
    metadata,
    sa.Column("seq", BigId, primary_key=True, autoincrement=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("head", sa.LargeBinary, nullable=False),
    sa.Column("rejected_us", sa.BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(dict[str, float])


class SqlEventStore:
    """``EventStore`` of ``ioc_api.events.records``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, new: Sequence[NewRecord], rejected: Sequence[Rejected]) -> set[str]:
        """Write both in one transaction; return the ids that were not there before.

        Raises InvalidError where the database refuses a value.
        """
        fresh: set[str] = set()
        # ``alone``: with several recorders on PostgreSQL a lower seq could otherwise become
        # visible after a higher one, and a reader that resumes by seq would miss it.
        async with self._database.write(alone=True) as connection:
            try:
                if new:
                    write = self._database.insert(events).values([_row(item) for item in new])
                    done = await connection.execute(
                        write.on_conflict_do_nothing(index_elements=["id"]).returning(events.c.id)
                    )
                    fresh = set(done.scalars())
                if rejected:
                    poison = self._database.insert(events_rejected).values(
                        [_rejected_row(item) for item in rejected]
                    )
                    await connection.execute(
                        poison.on_conflict_do_nothing(index_elements=["digest"])
                    )
            except (DataError, IntegrityError):
                raise InvalidError("The database refuses an event of this batch") from None
        return fresh

    async def known(self, ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are recorded already."""
        if not ids:
            return set()
        query = sa.select(events.c.id).where(events.c.id.in_(ids))
        async with self._database.read() as connection:
            return set((await connection.execute(query)).scalars())

    async def get(self, event_id: str, scope: Scope) -> Record | None:
        """Return an event in scope, or None."""
        query = _select().where(
            events.c.id == event_id, in_scope(events.c.unit_code, scope, events.c.camera_id)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else _record(row)

    async def list(
        self, scope: Scope, wanted: EventFilter, before: int | None, limit: int
    ) -> Sequence[Record]:
        """Return up to ``limit`` events, the latest recorded first, with seq below ``before``."""
        query = _select().where(in_scope(events.c.unit_code, scope, events.c.camera_id))
        if before is not None:
            query = query.where(events.c.seq < before)
        for column, value in (
            (events.c.camera_id, wanted.camera_id),
            (events.c.unit_code, wanted.unit_code),
            (events.c.kind, wanted.kind),
        ):
            if value:
                query = query.where(column == value)
        if wanted.since_us is not None:
            query = query.where(events.c.at_us >= wanted.since_us)
        if wanted.until_us is not None:
            query = query.where(events.c.at_us < wanted.until_us)
        return await self._rows(query.order_by(events.c.seq.desc()).limit(limit))

    async def after(self, scope: Scope, seq: int, limit: int) -> Sequence[Record]:
        """Return up to ``limit`` events in scope with a seq above ``seq``, in order."""
        query = _select().where(
            in_scope(events.c.unit_code, scope, events.c.camera_id), events.c.seq > seq
        )
        return await self._rows(query.order_by(events.c.seq).limit(limit))

    async def last_seq(self) -> int:
        """Return the highest seq, 0 where nothing was recorded."""
        async with self._database.read() as connection:
            found = await connection.execute(sa.select(sa.func.max(events.c.seq)))
            return int(found.scalar() or 0)

    async def _rows(self, query: sa.Select[Any]) -> Sequence[Record]:
        async with self._database.read() as connection:
            return [_record(row) for row in (await connection.execute(query)).mappings()]


def _select() -> sa.Select[Any]:
    joined = events.outerjoin(cameras, cameras.c.id == events.c.camera_id)
    return sa.select(events, cameras.c.name.label("camera_name")).select_from(joined)


def _row(item: NewRecord) -> dict[str, Any]:
    event = item.event
    return {
        "id": event.id,
        "kind": event.kind,
        "camera_id": event.camera_id,
        "unit_code": event.unit_code,
        "at_us": event.at_us,
        "arrival_us": event.arrival_us,
        "emitted_us": event.emitted_us,
        "recorded_us": item.recorded_us,
        "rule": event.rule,
        "rule_version": event.rule_version,
        "zone": event.zone,
        "track_id": event.track_id,
        "label": event.label,
        "score": event.score,
        "box_x": event.box.x,
        "box_y": event.box.y,
        "box_w": event.box.w,
        "box_h": event.box.h,
        "model": event.model,
        "worker": event.worker,
        "snapshot_key": item.snapshot_key,
        "measured": None if event.measured is None else _encoder.encode(event.measured).decode(),
    }


def _rejected_row(item: Rejected) -> dict[str, Any]:
    return {
        "digest": item.digest,
        "subject": item.subject,
        "reason": item.reason,
        "size": item.size,
        "head": item.head,
        "rejected_us": item.rejected_us,
    }


def _record(row: sa.RowMapping) -> Record:
    event = Event(
        id=row["id"],
        kind=row["kind"],
        camera_id=row["camera_id"],
        unit_code=row["unit_code"],
        at_us=row["at_us"],
        arrival_us=row["arrival_us"],
        emitted_us=row["emitted_us"],
        rule=row["rule"],
        rule_version=row["rule_version"],
        zone=row["zone"],
        track_id=row["track_id"],
        label=row["label"],
        score=row["score"],
        box=Box(row["box_x"], row["box_y"], row["box_w"], row["box_h"]),
        model=row["model"],
        worker=row["worker"],
        measured=None if row["measured"] is None else _decoder.decode(row["measured"]),
    )
    return Record(row["seq"], event, row["camera_name"], row["recorded_us"], row["snapshot_key"])

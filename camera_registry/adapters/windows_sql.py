"""Maintenance windows in the database."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from camera_registry.adapters.database import Database, metadata
from camera_registry.health.model import Target, Window
from camera_registry.model import Actor

maintenance = sa.Table(
    "maintenance",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("target", sa.String(8), nullable=False),
    sa.Column("target_id", sa.String(36), nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by_id", sa.String(36), nullable=False),
    sa.Column("by_name", sa.Text, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
)

_m = maintenance.c


class SqlWindowStore:
    """The ``WindowStore`` on SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, window: Window) -> None:
        """Store a window."""
        values = {
            "id": window.id,
            "target": window.target.value,
            "target_id": window.target_id,
            "from_us": window.from_us,
            "until_us": window.until_us,
            "reason": window.reason,
            "by_id": window.by.id,
            "by_name": window.by.name,
            "created_us": window.created_us,
        }
        async with self._database.write() as connection:
            await connection.execute(maintenance.insert().values(values))

    async def get(self, window_id: str) -> Window | None:
        """Return a window, or None."""
        query = sa.select(maintenance).where(_m.id == window_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else _window(row)

    async def list(self, until_after_us: int, limit: int) -> Sequence[Window]:
        """Return windows that end after a time, by their beginnings."""
        query = (
            sa.select(maintenance)
            .where(_m.until_us > until_after_us)
            .order_by(_m.from_us, _m.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [_window(row) for row in (await connection.execute(query)).mappings()]

    async def end(self, window_id: str, at_us: int) -> None:
        """Let a window end at a time; one that has not begun is deleted."""
        async with self._database.write() as connection:
            await connection.execute(
                maintenance.delete().where(_m.id == window_id, _m.from_us >= at_us)
            )
            await connection.execute(
                maintenance.update()
                .where(_m.id == window_id, _m.until_us > at_us)
                .values(until_us=at_us)
            )


def _window(row: sa.RowMapping) -> Window:
    return Window(
        row["id"],
        Target(row["target"]),
        row["target_id"],
        row["from_us"],
        row["until_us"],
        row["reason"],
        Actor(row["by_id"], row["by_name"]),
        row["created_us"],
    )

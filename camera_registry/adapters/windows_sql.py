"""Maintenance windows in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from camera_registry.adapters.camera_queries import in_scope
from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.database import Database, metadata
from camera_registry.health.model import SeenWindow, Target, Window
from camera_registry.health.ports import Place, WindowFilter
from camera_registry.model import Actor
from camera_registry.scope import EVERYWHERE, Scope

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

    async def page(self, wanted: WindowFilter, after: Place | None, limit: int) -> list[SeenWindow]:
        """Return windows in the scope by their beginnings, with the names of cameras."""
        c = cameras.c
        camera = sa.and_(_m.target == Target.CAMERA.value, c.id == _m.target_id)
        query = (
            sa.select(maintenance, sa.func.coalesce(c.name, "").label("name"))
            .select_from(maintenance.outerjoin(cameras, camera))
            .where(_m.until_us > wanted.ends_after_us, _visible(wanted.scope))
        )
        if wanted.targets is not None:
            query = query.where(_m.target_id.in_(sorted(wanted.targets)))
        async with self._database.read() as connection:
            rows = (await connection.execute(_paged(query, after, limit))).mappings()
            return [SeenWindow(_window(row), row["name"]) for row in rows]

    async def between(
        self, since_us: int, until_us: int, after: Place | None, limit: int
    ) -> Sequence[Window]:
        """Return windows, whosesoever, that touch a period, by their beginnings."""
        query = sa.select(maintenance).where(_m.until_us > since_us, _m.from_us <= until_us)
        async with self._database.read() as connection:
            rows = (await connection.execute(_paged(query, after, limit))).mappings()
            return [_window(row) for row in rows]

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


def _visible(scope: Scope) -> sa.ColumnElement[bool]:
    """Return the condition that all of what a window is for lies in the scope."""
    c = cameras.c
    camera = sa.and_(c.id.is_not(None), in_scope(c.unit_code, scope, c.id))
    if scope.units is None:
        whole: sa.ColumnElement[bool] = _m.target != Target.CAMERA.value
    else:
        groups = [group for group, unit in scope.grouped if unit == EVERYWHERE]
        whole = sa.or_(
            sa.and_(_m.target == Target.UNIT.value, _m.target_id.in_(sorted(scope.units))),
            sa.and_(_m.target == Target.GROUP.value, _m.target_id.in_(sorted(groups))),
        )
    return sa.or_(camera, whole)


def _paged(query: sa.Select[Any], after: Place | None, limit: int) -> sa.Select[Any]:
    if after is not None:
        place = sa.tuple_(sa.literal(after[0], sa.BigInteger), sa.literal(after[1]))
        query = query.where(sa.tuple_(_m.from_us, _m.id) > place)
    return query.order_by(_m.from_us, _m.id).limit(limit)


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

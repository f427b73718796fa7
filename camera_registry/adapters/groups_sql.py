"""Camera groups in the database."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from camera_registry.adapters.camera_tables import camera_groups, shared_credentials
from camera_registry.adapters.database import Database
from camera_registry.base.errors import ConflictError
from camera_registry.groups import CameraGroup
from camera_registry.scope import EVERYWHERE, Scope


class SqlGroupStore:
    """``GroupStore`` of ``camera_registry.groups``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, group: CameraGroup) -> None:
        """Store a new group."""
        values = {
            "id": group.id,
            "name": group.name,
            "unit_code": group.unit_code,
            "created_us": group.created_us,
        }
        async with self._database.write() as connection:
            try:
                await connection.execute(camera_groups.insert().values(values))
            except IntegrityError:
                raise _taken(group.name) from None

    async def get(self, group_id: str) -> CameraGroup | None:
        """Return a group, or None."""
        query = sa.select(camera_groups).where(camera_groups.c.id == group_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else CameraGroup(**row)

    async def list(
        self, scope: Scope, after: tuple[str, str] | None, limit: int
    ) -> Sequence[CameraGroup]:
        """Return up to ``limit`` groups that the scope may know, by (name, id)."""
        c = camera_groups.c
        query = sa.select(camera_groups).where(seen_by(scope))
        if after is not None:
            last = sa.tuple_(sa.literal(after[0]), sa.literal(after[1]))
            query = query.where(sa.tuple_(c.name, c.id) > last)
        query = query.order_by(c.name, c.id).limit(limit)
        async with self._database.read() as connection:
            return [CameraGroup(**row) for row in (await connection.execute(query)).mappings()]

    async def rename(self, group_id: str, name: str) -> bool:
        """Rename a group; say whether it was there."""
        change = camera_groups.update().where(camera_groups.c.id == group_id).values(name=name)
        async with self._database.write() as connection:
            try:
                return (await connection.execute(change)).rowcount > 0
            except IntegrityError:
                raise _taken(name) from None

    async def delete(self, group_id: str) -> bool:
        """Delete a group; say whether it was there."""
        gone = camera_groups.delete().where(camera_groups.c.id == group_id)
        async with self._database.write() as connection:
            try:
                return (await connection.execute(gone)).rowcount > 0
            except IntegrityError:
                raise ConflictError(
                    "A camera was put into the group meanwhile, or a shared log-in made for it",
                    hint="try again",
                ) from None

    async def bound(self, group_id: str) -> bool:
        """Say whether a shared log-in is for this group."""
        query = sa.select(shared_credentials.c.id).where(shared_credentials.c.group_id == group_id)
        async with self._database.read() as connection:
            return (await connection.execute(query.limit(1))).first() is not None


def seen_by(scope: Scope) -> sa.ColumnElement[bool]:
    """Return the condition that a scope may know of a group, as ``groups.visible`` says it."""
    if scope.units is None:
        return sa.true()
    c = camera_groups.c
    known = sorted(scope.units | {EVERYWHERE})
    held = sorted({group for group, _ in scope.grouped})
    return sa.or_(c.unit_code.in_(known), c.id.in_(held))


def _taken(name: str) -> ConflictError:
    return ConflictError(
        f"name: there is a camera group {name!r} already", hint="choose another", code="name_taken"
    )

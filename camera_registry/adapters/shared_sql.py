"""Shared log-ins in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.camera_queries import WHOLE
from camera_registry.adapters.camera_rows import stored_of
from camera_registry.adapters.camera_tables import camera_versions, cameras, shared_credentials
from camera_registry.adapters.database import Database
from camera_registry.adapters.version_rows import entry_row
from camera_registry.base.errors import ConflictError, InvalidError
from camera_registry.model import Actor
from camera_registry.scope import EVERYWHERE, Scope
from camera_registry.shared import Logins, SharedCredential, with_login
from camera_registry.stored import StoredCamera
from camera_registry.versions import renewed_entry

_c = shared_credentials.c
_FIELDS = (
    "id",
    "name",
    "unit_code",
    "username",
    "weak",
    "version",
    "created_us",
    "updated_us",
    "sealed",
)
_COUNTED = sa.select(
    shared_credentials,
    sa.select(sa.func.count())
    .where(cameras.c.credential_id == _c.id)
    .correlate(shared_credentials)
    .scalar_subquery()
    .label("cameras"),
)


class SqlSharedStore:
    """``SharedStore`` of ``camera_registry.shared``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, shared: SharedCredential) -> None:
        """Store a new one."""
        async with self._database.write() as connection:
            try:
                await connection.execute(shared_credentials.insert().values(_row(shared)))
            except IntegrityError as error:
                raise _refused(error, shared) from None

    async def get(self, credential_id: str, scope: Scope) -> SharedCredential | None:
        """Return one in scope, or None."""
        return await self._first(_COUNTED.where(_c.id == credential_id, wholly_in(scope)))

    async def named(self, name: str, scope: Scope) -> SharedCredential | None:
        """Return the one of a name in scope, or None."""
        return await self._first(_COUNTED.where(_c.name == name, wholly_in(scope)))

    async def list(
        self, scope: Scope, after: tuple[str, str] | None, limit: int
    ) -> Sequence[SharedCredential]:
        """Return up to ``limit`` in scope, by (name, id)."""
        query = _COUNTED.where(wholly_in(scope))
        if after is not None:
            last = sa.tuple_(sa.literal(after[0]), sa.literal(after[1]))
            query = query.where(sa.tuple_(_c.name, _c.id) > last)
        query = query.order_by(_c.name, _c.id).limit(limit)
        async with self._database.read() as connection:
            return [_read(row) for row in (await connection.execute(query)).mappings()]

    async def replace(
        self, before: SharedCredential, after: SharedCredential, by: Actor
    ) -> Sequence[StoredCamera] | None:
        """Write a changed one, and with another secret a version of each of its cameras."""
        change = (
            shared_credentials.update()
            .where(_c.id == before.id, _c.version == before.version)
            .values(_row(after))
        )
        async with self._database.write() as connection:
            try:
                if (await connection.execute(change)).rowcount == 0:
                    return None
            except IntegrityError as error:
                raise _refused(error, after) from None
            if after.sealed == before.sealed:
                return []
            return await self._renew(connection, after, by)

    async def delete(self, credential_id: str, version: int | None) -> bool:
        """Delete one; say whether there was one."""
        gone = shared_credentials.delete().where(_c.id == credential_id)
        if version is not None:
            gone = gone.where(_c.version == version)
        async with self._database.write() as connection:
            try:
                return (await connection.execute(gone)).rowcount > 0
            except IntegrityError:
                raise ConflictError(
                    "Cameras use this shared log-in",
                    hint="give them another log-in first",
                    code="credential_in_use",
                ) from None

    async def _renew(
        self, connection: AsyncConnection, shared: SharedCredential, by: Actor
    ) -> Sequence[StoredCamera]:
        c = cameras.c
        mine = c.credential_id == shared.id
        later = sa.case((c.updated_us > shared.updated_us, c.updated_us), else_=shared.updated_us)
        await connection.execute(
            cameras.update()
            .where(mine)
            .values(version=c.version + 1, updated_us=later, weak_credentials=shared.weak)
        )
        rows = (await connection.execute(sa.select(*WHOLE).where(mine))).mappings().all()
        changed = [stored_of(row) for row in rows]
        entries = [entry_row(renewed_entry(each.camera, by)) for each in changed]
        if entries:
            await connection.execute(camera_versions.insert(), entries)
        return [each for each in changed if each.camera.enabled]

    async def _first(self, query: sa.Select[Any]) -> SharedCredential | None:
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else _read(row)


def wholly_in(scope: Scope) -> sa.ColumnElement[bool]:
    """Return the condition that all of where a shared log-in may be used lies in the scope."""
    if scope.units is None:
        return sa.true()
    allowed: list[sa.ColumnElement[bool]] = []
    for units, groups in scope.products():
        within = sa.true() if EVERYWHERE in units else _c.unit_code.in_(sorted(units))
        if groups is None:
            allowed.append(within)
        else:
            allowed.append(sa.and_(within, _c.group_id.in_(sorted(groups))))
    return sa.or_(sa.false(), *allowed)


async def all_shared(connection: AsyncConnection, scope: Scope) -> list[SharedCredential]:
    """Return every shared log-in that lies in the scope as a whole."""
    found = await connection.execute(_COUNTED.where(wholly_in(scope)))
    return [_read(row) for row in found.mappings()]


async def with_logins(
    connection: AsyncConnection, wanted: Sequence[StoredCamera]
) -> list[StoredCamera]:
    """Return cameras with what the store knows of the shared log-ins that they name.

    Those stay as they are until the end of the transaction. Raises InvalidError where one is not
    there, or not for its camera.
    """
    known = await held_logins(connection, {each.camera.credential_id for each in wanted})
    return [with_login(each, known) for each in wanted]


async def held_logins(connection: AsyncConnection, ids: Collection[str]) -> Logins:
    """Return shared log-ins by id; they stay as they are until the end of the transaction."""
    return await _by_id(connection, ids, held=True)


async def known_logins(connection: AsyncConnection, ids: Collection[str]) -> Logins:
    """Return shared log-ins by id, as they are now."""
    return await _by_id(connection, ids, held=False)


async def _by_id(connection: AsyncConnection, ids: Collection[str], held: bool) -> Logins:
    named = sorted(set(ids) - {""})
    if not named:
        return {}
    query = _COUNTED.where(_c.id.in_(named))
    if held:
        query = query.with_for_update(read=True, of=shared_credentials)
    return {row["id"]: _read(row) for row in (await connection.execute(query)).mappings()}


def _row(shared: SharedCredential) -> dict[str, Any]:
    values = {name: getattr(shared, name) for name in _FIELDS}
    return {**values, "group_id": shared.group_id or None}


def _read(row: sa.RowMapping) -> SharedCredential:
    return SharedCredential(
        **{name: row[name] for name in _FIELDS},
        group_id=row["group_id"] or "",
        cameras=row["cameras"],
    )


def _refused(error: IntegrityError, shared: SharedCredential) -> ConflictError | InvalidError:
    if "name" in str(error.orig):
        return ConflictError(
            f"name: there is a shared log-in {shared.name!r} already",
            hint="choose another",
            code="name_taken",
        )
    return InvalidError("group_id: there is no such camera group", code="groups")

"""Cameras and their history in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.camera_queries import WHOLE, in_scope, page
from camera_registry.adapters.camera_rows import camera_of, row_of, stored_of
from camera_registry.adapters.camera_tables import (
    camera_group_members,
    camera_groups,
    camera_numbers,
    camera_tags,
    camera_versions,
    cameras,
    shared_credentials,
)
from camera_registry.adapters.database import Database
from camera_registry.adapters.groups_sql import seen_by
from camera_registry.adapters.shared_sql import wholly_in, with_logins
from camera_registry.adapters.stream_addresses import require_free
from camera_registry.adapters.version_rows import entry_of_row, entry_row
from camera_registry.base.errors import ConflictError, InvalidError
from camera_registry.model import Actor, Camera
from camera_registry.naming import CodeScheme
from camera_registry.records import CameraFilter, StoredCamera
from camera_registry.scope import Scope
from camera_registry.search import search_text
from camera_registry.units import Units
from camera_registry.versions import (
    DELETED,
    VersionEntry,
    entry_of,
    from_snapshot,
)

_LOGINS_AT_ONCE = 2000


class SqlCameraStore:
    """The registry's ``CameraStore`` on SQLAlchemy."""

    def __init__(
        self, database: Database, scheme: CodeScheme | None = None, units: Units | None = None
    ) -> None:
        self._database = database
        self._scheme = scheme or CodeScheme()
        self._units = units or Units.load()

    async def insert(self, stored: StoredCamera, by: Actor) -> StoredCamera:
        """Store a new camera and its first version."""
        async with self._database.write() as connection:
            await require_free(connection, [stored])
            [stored] = await with_logins(connection, [stored])
            stored = await self._coded(connection, stored)
            await self._execute(connection, cameras.insert().values(self._row(stored)), stored)
            await self._write_rest(connection, None, stored, by)
            return stored

    async def get(self, camera_id: str, scope: Scope) -> StoredCamera | None:
        """Return a camera in scope, or None."""
        async with self._database.read() as connection:
            query = _one(camera_id, scope).with_only_columns(*WHOLE)
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else stored_of(row)

    async def list(
        self, scope: Scope, wanted: CameraFilter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Camera]:
        """Return up to ``limit`` cameras by name and id, beginning behind ``after``."""
        query = page(scope, wanted, after, limit, self._database.dialect)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [camera_of(row) for row in rows]

    async def replace(
        self, before: StoredCamera, after: StoredCamera, by: Actor
    ) -> StoredCamera | None:
        """Write a changed camera if it still has the version of ``before``; None where not."""
        c = cameras.c
        async with self._database.write() as connection:
            if after.camera.url != before.camera.url:
                await require_free(connection, [after])
            # Before the camera, as a change of the log-in does: neither waits for ever.
            [after] = await with_logins(connection, [after])
            same = sa.and_(c.id == before.camera.id, c.version == before.camera.version)
            # Taken first, so that no number is spent on a change that is overtaken.
            held = await connection.execute(sa.select(c.id).where(same).with_for_update())
            if held.first() is None:
                return None
            after = await self._coded(connection, after)
            values = self._row(after)
            del values["id"]
            await self._execute(connection, cameras.update().where(same).values(values), after)
            entry = entry_of(before, after, by)
            await self._write_rest(connection, before.camera, after, by, entry)
            return after

    async def delete(
        self, camera_id: str, scope: Scope, by: Actor, now_us: int, version: int | None
    ) -> bool:
        """Delete a camera in scope; say whether there was one, of ``version`` if that is given."""
        async with self._database.write() as connection:
            query = _one(camera_id, scope).with_for_update()
            row = (await connection.execute(query)).mappings().first()
            if row is None or version not in (None, row["version"]):
                return False
            camera = camera_of(row)
            await connection.execute(cameras.delete().where(cameras.c.id == camera_id))
            entry = VersionEntry(camera.version + 1, now_us, by, DELETED, {}, camera)
            await connection.execute(camera_versions.insert().values(entry_row(entry)))
            return True

    async def may_use(self, credential_id: str, scope: Scope) -> bool:
        """Say whether there is a shared log-in that lies in the scope as a whole."""
        query = sa.select(shared_credentials.c.id).where(
            shared_credentials.c.id == credential_id, wholly_in(scope)
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def known_groups(self, ids: Collection[str], scope: Scope) -> set[str]:
        """Return those of the ids that are camera groups of which the scope may know."""
        query = sa.select(camera_groups.c.id).where(camera_groups.c.id.in_(ids), seen_by(scope))
        async with self._database.read() as connection:
            return set((await connection.execute(query)).scalars())

    async def enabled(self, ids: Sequence[str]) -> Sequence[StoredCamera]:
        """Return those of some cameras that are enabled."""
        query = sa.select(*WHOLE).where(cameras.c.enabled, cameras.c.id.in_(ids))
        async with self._database.read() as connection:
            return [stored_of(row) for row in (await connection.execute(query)).mappings()]

    async def enabled_logins(self) -> Sequence[tuple[str, int, bytes]]:
        """Return id, version and sealed credentials in use of every enabled camera."""
        c, shared = cameras.c, shared_credentials.c
        joined = cameras.outerjoin(shared_credentials, shared.id == c.credential_id)
        login = sa.case((c.credential_id.is_(None), c.sealed), else_=shared.sealed)
        query = sa.select(c.id, c.version, login).select_from(joined).where(c.enabled)
        query = query.order_by(c.id).limit(_LOGINS_AT_ONCE)
        found: list[tuple[str, int, bytes]] = []
        # not all at once, which would hold the event loop
        async with self._database.read() as connection:
            while len(found) % _LOGINS_AT_ONCE == 0:
                behind = query.where(c.id > found[-1][0]) if found else query
                rows = (await connection.execute(behind)).all()
                if not rows:
                    break
                found.extend((row[0], row[1], bytes(row[2] or b"")) for row in rows)
        return found

    async def versions(
        self, camera_id: str, scope: Scope, before: int | None, limit: int
    ) -> Sequence[VersionEntry] | None:
        """Return up to ``limit`` entries below ``before``, the latest first; None out of scope."""
        c = camera_versions.c
        query = sa.select(camera_versions).where(c.camera_id == camera_id)
        latest = query.order_by(c.version.desc()).limit(1)
        if before is not None:
            query = query.where(c.version < before)
        query = query.order_by(c.version.desc()).limit(limit)
        async with self._database.read() as connection:
            if (await connection.execute(_one(camera_id, scope))).first() is None:
                last = (await connection.execute(latest)).mappings().first()
                gone = last is not None and last["action"] == DELETED
                if last is None or not gone or not _was_in(last, scope):
                    return None
            rows = (await connection.execute(query)).mappings().all()
        return [entry_of_row(row) for row in rows]

    def _row(self, stored: StoredCamera) -> dict[str, Any]:
        unit = self._units.get(stored.camera.unit_code)
        return row_of(stored, search_text(stored.camera, unit.name_vi))

    async def _execute(
        self, connection: AsyncConnection, write: sa.Insert | sa.Update, stored: StoredCamera
    ) -> None:
        try:
            await connection.execute(write)
        except IntegrityError as error:
            if "code" in str(error.orig):
                raise ConflictError(
                    f"code: {stored.camera.code} is taken",
                    hint="choose another, or leave it empty and the naming scheme gives one",
                    code="code_taken",
                ) from None
            raise ConflictError(f"There is a camera {stored.camera.id} already") from None

    async def _coded(self, connection: AsyncConnection, stored: StoredCamera) -> StoredCamera:
        """Give a camera without a code the next free one of its series."""
        camera = stored.camera
        series = self._scheme.series(camera.unit_code, camera.camera_class)
        while not camera.code:
            count = self._database.insert(camera_numbers).values(series=series, last=1)
            # The row stays locked until the end of the transaction: nobody gets a number twice.
            count = count.on_conflict_do_update(
                index_elements=["series"], set_={"last": camera_numbers.c.last + 1}
            )
            number = await connection.execute(count.returning(camera_numbers.c.last))
            code = self._scheme.code(camera.unit_code, camera.camera_class, number.scalar_one())
            taken = sa.select(cameras.c.id).where(cameras.c.code == code)
            if (await connection.execute(taken)).first() is None:
                camera = replace(camera, code=code)
        return replace(stored, camera=camera)

    async def _write_rest(
        self,
        connection: AsyncConnection,
        before: Camera | None,
        stored: StoredCamera,
        by: Actor,
        entry: VersionEntry | None = None,
    ) -> None:
        camera = stored.camera
        entry = entry or entry_of(None, stored, by)
        await connection.execute(camera_versions.insert().values(entry_row(entry)))
        if before is None or before.tags != camera.tags:
            await _rewrite(connection, camera_tags, "tag", camera.id, camera.tags)
        if before is None or before.groups != camera.groups:
            known = sa.select(sa.func.count()).where(camera_groups.c.id.in_(camera.groups))
            if (await connection.execute(known)).scalar_one() != len(camera.groups):
                raise InvalidError("groups: there is no such camera group", code="groups")
            await _rewrite(connection, camera_group_members, "group_id", camera.id, camera.groups)


def _camera_in(scope: Scope) -> sa.ColumnElement[bool]:
    return in_scope(cameras.c.unit_code, scope, cameras.c.id)


def _one(camera_id: str, scope: Scope) -> sa.Select[Any]:
    return sa.select(cameras).where(cameras.c.id == camera_id, _camera_in(scope))


async def _rewrite(
    connection: AsyncConnection, table: sa.Table, column: str, camera_id: str, values: Sequence[str]
) -> None:
    await connection.execute(table.delete().where(table.c.camera_id == camera_id))
    if values:
        rows = [{"camera_id": camera_id, column: value} for value in values]
        await connection.execute(table.insert(), rows)


def _was_in(row: sa.RowMapping, scope: Scope) -> bool:
    return scope.allows(row["unit_code"], from_snapshot(row["snapshot"]).groups)

"""Many cameras in one transaction: a few statements for all instead of a few for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.camera_rows import camera_of, row_of
from camera_registry.adapters.camera_tables import (
    camera_group_members,
    camera_groups,
    camera_numbers,
    camera_tags,
    camera_versions,
    cameras,
)
from camera_registry.adapters.database import Database
from camera_registry.adapters.shared_sql import with_logins
from camera_registry.adapters.stream_addresses import require_free
from camera_registry.adapters.version_rows import entry_row
from camera_registry.base.errors import ConflictError, InvalidError
from camera_registry.model import Actor, Camera
from camera_registry.naming import CodeScheme
from camera_registry.scope import Scope
from camera_registry.search import search_text
from camera_registry.stored import StoredCamera
from camera_registry.units import Units
from camera_registry.versions import DELETED, VersionEntry, entry_of

_CHUNK = 500
"""Values of one IN list, well below what either engine takes."""
_AT_ONCE = 250
"""New cameras of one statement: ten thousand held the event loop for half a second."""

T = TypeVar("T")


class BulkCameras:
    """Writes and deletes lists of cameras within a transaction of the caller's."""

    def __init__(self, database: Database, scheme: CodeScheme, units: Units) -> None:
        self._database = database
        self._scheme = scheme
        self._units = units

    async def insert(
        self, connection: AsyncConnection, wanted: Sequence[StoredCamera], by: Actor
    ) -> None:
        """Store new cameras with their first versions; those without a code get one.

        Raises ConflictError where an id or a code exists, UrlTakenError where other cameras have
        some of the addresses, InvalidError for an unknown group.
        """
        if not wanted:
            return
        await require_free(connection, wanted)
        await self._require_groups(connection, {g for s in wanted for g in s.camera.groups})
        # codes for all at once: a statement for each series, not for each series of each part
        stored = await self._coded(connection, await with_logins(connection, wanted))
        for part in _chunks(stored, _AT_ONCE):
            await self._insert_part(connection, part, by)

    async def _insert_part(
        self, connection: AsyncConnection, stored: Sequence[StoredCamera], by: Actor
    ) -> None:
        rows = [self._row(each) for each in stored]
        try:
            await connection.execute(cameras.insert(), rows)
        except IntegrityError:
            raise ConflictError(
                "One of these cameras, or its code, was registered meanwhile",
                hint="check the file again",
                code="code_taken",
            ) from None
        entries = [entry_row(entry_of(None, each, by)) for each in stored]
        await connection.execute(camera_versions.insert(), entries)
        await self._attach(connection, stored, stored)

    async def update(
        self,
        connection: AsyncConnection,
        pairs: Sequence[tuple[StoredCamera, StoredCamera]],
        by: Actor,
        change_id: str,
    ) -> None:
        """Write changed cameras, which the caller holds locked, with their versions.

        Raises InvalidError for an unknown group.
        """
        if not pairs:
            return
        moved = [after for before, after in pairs if before.camera.groups != after.camera.groups]
        tagged = [after for before, after in pairs if before.camera.tags != after.camera.tags]
        await self._require_groups(connection, {g for each in moved for g in each.camera.groups})
        rows = [self._row(after) for _, after in pairs]
        columns: dict[str, sa.BindParameter[Any]] = {
            name: sa.bindparam(f"new_{name}") for name in rows[0] if name != "id"
        }
        change = cameras.update().where(cameras.c.id == sa.bindparam("new_id")).values(columns)
        values = [{f"new_{name}": value for name, value in row.items()} for row in rows]
        await connection.execute(change, values)
        entries = [entry_row(entry_of(*pair, by, change_id=change_id)) for pair in pairs]
        await connection.execute(camera_versions.insert(), entries)
        for table, stored in ((camera_tags, tagged), (camera_group_members, moved)):
            for chunk in _chunks([each.camera.id for each in stored], _CHUNK):
                await connection.execute(table.delete().where(table.c.camera_id.in_(chunk)))
        await self._attach(connection, tagged, moved)

    async def delete_untouched(
        self, connection: AsyncConnection, ids: Sequence[str], scope: Scope, by: Actor, now_us: int
    ) -> tuple[set[str], set[str]]:
        """Delete those of the cameras that are in scope and as they were made.

        Returns the ids of those that were changed, and of those out of scope.
        """
        kept: set[str] = set()
        barred: set[str] = set()
        for chunk in _chunks(ids, _CHUNK):
            query = sa.select(cameras).where(cameras.c.id.in_(chunk)).with_for_update()
            rows = (await connection.execute(query)).mappings().all()
            found = [camera_of(row) for row in rows]
            mine = [each for each in found if scope.allows(each.unit_code, each.groups)]
            barred |= {each.id for each in found} - {each.id for each in mine}
            kept |= {each.id for each in mine if each.version != 1}
            gone = [each for each in mine if each.version == 1]
            if not gone:
                continue
            await connection.execute(
                cameras.delete().where(cameras.c.id.in_([camera.id for camera in gone]))
            )
            entries = [entry_row(_end(camera, by, now_us)) for camera in gone]
            await connection.execute(camera_versions.insert(), entries)
        return kept, barred

    async def _attach(
        self,
        connection: AsyncConnection,
        tagged: Sequence[StoredCamera],
        grouped: Sequence[StoredCamera],
    ) -> None:
        """Write the tags of some cameras and the groups of some."""
        tags = [{"camera_id": s.camera.id, "tag": tag} for s in tagged for tag in s.camera.tags]
        groups = [
            {"camera_id": s.camera.id, "group_id": group}
            for s in grouped
            for group in s.camera.groups
        ]
        for table, lines in ((camera_tags, tags), (camera_group_members, groups)):
            if lines:
                await connection.execute(table.insert(), lines)

    def _row(self, stored: StoredCamera) -> dict[str, Any]:
        unit = self._units.get(stored.camera.unit_code)
        return row_of(stored, search_text(stored.camera, unit.name_vi))

    async def _require_groups(self, connection: AsyncConnection, groups: set[str]) -> None:
        known: set[str] = set()
        for chunk in _chunks(sorted(groups), _CHUNK):
            query = sa.select(camera_groups.c.id).where(camera_groups.c.id.in_(chunk))
            known |= set((await connection.execute(query)).scalars())
        if known != groups:
            raise InvalidError("groups: there is no such camera group", code="groups")

    async def _coded(
        self, connection: AsyncConnection, wanted: Sequence[StoredCamera]
    ) -> list[StoredCamera]:
        """Give a code to each camera without one: numbers are taken once for a whole series."""
        missing = Counter(self._series(each.camera) for each in wanted if not each.camera.code)
        given = {each.camera.code for each in wanted if each.camera.code}
        codes = {
            series: await self._take(connection, wanted, series, count, given)
            for series, count in sorted(missing.items())  # in one order: no two block each other
        }
        return [
            each
            if each.camera.code
            else replace(
                each, camera=replace(each.camera, code=codes[self._series(each.camera)].pop())
            )
            for each in wanted
        ]

    async def _take(
        self,
        connection: AsyncConnection,
        wanted: Sequence[StoredCamera],
        series: str,
        count: int,
        given: set[str],
    ) -> list[str]:
        """Return ``count`` free codes of a series, the lowest last."""
        model = next(s.camera for s in wanted if self._series(s.camera) == series)
        free: list[str] = []
        while len(free) < count:
            more = count - len(free)
            step = self._database.insert(camera_numbers).values(series=series, last=more)
            # The row stays locked until the end of the transaction: nobody gets a number twice.
            step = step.on_conflict_do_update(
                index_elements=["series"], set_={"last": camera_numbers.c.last + more}
            )
            last = (await connection.execute(step.returning(camera_numbers.c.last))).scalar_one()
            codes = [
                self._scheme.code(model.unit_code, model.camera_class, number)
                for number in range(last - more + 1, last + 1)
            ]
            taken = set(given)
            for chunk in _chunks(codes, _CHUNK):
                query = sa.select(cameras.c.code).where(cameras.c.code.in_(chunk))
                taken |= set((await connection.execute(query)).scalars())
            free += [code for code in codes if code not in taken]
        return free[::-1]

    def _series(self, camera: Camera) -> str:
        return self._scheme.series(camera.unit_code, camera.camera_class)


def _end(camera: Camera, by: Actor, now_us: int) -> VersionEntry:
    return VersionEntry(camera.version + 1, now_us, by, DELETED, {}, camera)


def _chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]

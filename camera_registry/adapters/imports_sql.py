"""Imports in the database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sa

from camera_registry.adapters.camera_tables import camera_groups
from camera_registry.adapters.cameras_bulk import BulkCameras
from camera_registry.adapters.database import Database
from camera_registry.adapters.groups_sql import seen_by
from camera_registry.adapters.import_tables import (
    import_of,
    import_row_of,
    import_rows,
    imports,
    mapping_json,
    row_values,
)
from camera_registry.adapters.known_cameras_sql import known_cameras
from camera_registry.adapters.shared_sql import all_shared
from camera_registry.adapters.work_table import WorkTable
from camera_registry.imports.duplicates import Known
from camera_registry.imports.model import Import, ImportRow, ImportState, RowState
from camera_registry.model import Actor
from camera_registry.scope import Scope
from camera_registry.shared import SharedCredential
from camera_registry.stored import StoredCamera
from camera_registry.text import fold
from camera_registry.versions import from_snapshot

Value = TypeVar("Value")
_MADE = (RowState.APPLIED, RowState.UNDONE, RowState.KEPT)


class SqlImportStore:
    """The ``ImportStore`` on SQLAlchemy."""

    def __init__(self, database: Database, bulk: BulkCameras) -> None:
        self._database = database
        self._bulk = bulk
        self._work = WorkTable(database, imports)

    async def create(self, record: Import) -> None:
        """Store a new import."""
        values = {
            "id": record.id,
            "owner_id": record.owner.id,
            "owner_name": record.owner.name,
            "file_name": record.file_name,
            "bytes": record.bytes,
            "state": record.state.value,
            "mode": record.mode,
            "headings": list(record.headings),
            "mapping": mapping_json(record.mapping),
            "total": record.total,
            "done": record.done,
            "code": record.code,
            "error": record.error,
            "hint": record.hint,
            "cancel": record.cancel,
            "created_us": record.created_us,
            "updated_us": record.updated_us,
        }
        async with self._database.write() as connection:
            await connection.execute(imports.insert().values(values))

    async def get(self, import_id: str, owner_id: str | None) -> Import | None:
        """Return an import with the counts of its rows."""
        query = sa.select(imports).where(imports.c.id == import_id)
        if owner_id is not None:
            query = query.where(imports.c.owner_id == owner_id)
        r = import_rows.c
        counting = (
            sa.select(r.state, r.warned, sa.func.count())
            .where(r.import_id == import_id)
            .group_by(r.state, r.warned)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            counted = (await connection.execute(counting)).all()
        counts: dict[RowState, int] = {}
        for state, _, number in counted:
            counts[RowState(state)] = counts.get(RowState(state), 0) + number
        warned = sum(number for _, has_warnings, number in counted if has_warnings)
        return replace(import_of(row), counts=counts, warned=warned)

    async def list(self, owner_id: str | None, before: str | None, limit: int) -> Sequence[Import]:
        """Return up to ``limit`` imports older than ``before``, the latest first."""
        query = sa.select(imports).order_by(imports.c.id.desc()).limit(limit)
        if owner_id is not None:
            query = query.where(imports.c.owner_id == owner_id)
        if before is not None:
            query = query.where(imports.c.id < before)
        async with self._database.read() as connection:
            return [import_of(row) for row in (await connection.execute(query)).mappings()]

    async def begin(
        self, record: Import, state: ImportState, now_us: int, *, mode: str = ""
    ) -> bool:
        """Take an import into work if it is still as ``record`` was; say whether it was."""
        seen = (record.state.value, record.updated_us)
        return await self._work.begin(
            record.id, seen, state.value, now_us, mode=mode or record.mode
        )

    async def remap(self, record: Import, mapping: Mapping[int, str]) -> None:
        """Write which column holds which field, and forget the rows."""
        async with self._database.write() as connection:
            await connection.execute(
                imports.update()
                .where(imports.c.id == record.id)
                .values(mapping=mapping_json(mapping))
            )
            await connection.execute(
                import_rows.delete().where(import_rows.c.import_id == record.id)
            )

    async def advance(self, import_id: str, done: int, total: int, now_us: int) -> bool:
        """Write the progress; say whether it is to go on."""
        return await self._work.advance(import_id, done, total, now_us)

    async def finish(
        self,
        import_id: str,
        state: ImportState,
        now_us: int,
        problem: tuple[str, str, str] = ("", "", ""),
    ) -> None:
        """End the work."""
        await self._work.finish(import_id, state.value, now_us, problem)

    async def ask_to_stop(self, import_id: str) -> None:
        """Let whoever works on it stop at the next step."""
        await self._work.ask_to_stop(import_id)

    async def delete(self, import_id: str) -> None:
        """Forget an import and its rows; its cameras stay."""
        await self._work.delete(import_id)

    async def unfinished(self, until_us: int, limit: int) -> Sequence[Import]:
        """Return imports that made no camera and at which nothing happened since ``until_us``."""
        return await self._rested(until_us, limit, ~_has_rows(_MADE))

    async def half_finished(self, until_us: int, limit: int) -> Sequence[Import]:
        """Return imports that made cameras and have not come to their end since ``until_us``."""
        at_work = imports.c.state.in_([state.value for state in ImportState if state.at_work])
        halves = sa.and_(_has_rows(_MADE), sa.or_(_has_rows((RowState.GOOD,)), at_work))
        return await self._rested(until_us, limit, halves)

    async def _rested(
        self, until_us: int, limit: int, which: sa.ColumnElement[bool]
    ) -> Sequence[Import]:
        query = sa.select(imports).where(imports.c.updated_us < until_us, which).limit(limit)
        async with self._database.read() as connection:
            return [import_of(row) for row in (await connection.execute(query)).mappings()]

    async def add_rows(self, import_id: str, rows: Sequence[ImportRow]) -> None:
        """Store rows, in the place of those with the same numbers."""
        if not rows:
            return
        numbers = [row.number for row in rows]
        async with self._database.write() as connection:
            await connection.execute(
                import_rows.delete().where(
                    import_rows.c.import_id == import_id, import_rows.c.number.in_(numbers)
                )
            )
            await connection.execute(
                import_rows.insert(), [row_values(import_id, row) for row in rows]
            )

    async def rows(
        self, import_id: str, states: Sequence[RowState], after: int, limit: int, *, warned: bool
    ) -> Sequence[ImportRow]:
        """Return up to ``limit`` rows behind number ``after``; no states means all."""
        r = import_rows.c
        query = sa.select(import_rows).where(r.import_id == import_id, r.number > after)
        if states:
            query = query.where(r.state.in_([state.value for state in states]))
        if warned:
            query = query.where(r.warned)
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(r.number).limit(limit))
            return [import_row_of(row) for row in found.mappings()]

    def known(self, scope: Scope) -> AsyncIterator[Sequence[Known]]:
        """Yield every registered camera as far as duplicates go, a portion at a time."""
        return known_cameras(self._database, scope)

    async def groups(self, scope: Scope) -> Mapping[str, str]:
        """Return the ids of the camera groups that the scope may know, by folded name.

        Those whose names differ in marks alone are left out: rights hang on who is in a group.
        """
        query = sa.select(camera_groups.c.name, camera_groups.c.id).where(seen_by(scope))
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        return _unmistakable((name, group_id) for name, group_id in found)

    async def shared(self, scope: Scope) -> Mapping[str, SharedCredential]:
        """Return the shared log-ins that lie in the scope as a whole, by folded name.

        Those whose names differ in marks alone are left out: a password is not given by a guess.
        """
        async with self._database.read() as connection:
            found = await all_shared(connection, scope)
        return _unmistakable((each.name, each) for each in found)

    async def register(self, import_id: str, rows: Sequence[ImportRow], by: Actor) -> None:
        """Make cameras out of rows and mark the rows, all in one transaction."""
        stored = await asyncio.to_thread(_cameras_of, rows)
        async with self._database.write() as connection:
            await self._bulk.insert(connection, stored, by)
            await self._mark(connection, import_id, rows, RowState.APPLIED)

    async def unregister(
        self, import_id: str, rows: Sequence[ImportRow], scope: Scope, by: Actor, now_us: int
    ) -> int:
        """Delete the cameras of rows in scope that nobody changed since, and mark the rows."""
        async with self._database.write() as connection:
            ids = [row.camera_id for row in rows]
            kept, barred = await self._bulk.delete_untouched(connection, ids, scope, by, now_us)
            gone = [row for row in rows if row.camera_id not in kept | barred]
            left = [row for row in rows if row.camera_id in kept]
            await self._mark(connection, import_id, gone, RowState.UNDONE)
            await self._mark(connection, import_id, left, RowState.KEPT)
        return len(barred)

    async def _mark(
        self, connection: Any, import_id: str, rows: Sequence[ImportRow], state: RowState
    ) -> None:
        for start in range(0, len(rows), 500):
            numbers = [row.number for row in rows[start : start + 500]]
            await connection.execute(
                import_rows.update()
                .where(import_rows.c.import_id == import_id, import_rows.c.number.in_(numbers))
                .values(state=state.value, sealed=b"")
            )


def _has_rows(states: Sequence[RowState]) -> sa.ColumnElement[bool]:
    r = import_rows.c
    return sa.exists().where(
        r.import_id == imports.c.id, r.state.in_([state.value for state in states])
    )


def _unmistakable(named: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """Return values by folded name, without those whose folded name is that of another one too."""
    folded = [(" ".join(fold(name).split()), value) for name, value in named]
    times = Counter(name for name, _ in folded)
    return {name: value for name, value in folded if times[name] == 1}


def _cameras_of(rows: Sequence[ImportRow]) -> list[StoredCamera]:
    return [StoredCamera(from_snapshot(row.camera), row.sealed) for row in rows]

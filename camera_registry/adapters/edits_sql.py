"""Bulk edits in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import sqlalchemy as sa

from camera_registry.adapters.camera_queries import WHOLE
from camera_registry.adapters.camera_rows import stored_of
from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.cameras_bulk import BulkCameras
from camera_registry.adapters.database import Database
from camera_registry.adapters.edit_tables import (
    camera_edit_lines,
    camera_edits,
    edit_of,
    edit_values,
    line_of,
    line_values,
)
from camera_registry.adapters.shared_sql import held_logins, known_logins
from camera_registry.adapters.work_table import WorkTable
from camera_registry.edits.model import Edit, EditLine, EditState, LineState
from camera_registry.edits.ports import Decide
from camera_registry.model import Actor
from camera_registry.shared import Logins

_DONE = (LineState.APPLIED.value, LineState.UNDONE.value, LineState.KEPT.value)


class SqlEditStore:
    """The ``EditStore`` on SQLAlchemy."""

    def __init__(self, database: Database, bulk: BulkCameras) -> None:
        self._database = database
        self._bulk = bulk
        self._work = WorkTable(database, camera_edits)

    async def create(self, edit: Edit) -> None:
        """Store a new edit."""
        async with self._database.write() as connection:
            await connection.execute(camera_edits.insert().values(edit_values(edit)))

    async def get(self, edit_id: str, owner_id: str | None) -> Edit | None:
        """Return an edit with the counts of its lines."""
        query = sa.select(camera_edits).where(camera_edits.c.id == edit_id)
        if owner_id is not None:
            query = query.where(camera_edits.c.owner_id == owner_id)
        c = camera_edit_lines.c
        counting = sa.select(c.state, sa.func.count()).where(c.edit_id == edit_id).group_by(c.state)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            counted = (await connection.execute(counting)).all()
        return replace(edit_of(row), counts={LineState(state): n for state, n in counted})

    async def list(self, owner_id: str | None, before: str | None, limit: int) -> Sequence[Edit]:
        """Return up to ``limit`` edits older than ``before``, the latest first."""
        query = sa.select(camera_edits).order_by(camera_edits.c.id.desc()).limit(limit)
        if owner_id is not None:
            query = query.where(camera_edits.c.owner_id == owner_id)
        if before is not None:
            query = query.where(camera_edits.c.id < before)
        async with self._database.read() as connection:
            return [edit_of(row) for row in (await connection.execute(query)).mappings()]

    async def begin(self, edit: Edit, state: EditState, now_us: int) -> bool:
        """Take an edit into work if it is still as ``edit`` was; say whether it was."""
        seen = (edit.state.value, edit.updated_us)
        return await self._work.begin(edit.id, seen, state.value, now_us)

    async def advance(self, edit_id: str, done: int, total: int, now_us: int) -> bool:
        """Write the progress; say whether it is to go on."""
        return await self._work.advance(edit_id, done, total, now_us)

    async def finish(
        self,
        edit_id: str,
        state: EditState,
        now_us: int,
        problem: tuple[str, str, str] = ("", "", ""),
    ) -> None:
        """End the work."""
        await self._work.finish(edit_id, state.value, now_us, problem)

    async def ask_to_stop(self, edit_id: str) -> None:
        """Let whoever works on it stop at the next step."""
        await self._work.ask_to_stop(edit_id)

    async def delete(self, edit_id: str) -> None:
        """Forget an edit and its lines; what it changed stays."""
        await self._work.delete(edit_id)

    async def forget(self, unused_us: int, any_us: int, limit: int) -> int:
        """Delete edits that changed nothing until ``unused_us``, and all until ``any_us``."""
        e, c = camera_edits.c, camera_edit_lines.c
        used = sa.exists().where(c.edit_id == e.id, c.state.in_(_DONE))
        old = sa.or_(e.updated_us < any_us, sa.and_(e.updated_us < unused_us, ~used))
        stale = sa.select(e.id).where(old).limit(limit)
        async with self._database.write() as connection:
            ids = (await connection.execute(stale)).scalars().all()
            await connection.execute(camera_edits.delete().where(e.id.in_(ids)))
        return len(ids)

    async def add_lines(self, edit_id: str, lines: Sequence[EditLine]) -> None:
        """Store new lines."""
        if lines:
            async with self._database.write() as connection:
                values = [line_values(edit_id, line) for line in lines]
                await connection.execute(camera_edit_lines.insert(), values)

    async def lines(
        self, edit_id: str, states: Sequence[LineState], after: int, limit: int
    ) -> Sequence[EditLine]:
        """Return up to ``limit`` lines behind number ``after``; no states means all."""
        c = camera_edit_lines.c
        query = sa.select(camera_edit_lines).where(c.edit_id == edit_id, c.number > after)
        if states:
            query = query.where(c.state.in_([state.value for state in states]))
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(c.number).limit(limit))
            return [line_of(row) for row in found.mappings()]

    async def logins(self, ids: Collection[str]) -> Logins:
        """Return the shared log-ins of these ids; empty ids mean none."""
        if not any(ids):
            return {}
        async with self._database.read() as connection:
            return await known_logins(connection, ids)

    async def change(
        self, edit_id: str, lines: Sequence[EditLine], decide: Decide, by: Actor
    ) -> None:
        """Change the cameras of lines as ``decide`` says, and keep the lines, in one transaction.

        Raises InvalidError for an unknown group, and then nothing has been written.
        """
        ids = [line.camera_id for line in lines]
        mine = cameras.c.id.in_(ids)
        # in one order, so that no two block each other
        query = sa.select(*WHOLE).where(mine).order_by(cameras.c.id)
        async with self._database.write() as connection:
            # Before the cameras, as a change of a log-in does: neither waits for ever.
            named = sa.select(cameras.c.credential_id).where(
                mine, cameras.c.credential_id.is_not(None)
            )
            logins = await held_logins(connection, set((await connection.execute(named)).scalars()))
            found = await connection.execute(query.with_for_update(of=cameras))
            before = {row["id"]: stored_of(row) for row in found.mappings()}
            decided = [decide(line, before.get(line.camera_id), logins) for line in lines]
            pairs = [
                (before[line.camera_id], after) for line, after in decided if after is not None
            ]
            await self._bulk.update(connection, pairs, by, edit_id)
            numbers = [line.number for line in lines]
            c = camera_edit_lines.c
            await connection.execute(
                camera_edit_lines.delete().where(c.edit_id == edit_id, c.number.in_(numbers))
            )
            await connection.execute(
                camera_edit_lines.insert(), [line_values(edit_id, line) for line, _ in decided]
            )

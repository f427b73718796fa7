"""What all tables of long work have in common: a state, progress, and the wish to stop."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from camera_registry.adapters.database import Database


class WorkTable:
    """Begins, advances and ends the work of a row, so that two never do the same."""

    def __init__(self, database: Database, table: sa.Table) -> None:
        self._database = database
        self._table = table

    async def begin(
        self, work_id: str, seen: tuple[str, int], state: str, now_us: int, **values: Any
    ) -> bool:
        """Take a row into work if its state and time are still as ``seen``; say whether it was."""
        c = self._table.c
        change = (
            self._table.update()
            .where(c.id == work_id, c.state == seen[0], c.updated_us == seen[1])
            .values(
                state=state,
                done=0,
                total=0,
                code="",
                error="",
                hint="",
                cancel=False,
                updated_us=max(now_us, seen[1] + 1),
                **values,
            )
        )
        async with self._database.write() as connection:
            return (await connection.execute(change)).rowcount > 0

    async def advance(self, work_id: str, done: int, total: int, now_us: int) -> bool:
        """Write the progress; say whether it is to go on."""
        change = (
            self._table.update()
            .where(self._table.c.id == work_id)
            .values(done=done, total=total, updated_us=now_us)
            .returning(self._table.c.cancel)
        )
        async with self._database.write() as connection:
            asked: bool | None = (await connection.execute(change)).scalar_one_or_none()
        return asked is False

    async def finish(
        self, work_id: str, state: str, now_us: int, problem: tuple[str, str, str]
    ) -> None:
        """End the work."""
        code, error, hint = problem
        values = {"state": state, "code": code, "error": error, "hint": hint}
        change = (
            self._table.update()
            .where(self._table.c.id == work_id)
            .values(cancel=False, updated_us=now_us, **values)
        )
        async with self._database.write() as connection:
            await connection.execute(change)

    async def ask_to_stop(self, work_id: str) -> None:
        """Let whoever works on it stop at the next step."""
        change = self._table.update().where(self._table.c.id == work_id).values(cancel=True)
        async with self._database.write() as connection:
            await connection.execute(change)

    async def delete(self, work_id: str) -> None:
        """Forget a row and what hangs on it."""
        async with self._database.write() as connection:
            await connection.execute(self._table.delete().where(self._table.c.id == work_id))

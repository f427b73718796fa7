"""Changes of passwords in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.camera_queries import in_scope
from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.database import Database
from camera_registry.adapters.password_tables import (
    change_of,
    change_values,
    password_changes,
    password_rows,
    row_of,
    row_values,
)
from camera_registry.passwords.model import (
    TRIES,
    ChangeRow,
    ChangeState,
    PasswordChange,
    RowState,
)
from camera_registry.scope import Scope

_c = password_changes.c
_r = password_rows.c
_OPEN = (RowState.WAITING.value, RowState.SENT.value, RowState.UNSURE.value)
_CHUNK = 500
_HAS_UNSURE = sa.exists().where(_r.change_id == _c.id, _r.state == RowState.UNSURE.value)


class SqlPasswordStore:
    """``PasswordStore`` of ``camera_registry.passwords``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, change: PasswordChange, rows: Sequence[ChangeRow]) -> None:
        """Store a new change with its rows; those that another holds are failed ones."""
        async with self._database.write(alone=True) as connection:
            await connection.execute(password_changes.insert().values(change_values(change)))
            for start in range(0, len(rows), _CHUNK):
                part = rows[start : start + _CHUNK]
                held = await _held(connection, [row.camera_id for row in part])
                values = [row_values(_busy(row) if row.camera_id in held else row) for row in part]
                await connection.execute(password_rows.insert(), values)

    async def get(self, change_id: str, scope: Scope) -> PasswordChange | None:
        """Return a change with its counts, or None."""
        query = sa.select(password_changes).where(_c.id == change_id, _visible(scope))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
            return None if row is None else (await _counted(connection, [row]))[0]

    async def list(self, scope: Scope, before: str | None, limit: int) -> Sequence[PasswordChange]:
        """Return up to ``limit`` changes older than ``before``, the latest first, with counts."""
        query = sa.select(password_changes).where(_visible(scope))
        if before is not None:
            query = query.where(_c.id < before)
        query = query.order_by(_c.id.desc()).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
            return await _counted(connection, rows)

    async def rows(
        self, change_id: str, states: Sequence[RowState], after: int, limit: int
    ) -> Sequence[ChangeRow]:
        """Return up to ``limit`` rows behind number ``after``; no states means all."""
        query = sa.select(password_rows).where(_r.change_id == change_id, _r.number > after)
        if states:
            query = query.where(_r.state.in_([state.value for state in states]))
        query = query.order_by(_r.number).limit(limit)
        async with self._database.read() as connection:
            return [row_of(row) for row in (await connection.execute(query)).mappings()]

    async def ask_to_stop(self, change_id: str) -> None:
        """Let no further camera of a change be begun."""
        running = sa.and_(_c.id == change_id, _c.state == ChangeState.RUNNING.value)
        async with self._database.write() as connection:
            await connection.execute(password_changes.update().where(running).values(cancel=True))

    async def again(self, change_id: str, now_us: int) -> int:
        """Put failed and unsure rows back to work; return how many."""
        wrong = _r.state.in_([RowState.FAILED.value, RowState.UNSURE.value])
        held = sa.select(_r.camera_id).where(_r.change_id != change_id, _r.state.in_(_OPEN))
        retried = (
            password_rows.update()
            .where(_r.change_id == change_id, wrong, _r.camera_id.not_in(held))
            .values(
                state=RowState.WAITING.value,
                code="",
                message="",
                hint="",
                job_id="",
                tries=0,
                next_us=0,
                updated_us=now_us,
            )
        )
        running = (
            password_changes.update()
            .where(_c.id == change_id)
            .values(state=ChangeState.RUNNING.value, cancel=False, updated_us=now_us)
        )
        async with self._database.write(alone=True) as connection:
            count = (await connection.execute(retried)).rowcount
            if count:
                await connection.execute(running)
        return count

    async def delete(self, change_id: str) -> bool:
        """Forget a change that has ended and has no unsure camera; say whether it was so."""
        ended = _c.state != ChangeState.RUNNING.value
        gone = password_changes.delete().where(_c.id == change_id, ended, ~_HAS_UNSURE)
        async with self._database.write() as connection:
            return (await connection.execute(gone)).rowcount > 0

    async def claim(
        self, holder: str, now_us: int, stale_us: int, change_id: str = ""
    ) -> PasswordChange | None:
        """Take a running change that nobody has worked on since ``stale_us``, or None."""
        free = sa.and_(
            _c.state == ChangeState.RUNNING.value,
            sa.or_(_c.alive_us < stale_us, _c.holder == holder),
        )
        if change_id:
            free = sa.and_(free, _c.id == change_id)
        first = sa.select(_c.id).where(free).order_by(_c.id).limit(1)
        async with self._database.write(alone=True) as connection:
            found = (await connection.execute(first)).scalar_one_or_none()
            if found is None:
                return None
            taken = (
                password_changes.update()
                .where(_c.id == found)
                .values(holder=holder, alive_us=now_us)
                .returning(*password_changes.columns)
            )
            return change_of((await connection.execute(taken)).mappings().one())

    async def alive(self, change_id: str, holder: str, now_us: int) -> bool | None:
        """Say that it is worked on. Return whether it is to stop; None: another has taken it."""
        told = (
            password_changes.update()
            .where(_c.id == change_id, _c.holder == holder)
            .values(alive_us=now_us)
            .returning(_c.cancel)
        )
        async with self._database.write() as connection:
            stop: bool | None = (await connection.execute(told)).scalar_one_or_none()
        return stop

    async def due(self, change_id: str, now_us: int, limit: int) -> Sequence[ChangeRow]:
        """Return rows that can be worked on now: sent, unsure and due again, waiting."""
        ready = sa.or_(
            _r.state.in_([RowState.SENT.value, RowState.WAITING.value]),
            sa.and_(_unsure_again(), _r.next_us <= now_us),
        )
        query = sa.select(password_rows).where(_r.change_id == change_id, ready)
        query = query.order_by(_r.state, _r.number).limit(limit)
        async with self._database.read() as connection:
            return [row_of(row) for row in (await connection.execute(query)).mappings()]

    async def pending(self, change_id: str) -> int:
        """Count rows that are not at their end, unsure ones with tries left among them."""
        left = sa.or_(_r.state.in_([RowState.SENT.value, RowState.WAITING.value]), _unsure_again())
        query = sa.select(sa.func.count()).where(_r.change_id == change_id, left)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def write(self, before: ChangeRow, after: ChangeRow) -> bool:
        """Write a row if it is still in the state of ``before``; say whether it was."""
        same = sa.and_(
            _r.change_id == before.change_id,
            _r.number == before.number,
            _r.state == before.state.value,
            _r.job_id == before.job_id,
        )
        async with self._database.write() as connection:
            change = password_rows.update().where(same).values(row_values(after))
            return (await connection.execute(change)).rowcount > 0

    async def drop_waiting(self, change_id: str, now_us: int) -> None:
        """Make waiting rows cancelled ones, but unsure where the device was asked before."""
        waiting = sa.and_(_r.change_id == change_id, _r.state == RowState.WAITING.value)
        asked = {"state": RowState.UNSURE.value, "tries": TRIES, "code": "cancelled"}
        never = {"state": RowState.CANCELLED.value, "sealed": b""}
        async with self._database.write() as connection:
            for condition, values in ((_r.asked, asked), (~_r.asked, never)):
                dropped = password_rows.update().where(waiting, condition)
                await connection.execute(dropped.values(**values, updated_us=now_us))

    async def finish(self, change_id: str, state: ChangeState, now_us: int) -> None:
        """End a change."""
        ended = password_changes.update().where(_c.id == change_id)
        async with self._database.write() as connection:
            await connection.execute(
                ended.values(state=state.value, holder="", alive_us=0, updated_us=now_us)
            )

    async def sweep(self, until_us: int) -> int:
        """Forget what ended before ``until_us`` and has no unsure camera; return how many."""
        old = sa.and_(_c.state != ChangeState.RUNNING.value, _c.updated_us < until_us)
        async with self._database.write() as connection:
            gone = password_changes.delete().where(old, ~_HAS_UNSURE)
            return (await connection.execute(gone)).rowcount


def _unsure_again() -> sa.ColumnElement[bool]:
    return sa.and_(_r.state == RowState.UNSURE.value, _r.tries < TRIES)


def _visible(scope: Scope) -> sa.ColumnElement[bool]:
    """Return the condition that every camera of a change is in scope, where it is now.

    Whoever sees a change may try it again: on no camera that went to a unit of others meanwhile.
    """
    if scope.units is None:
        return sa.true()
    unit = sa.select(cameras.c.unit_code).where(cameras.c.id == _r.camera_id).scalar_subquery()
    inside = in_scope(sa.func.coalesce(unit, _r.unit_code), scope, _r.camera_id)
    return ~sa.exists().where(_r.change_id == _c.id, ~inside)


async def _held(connection: AsyncConnection, ids: Sequence[str]) -> set[str]:
    query = sa.select(_r.camera_id).where(_r.camera_id.in_(ids), _r.state.in_(_OPEN))
    return set((await connection.execute(query)).scalars())


def _busy(row: ChangeRow) -> ChangeRow:
    return replace(
        row,
        state=RowState.FAILED,
        code="busy",
        message="another change of this camera's password is not done",
        hint="bring that to its end, then try this camera again",
    )


async def _counted(
    connection: AsyncConnection, rows: Sequence[sa.RowMapping]
) -> list[PasswordChange]:
    ids = [row["id"] for row in rows]
    query = sa.select(_r.change_id, _r.state, sa.func.count()).where(_r.change_id.in_(ids))
    counts: dict[str, dict[RowState, int]] = {each: {} for each in ids}
    for change_id, state, number in await connection.execute(
        query.group_by(_r.change_id, _r.state)
    ):
        counts[change_id][RowState(state)] = number
    return [replace(change_of(row), counts=counts[row["id"]]) for row in rows]

"""Registers the good rows of an import, and takes them back."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from camera_registry.imports.duplicates import Duplicates, Known
from camera_registry.imports.messages import Level, Message, error
from camera_registry.imports.model import Import, ImportRow, ImportState, Mode, RowState
from camera_registry.imports.ports import ImportStore
from camera_registry.model import Actor, Camera
from camera_registry.records import UrlTakenError
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.steps import StoppedError
from camera_registry.versions import from_snapshot

log = structlog.get_logger(__name__)

_BATCH = 250


class Applier:
    """Works through rows in batches; each batch is written whole or not at all."""

    def __init__(self, store: ImportStore, registry: CameraRegistry, clock: Clock) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock

    async def step(self, record: Import, done: int, total: int) -> None:
        """Tell how far the work has come. Raises StoppedError where it was called off."""
        if not await self._store.advance(record.id, done, total, self._clock.utc_us()):
            raise StoppedError

    async def apply(self, record: Import, mode: Mode, scope: Scope, by: Actor) -> None:
        """Register the good rows. Raises ConflictError, InvalidError, StoppedError.

        What was registered by others since the check is looked at once more, and so is the scope.
        """
        rows = await self._all(record, RowState.GOOD)
        fresh = await self._still_good(record, rows, scope)
        if mode is Mode.ALL_OR_NOTHING:
            if len(fresh) != len(rows):
                raise _no_longer_good(len(rows) - len(fresh))
            await self.step(record, 0, len(rows))
            try:
                await self._store.register(record.id, rows, by)
            except UrlTakenError as taken:
                await self._mark_taken(record, rows, taken, scope)
                raise _no_longer_good(len(taken.by)) from None
        else:
            for start in range(0, len(fresh), _BATCH):
                await self.step(record, start, len(fresh))
                await self._register(record, fresh[start : start + _BATCH], scope, by)
                self._registry.ask_reconcile()
        await self._store.advance(record.id, len(fresh), len(fresh), self._clock.utc_us())
        self._registry.ask_reconcile()
        log.info("import_applied", id=record.id, cameras=len(fresh), by=by.id)

    async def undo(self, record: Import, scope: Scope, by: Actor) -> None:
        """Delete the cameras that are as the import made them.

        Raises StoppedError, and in the end ForbiddenError where some are out of scope: rights may
        have gone since they were registered.
        """
        rows, barred = await self._all(record, RowState.APPLIED), 0
        for start in range(0, len(rows), _BATCH):
            await self.step(record, start, len(rows))
            batch = rows[start : start + _BATCH]
            now = self._clock.utc_us()
            barred += await self._store.unregister(record.id, batch, scope, by, now)
            self._registry.ask_reconcile()
        await self._store.advance(record.id, len(rows), len(rows), self._clock.utc_us())
        if barred:
            raise ForbiddenError(
                f"{barred} of these cameras are where you may manage none, so they stay",
                hint="ask somebody who manages them to undo the import",
                code="out_of_scope",
            )
        await self._store.finish(record.id, ImportState.UNDONE, self._clock.utc_us())
        log.info("import_undone", id=record.id, cameras=len(rows), by=by.id)

    async def give_up(self, record: Import) -> None:
        """Forget what the rows that were not registered would make, passwords and all."""
        while rows := await self._store.rows(record.id, [RowState.GOOD], 0, _BATCH, warned=False):
            late = [error("name", "not_registered")]
            await self._store.add_rows(record.id, [_wrong(row, late) for row in rows])

    async def _register(
        self, record: Import, rows: Sequence[ImportRow], scope: Scope, by: Actor
    ) -> None:
        """Register a batch; where one of it is refused, register the others one by one."""
        try:
            await self._store.register(record.id, rows, by)
            return
        except UrlTakenError as taken:
            left = await self._mark_taken(record, rows, taken, scope)
            if left:
                await self._register(record, left, scope, by)
            return
        except (ConflictError, InvalidError) as refused:
            if len(rows) == 1:
                message = error("name", "refused", reason=refused.message)
                await self._store.add_rows(record.id, [_wrong(rows[0], [message])])
                return
        for row in rows:
            await self._register(record, [row], scope, by)

    async def _mark_taken(
        self, record: Import, rows: Sequence[ImportRow], taken: UrlTakenError, scope: Scope
    ) -> list[ImportRow]:
        """Mark rows whose address others were registered with meanwhile; return the other rows."""
        wrong = [
            _wrong(row, [await self._same(taken.by[row.camera_id], scope)])
            for row in rows
            if row.camera_id in taken.by
        ]
        await self._store.add_rows(record.id, wrong)
        return [row for row in rows if row.camera_id not in taken.by]

    async def _same(self, camera_id: str, scope: Scope) -> Message:
        try:
            camera = await self._registry.get(camera_id, scope)
        except NotFoundError:
            return error("url", "duplicate_elsewhere")
        return error("url", "duplicate_of_camera", camera=camera.name)

    async def _still_good(
        self, record: Import, rows: Sequence[ImportRow], scope: Scope
    ) -> list[ImportRow]:
        known = await registered(self._store, scope)
        usable = {each.id for each in (await self._store.shared(scope)).values()}
        good: list[ImportRow] = []
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            found = await asyncio.to_thread(_judged, batch, known, usable, scope)
            wrong = [row for row in found if row.state is RowState.WRONG]
            good += [row for row in found if row.state is not RowState.WRONG]
            await self._store.add_rows(record.id, wrong)
        return good

    async def _all(self, record: Import, state: RowState) -> list[ImportRow]:
        found: list[ImportRow] = []
        while True:
            after = found[-1].number if found else 0
            page = await self._store.rows(record.id, [state], after, 1000, warned=False)
            if not page:
                return found
            found += page


async def registered(store: ImportStore, scope: Scope) -> Duplicates:
    """Return all registered cameras as something that rows may repeat."""
    known = Duplicates(())
    async for portion in store.known(scope):
        known.add_all(portion)
    return known


def _no_longer_good(count: int) -> ConflictError:
    return ConflictError(
        f"{count} rows are no longer good, so none is registered",
        hint="look at the wrong rows",
        code="rows_wrong",
    )


def _judged(
    rows: Sequence[ImportRow], known: Duplicates, usable: Collection[str], scope: Scope
) -> list[ImportRow]:
    """Return rows as they are, or as wrong where something stands against them by now."""
    judged: list[ImportRow] = []
    for row in rows:
        camera = from_snapshot(row.camera)
        found = known.same_as(_known(camera))
        if not scope.allows(camera.unit_code, camera.groups):
            found.append(error("unit", "unit_out_of_scope", unit=camera.unit_code))
        if camera.credential_id and camera.credential_id not in usable:
            found.append(error("credential", "unknown_credential", credential=""))
        refused = any(message.level is Level.ERROR for message in found)
        judged.append(_wrong(row, found) if refused else row)
    return judged


def _wrong(row: ImportRow, messages: Sequence[Message]) -> ImportRow:
    return replace(
        row,
        state=RowState.WRONG,
        messages=(*row.messages, *messages),
        camera_id="",
        camera="",
        sealed=b"",
    )


def _known(camera: Camera) -> Known:
    return Known(
        camera.name,
        camera.url,
        camera.details.serial,
        camera.code,
        camera.position,
        camera.details.azimuth_deg,
    )

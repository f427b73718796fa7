"""Imports of files of cameras: uploaded, checked, applied, undone; each step can be broken off.

A step runs as a task of this process and writes its progress with every batch, so that any replica
can tell it and call it off. Should the process die, the import shows as interrupted and the same
step is begun again; what a batch has written is whole.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, ConflictError, InvalidError, NotFoundError
from camera_registry.base.ids import is_id, new_id
from camera_registry.imports.applying import Applier, registered
from camera_registry.imports.checking import Checker, FileRows, read_file
from camera_registry.imports.columns import checked, guess
from camera_registry.imports.files import FILE_PURPOSE, Files, blob_key
from camera_registry.imports.limits import Limits
from camera_registry.imports.model import Import, ImportRow, ImportState, Mode, RowState
from camera_registry.imports.places import Boundaries, Places
from camera_registry.imports.ports import ImportStore
from camera_registry.imports.rows import RowReader
from camera_registry.model import Actor, Credentials
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.steps import Ending, Problem, StepRunner
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault

log = structlog.get_logger(__name__)

_BATCH = 250
_UNFINISHED_US = 24 * 3600 * 1_000_000
_SWEEP_S = 3600.0
_CHECKABLE = (ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED, ImportState.CHECKING)


@dataclass(frozen=True, slots=True)
class ImportParts:
    """What the service works with."""

    store: ImportStore
    files: Files
    registry: CameraRegistry
    vault: Vault
    units: Units
    policy: UrlPolicy
    clock: Clock
    boundaries: Callable[[], Awaitable[Boundaries]]
    weak: Callable[[Credentials], bool]
    limits: Limits = field(default_factory=Limits)


class Imports:
    """The imports that people have made. ``owner_id`` None sees everybody's."""

    def __init__(self, parts: ImportParts) -> None:
        self._parts = parts
        self._store = parts.store
        self._applier = Applier(parts.store, parts.registry, parts.clock)
        self._runner = StepRunner("import")

    @property
    def limits(self) -> Limits:
        """What a file may be."""
        return self._parts.limits

    async def upload(self, path: Path, name: str, owner: Actor, encoding: str = "") -> Import:
        """Take a file, find out what its columns hold, and keep it. Raises InvalidError."""
        rows = await asyncio.to_thread(read_file, path, self.limits, encoding)
        if any("://" in heading for heading in rows.headings):
            raise InvalidError(  # and what stands there may be a password, so it is not kept
                "The first row of the file holds a camera and no headings",
                hint="put the headings of the template above it",
                code="no_headings",
            )
        data = await asyncio.to_thread(path.read_bytes)
        now = self._parts.clock.utc_us()
        record = Import(
            id=new_id(now),
            owner=owner,
            file_name=_file_name(name),
            bytes=len(data),
            state=ImportState.UPLOADED,
            headings=rows.headings,
            mapping=guess(rows.headings),
            created_us=now,
            updated_us=now,
            total=len(rows.rows),
        )
        sealed = await asyncio.to_thread(self._parts.vault.seal, record.id, FILE_PURPOSE, data)
        await self._parts.files.put(blob_key(record.id), sealed)
        await self._store.create(record)
        log.info("import_uploaded", id=record.id, rows=record.total, by=owner.id)
        return record

    async def get(self, import_id: str, owner_id: str | None) -> Import:
        """Return an import. Raises NotFoundError."""
        record = await self._store.get(import_id, owner_id) if is_id(import_id) else None
        if record is None:
            raise NotFoundError("There is no such import")
        return record

    async def list(self, owner_id: str | None, before: str | None, limit: int) -> Sequence[Import]:
        """Return imports, the latest first."""
        return await self._store.list(owner_id, before, limit)

    async def rows(
        self,
        record: Import,
        states: Sequence[RowState] = (),
        after: int = 0,
        limit: int = 100,
        *,
        warned: bool = False,
    ) -> Sequence[ImportRow]:
        """Return rows by their numbers."""
        return await self._store.rows(record.id, states, after, limit, warned=warned)

    async def check(
        self,
        record: Import,
        scope: Scope,
        mapping: Mapping[int, str] | None = None,
        encoding: str = "",
    ) -> None:
        """Begin the dry run. Raises InvalidError for a mapping, ConflictError out of turn."""
        if record.counts.get(RowState.APPLIED):
            raise ConflictError(  # checked anew, its rows would forget their cameras
                "Some of these cameras are registered already",
                hint="register the rest, or undo the import first",
                code="import_state",
            )
        chosen = checked(record.mapping if mapping is None else mapping, record.headings)
        await self._begin(record, ImportState.CHECKING, _CHECKABLE)
        await self._store.remap(record, chosen)
        self._run(record, self._check(record, chosen, scope, encoding), ImportState.UPLOADED)

    async def apply(self, record: Import, mode: Mode, scope: Scope, by: Actor) -> None:
        """Begin to register the good rows. Raises ConflictError where that is not possible now."""
        wrong = record.counts.get(RowState.WRONG, 0)
        if mode is Mode.ALL_OR_NOTHING and wrong:
            raise ConflictError(
                f"{wrong} rows are wrong, so none is registered",
                hint="mend them and upload the file again, or register the good rows only",
                code="rows_wrong",
            )
        states = (ImportState.CHECKED, ImportState.APPLYING)
        await self._begin(record, ImportState.APPLYING, states, mode=mode.value)
        self._run(record, self._apply(record, mode, scope, by), ImportState.CHECKED)

    async def undo(self, record: Import, scope: Scope, by: Actor) -> None:
        """Begin to delete the cameras of an import that are in scope and nobody has changed since.

        Raises ConflictError where there is nothing to undo, or something is at work.
        """
        if not record.counts.get(RowState.APPLIED):
            raise ConflictError("This import has no cameras to take back", code="import_state")
        states = (ImportState.APPLIED, ImportState.CHECKED, ImportState.UNDOING, ImportState.FAILED)
        await self._begin(record, ImportState.UNDOING, states)
        self._run(record, self._applier.undo(record, scope, by), ImportState.APPLIED)

    async def cancel(self, record: Import) -> None:
        """Ask what is at work to stop after its present batch."""
        if record.state.at_work:
            await self._store.ask_to_stop(record.id)

    async def delete(self, record: Import) -> None:
        """Forget an import and its file; its cameras stay. Raises ConflictError while at work."""
        if record.state.at_work and not record.interrupted(self._parts.clock.utc_us()):
            raise ConflictError("This import is at work", hint="cancel it first")
        await self._parts.files.delete(blob_key(record.id))
        await self._store.delete(record.id)

    async def sweep(self) -> int:
        """Delete what nobody has finished within a day, passwords and all; return how many.

        Where some rows became cameras the import stays, so that it can be undone.
        """
        until = self._parts.clock.utc_us() - _UNFINISHED_US
        stale = await self._store.unfinished(until, _BATCH)
        for record in stale:
            await self._parts.files.delete(blob_key(record.id))
            await self._store.delete(record.id)
        halves = await self._store.half_finished(until, _BATCH)
        for record in halves:
            await self._parts.files.delete(blob_key(record.id))
            await self._applier.give_up(record)
            undone = record.state in (ImportState.UNDOING, ImportState.UNDONE)
            state = ImportState.UNDONE if undone else ImportState.APPLIED
            await self._store.finish(record.id, state, self._parts.clock.utc_us())
        return len(stale) + len(halves)

    async def run(self) -> None:
        """Sweep now and every hour, for ever."""
        while True:
            try:
                swept = await self.sweep()
            except CamhubError as error:
                log.warning("imports_not_swept", reason=error.message)
            else:
                if swept:
                    log.info("imports_swept", imports=swept)
            await self._parts.clock.sleep(_SWEEP_S)

    async def close(self) -> None:
        """Break off what this process works at, and wait for it."""
        await self._runner.close()

    async def _begin(
        self, record: Import, state: ImportState, allowed: Sequence[ImportState], mode: str = ""
    ) -> None:
        now = self._parts.clock.utc_us()
        busy = record.state.at_work and not record.interrupted(now)
        if busy or record.state not in allowed:
            raise ConflictError(
                f"This import is {record.state.value}",
                hint="wait until it is done, or cancel it" if busy else "upload the file again",
                code="import_state",
            )
        if not await self._store.begin(record, state, now, mode=mode):
            raise ConflictError("Somebody else works on this import", code="import_state")

    def _run(self, record: Import, work: Awaitable[None], stopped: ImportState) -> None:
        failed = ImportState.FAILED if stopped is ImportState.UPLOADED else stopped
        states = {
            Ending.STOPPED: stopped,
            Ending.REFUSED: failed,
            Ending.BROKEN: ImportState.FAILED,
        }

        async def finish(ending: Ending, problem: Problem) -> None:
            now = self._parts.clock.utc_us()
            await self._store.finish(record.id, states[ending], now, problem)

        self._runner.run(record.id, work, finish)

    async def _check(
        self, record: Import, mapping: dict[int, str], scope: Scope, encoding: str
    ) -> None:
        parts = self._parts
        rows = await self._file(record, encoding)
        reader = RowReader(
            mapping,
            Places(parts.units, await parts.boundaries()),
            parts.policy,
            scope,
            await self._store.groups(scope),
            parts.weak,
            await self._store.shared(scope),
        )
        duplicates = await registered(self._store, scope)
        checker = Checker(
            rows.headings,
            mapping,
            reader,
            duplicates,
            lambda new: parts.registry.draft(new, scope),
        )
        for start in range(0, len(rows.rows), _BATCH):
            await self._applier.step(record, start, len(rows.rows))
            batch = rows.rows[start : start + _BATCH]
            found = await asyncio.to_thread(checker.check, batch)
            await self._store.add_rows(record.id, found)
        await self._applier.step(record, len(rows.rows), len(rows.rows))
        await self._store.finish(record.id, ImportState.CHECKED, parts.clock.utc_us())
        log.info("import_checked", id=record.id, rows=len(rows.rows))

    async def _file(self, record: Import, encoding: str) -> FileRows:
        try:
            sealed = await self._parts.files.get(blob_key(record.id))
        except NotFoundError:
            raise InvalidError(
                "The file of this import is no longer kept", hint="upload it again", code="no_file"
            ) from None
        data = await asyncio.to_thread(self._parts.vault.open, record.id, FILE_PURPOSE, sealed)

        def read() -> FileRows:
            with tempfile.NamedTemporaryFile(prefix="camhub-import-") as file:
                file.write(data)
                file.flush()
                return read_file(Path(file.name), self.limits, encoding)

        return await asyncio.to_thread(read)

    async def _apply(self, record: Import, mode: Mode, scope: Scope, by: Actor) -> None:
        await self._applier.apply(record, mode, scope, by)
        # before it is said to be applied: nobody looks for the file of such an import again
        await self._parts.files.delete(blob_key(record.id))
        await self._store.finish(record.id, ImportState.APPLIED, self._parts.clock.utc_us())


def _file_name(name: str) -> str:
    """Return the name for the screen: without directories and control characters."""
    bare = name.replace("\\", "/").rpartition("/")[2]
    return "".join(char for char in bare if char.isprintable())[:120] or "–"

"""Bulk edits of cameras: looked at first, then applied, and undone; each step can be broken off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Collection, Sequence
from dataclasses import replace

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, ConflictError, InvalidError, NotFoundError
from camera_registry.base.ids import is_id, new_id
from camera_registry.checks import checked_tags
from camera_registry.edits.change import BulkChange
from camera_registry.edits.deciding import Decider, missing
from camera_registry.edits.model import Edit, EditLine, EditState, LineState
from camera_registry.edits.ports import Decide, EditStore
from camera_registry.groups import CameraGroups
from camera_registry.model import Actor, Camera
from camera_registry.records import CameraFilter
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.steps import Ending, Problem, StepRunner, StoppedError

log = structlog.get_logger(__name__)

MAX_CAMERAS = 50_000
_SWEPT_AT_ONCE = 250
_SWEEP_S = 3600.0
_DAY_US = 24 * 3600 * 1_000_000
_KEPT_US = 90 * _DAY_US


class Edits:
    """The bulk edits that people have made. ``owner_id`` None sees everybody's.

    ``batch``: how many cameras one transaction changes.
    """

    def __init__(
        self,
        store: EditStore,
        registry: CameraRegistry,
        groups: CameraGroups,
        clock: Clock,
        *,
        batch: int = 250,
    ) -> None:
        self._batch = batch
        self._store = store
        self._registry = registry
        self._groups = groups
        self._clock = clock
        self._runner = StepRunner("edit")

    async def create(
        self,
        change: BulkChange,
        wanted: CameraFilter,
        ids: Collection[str] | None,
        scopes: tuple[Scope, Scope],
        by: Actor,
    ) -> Edit:
        """Begin to look at what a change would do to the cameras that are wanted.

        ``ids`` narrows them to some. ``scopes``: what ``by`` may see, and what they may manage.
        Raises InvalidError.
        """
        if not all(map(is_id, ids or ())):
            raise InvalidError("ids: one of these is not the id of a camera", code="ids")
        change = await self._checked(change, scopes[1])
        now = self._clock.utc_us()
        edit = Edit(new_id(now), by, EditState.CHECKING, change, now, now, total=len(ids or ()))
        await self._store.create(edit)
        log.info("edit_created", id=edit.id, by=by.id)
        self._run(edit, self._look(edit, wanted, ids, scopes), EditState.FAILED)
        return edit

    async def get(self, edit_id: str, owner_id: str | None) -> Edit:
        """Return an edit. Raises NotFoundError."""
        edit = await self._store.get(edit_id, owner_id) if is_id(edit_id) else None
        if edit is None:
            raise NotFoundError("There is no such bulk edit")
        return edit

    async def list(self, owner_id: str | None, before: str | None, limit: int) -> Sequence[Edit]:
        """Return edits, the latest first."""
        return await self._store.list(owner_id, before, limit)

    async def lines(
        self, edit: Edit, states: Sequence[LineState] = (), after: int = 0, limit: int = 100
    ) -> Sequence[EditLine]:
        """Return the cameras of an edit by their numbers."""
        return await self._store.lines(edit.id, states, after, limit)

    async def apply(self, edit: Edit, scope: Scope, by: Actor) -> None:
        """Begin to change the cameras. Raises ConflictError where that is not possible now."""
        await self._begin(edit, EditState.APPLYING, (EditState.CHECKED, EditState.APPLYING))
        decider = Decider(self._registry.redraft, edit.change, scope)
        work = self._through(edit, LineState.GOOD, decider.apply, EditState.APPLIED, by)
        self._run(edit, work, EditState.CHECKED)

    async def undo(self, edit: Edit, scope: Scope, by: Actor) -> None:
        """Begin to take the change back where nobody has changed the camera since.

        Raises ConflictError where there is nothing to undo, or something is at work.
        """
        if not edit.counts.get(LineState.APPLIED):
            raise ConflictError("This edit has changed nothing to take back", code="edit_state")
        states = (EditState.APPLIED, EditState.CHECKED, EditState.UNDOING, EditState.APPLYING)
        await self._begin(edit, EditState.UNDOING, states)
        decider = Decider(self._registry.redraft, edit.change, scope)
        now = self._clock.utc_us()
        work = self._through(
            edit,
            LineState.APPLIED,
            lambda line, stored, logins: decider.undo(line, stored, logins, now),
            EditState.UNDONE,
            by,
        )
        self._run(edit, work, EditState.APPLIED)

    async def cancel(self, edit: Edit) -> None:
        """Ask what is at work to stop after its present batch."""
        if edit.state.at_work:
            await self._store.ask_to_stop(edit.id)

    async def delete(self, edit: Edit) -> None:
        """Forget an edit; what it changed stays. Raises ConflictError while at work."""
        if edit.state.at_work and not edit.interrupted(self._clock.utc_us()):
            raise ConflictError("This edit is at work", hint="cancel it first", code="edit_state")
        await self._store.delete(edit.id)

    async def sweep(self) -> int:
        """Forget what nobody has applied within a day, and all after three months."""
        now = self._clock.utc_us()
        return await self._store.forget(now - _DAY_US, now - _KEPT_US, _SWEPT_AT_ONCE)

    async def run(self) -> None:
        """Sweep now and every hour, for ever."""
        while True:
            try:
                await self.sweep()
            except CamhubError as error:
                log.warning("edits_not_swept", reason=error.message)
            await self._clock.sleep(_SWEEP_S)

    async def close(self) -> None:
        """Break off what this process works at, and wait for it."""
        await self._runner.close()

    async def _checked(self, change: BulkChange, scope: Scope) -> BulkChange:
        """Refuse what would be refused for every camera."""
        if change.empty:
            raise InvalidError(
                "change: nothing is to be changed", hint="choose a field", code="empty_change"
            )
        for group in change.add_groups:
            try:
                await self._groups.get(group, scope)
            except NotFoundError:
                raise InvalidError(
                    "add_groups: there is no such camera group", code="groups"
                ) from None
        return replace(
            change,
            add_tags=checked_tags(change.add_tags),
            remove_tags=tuple(tag.strip() for tag in change.remove_tags),
        )

    async def _begin(self, edit: Edit, state: EditState, allowed: Collection[EditState]) -> None:
        now = self._clock.utc_us()
        busy = edit.state.at_work and not edit.interrupted(now)
        if busy or edit.state not in allowed:
            raise ConflictError(
                f"This edit is {edit.state.value}",
                hint="wait until it is done, or cancel it" if busy else "make a new one",
                code="edit_state",
            )
        if not await self._store.begin(edit, state, now):
            raise ConflictError("Somebody else works on this edit", code="edit_state")

    def _run(self, edit: Edit, work: Awaitable[None], stopped: EditState) -> None:
        async def finish(ending: Ending, problem: Problem) -> None:
            state = EditState.FAILED if ending is Ending.BROKEN else stopped
            await self._store.finish(edit.id, state, self._clock.utc_us(), problem)

        self._runner.run(edit.id, work, finish)

    async def _look(
        self,
        edit: Edit,
        wanted: CameraFilter,
        ids: Collection[str] | None,
        scopes: tuple[Scope, Scope],
    ) -> None:
        seen, managed = scopes
        decider = Decider(self._registry.redraft, edit.change, managed)
        left = set(ids or ())
        if ids is not None:
            only = frozenset(ids) if wanted.only is None else wanted.only & frozenset(ids)
            wanted = replace(wanted, only=only)
        number = 0
        async for page in self._pages(wanted, seen):
            await self._step(edit, number, len(ids or ()))
            logins = await self._store.logins({camera.credential_id for camera in page})
            lines = [decider.look(n, camera, logins) for n, camera in enumerate(page, number + 1)]
            number += len(lines)
            if number > MAX_CAMERAS:
                raise InvalidError(
                    f"These are more than {MAX_CAMERAS} cameras",
                    hint="choose fewer with the filters",
                    code="too_many",
                )
            await self._store.add_lines(edit.id, lines)
            left.difference_update(line.camera_id for line in lines)
        gone = [
            missing(EditLine(n, each, "", LineState.REFUSED))
            for n, each in enumerate(sorted(left), start=number + 1)
        ]
        await self._store.add_lines(edit.id, gone)
        await self._step(edit, number + len(gone), number + len(gone))
        await self._store.finish(edit.id, EditState.CHECKED, self._clock.utc_us())

    async def _pages(self, wanted: CameraFilter, seen: Scope) -> AsyncIterator[Sequence[Camera]]:
        after: tuple[str, str] | None = None
        while page := await self._registry.list(seen, wanted, after, self._batch):
            yield page
            after = (page[-1].name, page[-1].id)

    async def _through(
        self, edit: Edit, state: LineState, decide: Decide, end: EditState, by: Actor
    ) -> None:
        """Work through the lines in a state, batch by batch; no line keeps that state."""
        total, done = edit.counts.get(state, 0), 0
        while lines := await self._store.lines(edit.id, [state], 0, self._batch):
            await self._step(edit, done, total)
            await self._store.change(edit.id, lines, decide, by)
            done += len(lines)
            self._registry.ask_reconcile()
        await self._store.advance(edit.id, done, total, self._clock.utc_us())
        await self._store.finish(edit.id, end, self._clock.utc_us())
        log.info("edit_done", state=end.value, id=edit.id, cameras=done, by=by.id)

    async def _step(self, edit: Edit, done: int, total: int) -> None:
        """Tell how far the work has come. Raises StoppedError where it was called off."""
        if not await self._store.advance(edit.id, done, total, self._clock.utc_us()):
            raise StoppedError

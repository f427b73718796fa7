"""What becomes of one camera of a bulk edit: pure, but for the registry's checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from camera_registry.base.errors import CamhubError, InvalidError
from camera_registry.changes import DETAIL_FIELDS
from camera_registry.edits.change import BulkChange
from camera_registry.edits.model import EditLine, LineState
from camera_registry.model import Camera
from camera_registry.records import CameraChange
from camera_registry.scope import Scope
from camera_registry.shared import Logins, with_login
from camera_registry.stored import StoredCamera
from camera_registry.versions import SYSTEM, entry_of, from_snapshot, snapshot

Redraft = Callable[[StoredCamera, CameraChange, Scope], StoredCamera]
"""The registry's check of a change; raises CamhubError where it is refused."""

_STALE = "Somebody else has changed this camera meanwhile"


class Decider:
    """Decides for each camera whether a change holds, within what somebody may manage.

    ``logins`` are the shared log-ins that the cameras of a batch name.
    """

    def __init__(self, redraft: Redraft, change: BulkChange, scope: Scope) -> None:
        self._redraft = redraft
        self._change = change
        self._scope = scope

    def look(self, number: int, camera: Camera, logins: Logins) -> EditLine:
        """Return the line of a camera: what would become of it."""
        line = EditLine(number, camera.id, camera.name, LineState.GOOD, camera.version)
        return self._decide(line, StoredCamera(camera), logins)[0]

    def apply(
        self, line: EditLine, stored: StoredCamera | None, logins: Logins
    ) -> tuple[EditLine, StoredCamera | None]:
        """Return the line as it is then, and the camera as it is to be stored if it changes."""
        if stored is None:
            return missing(line), None
        if stored.camera.version != line.version:
            return _refused(line, "stale", _STALE), None
        decided, after = self._decide(line, stored, logins)
        if after is None:
            return decided, None
        return replace(decided, state=LineState.APPLIED, before=snapshot(stored.camera)), after

    def undo(
        self, line: EditLine, stored: StoredCamera | None, logins: Logins, now_us: int
    ) -> tuple[EditLine, StoredCamera | None]:
        """Return the line, and the camera with the fields that were changed as they were before."""
        if stored is None or stored.camera.version != line.version + 1:
            kept = missing(line) if stored is None else _refused(line, "stale", _STALE)
            return replace(kept, state=LineState.KEPT), None
        camera = _restored(stored.camera, from_snapshot(line.before), line, now_us)
        if not (self._allows(stored.camera) and self._allows(camera)):
            return replace(_forbidden(line), state=LineState.KEPT), None
        try:
            after = with_login(replace(stored, camera=camera), logins)
        except InvalidError as error:
            return replace(line, state=LineState.KEPT, code=error.code, message=error.message), None
        return replace(line, state=LineState.UNDONE), after

    def _decide(
        self, line: EditLine, stored: StoredCamera, logins: Logins
    ) -> tuple[EditLine, StoredCamera | None]:
        camera = stored.camera
        if not self._allows(camera):
            return _forbidden(line), None
        try:
            after = self._redraft(stored, self._change.of(camera), self._scope)
        except CamhubError as error:
            return _refused(line, error.code, error.message), None
        changes = entry_of(stored, after, SYSTEM).changes
        if not changes:
            return replace(line, state=LineState.SAME), None
        try:
            after = with_login(after, logins)
        except InvalidError as error:
            return _refused(line, error.code, error.message), None
        return replace(line, changes=changes), after

    def _allows(self, camera: Camera) -> bool:
        return self._scope.allows(camera.unit_code, camera.groups)


def missing(line: EditLine) -> EditLine:
    """Return the line of a camera that is not there."""
    return _refused(line, "not_found", "There is no such camera")


def _forbidden(line: EditLine) -> EditLine:
    return _refused(line, "forbidden", "You may not manage this camera")


def _refused(line: EditLine, code: str, message: str) -> EditLine:
    return replace(line, state=LineState.REFUSED, code=code, message=message)


def _restored(camera: Camera, before: Camera, line: EditLine, now_us: int) -> Camera:
    names = {"camera_class" if name == "class" else name for name in line.changes}
    own: dict[str, Any] = {name: getattr(before, name) for name in names - DETAIL_FIELDS}
    details = {name: getattr(before.details, name) for name in names & DETAIL_FIELDS}
    return replace(
        camera,
        **own,
        details=replace(camera.details, **details),
        version=camera.version + 1,
        updated_us=max(now_us, camera.updated_us),
    )

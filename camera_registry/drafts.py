"""What would be stored of a new or changed camera: everything that is checked without the store."""

from __future__ import annotations

from dataclasses import replace

from msgspec import UNSET

from camera_registry.base.clock import Clock
from camera_registry.base.errors import ForbiddenError
from camera_registry.base.ids import new_id
from camera_registry.changes import described, drafted
from camera_registry.logins import Logins
from camera_registry.model import Camera
from camera_registry.records import CameraChange, NewCamera
from camera_registry.scope import Scope
from camera_registry.stored import StoredCamera
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy


class Drafts:
    """Makes drafts. Raises InvalidError, and ForbiddenError where the scope does not allow it."""

    def __init__(self, units: Units, policy: UrlPolicy, logins: Logins, clock: Clock) -> None:
        self._units = units
        self._policy = policy
        self._logins = logins
        self._clock = clock

    def new(self, new: NewCamera, scope: Scope) -> StoredCamera:
        """Return a new camera."""
        now = self._clock.utc_us()
        unit = self._units.get(new.unit_code).code
        camera = drafted(new, new_id(now), unit, now)
        self._require(camera, scope)
        address = self._policy.accept(new.url)
        stored = StoredCamera(replace(camera, url=address.url))
        credentials = new.credentials or address.credentials
        return self._logins.addressed(self._logins.given(stored, credentials, new.credential_id))

    def changed(self, before: StoredCamera, change: CameraChange, scope: Scope) -> StoredCamera:
        """Return a camera with a change, as its next version."""
        unit = before.camera.unit_code
        if change.unit_code is not UNSET:
            unit = self._units.get(change.unit_code).code
        camera = described(before.camera, change, unit)
        changed = replace(before, camera=camera)
        if change.unit_code is not UNSET or change.groups is not UNSET:
            self._require(camera, scope)
        changed = self._logins.changed(changed, change)
        camera = replace(
            changed.camera,
            version=camera.version + 1,
            updated_us=max(self._clock.utc_us(), camera.updated_us),
        )
        changed = replace(changed, camera=camera)
        if {"sub", "capabilities"} & change.details.keys():
            return self._logins.addressed(changed)
        return changed

    def _require(self, camera: Camera, scope: Scope) -> None:
        if not scope.allows(camera.unit_code, camera.groups):
            unit = self._units.get(camera.unit_code)
            raise ForbiddenError(
                f"unit_code: you may not manage cameras in {unit.code} {unit.name_vi}",
                hint="ask an administrator"
                if not scope.grouped
                else "keep the camera in one of your groups, or ask an administrator",
            )

"""The register of cameras: who may change what, where it is kept, and how workers get to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from camera_registry.admission import Admission, contended, missing, stale
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, Kind, NotFoundError
from camera_registry.base.ids import is_id
from camera_registry.delivery import Delivery
from camera_registry.drafts import Drafts
from camera_registry.logins import Logins
from camera_registry.mirror import Mirror
from camera_registry.model import Actor, Camera
from camera_registry.records import (
    CameraChange,
    CameraFilter,
    CameraStore,
    NewCamera,
    StoredCamera,
    UrlTakenError,
)
from camera_registry.scope import Scope
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from camera_registry.versions import SYSTEM, VersionEntry
from camera_registry.weak import WeakCredentials

log = structlog.get_logger(__name__)

_TRIES = 5


class CameraRegistry:
    """Adds, lists, changes and removes cameras, and tells their history.

    Changes are committed even when the bus cannot be reached; ``run`` brings them there later.
    ``mirror`` may be None for a tool that runs without a bus: a running api mends it then. ``by``
    is who makes a change; it is kept in the camera's history.
    """

    def __init__(
        self,
        store: CameraStore,
        vault: Vault,
        units: Units,
        policy: UrlPolicy,
        clock: Clock,
        mirror: Mirror | None,
        weak: WeakCredentials | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        logins = Logins(vault, policy, weak or WeakCredentials.load())
        self._drafts = Drafts(units, policy, logins, clock)
        self._admission = Admission(store)
        self._delivery = Delivery(store, clock, mirror)

    async def add(self, new: NewCamera, scope: Scope, *, by: Actor = SYSTEM) -> Camera:
        """Register a camera.

        Raises InvalidError, ForbiddenError out of scope, ConflictError where there is one with
        its address or its code.
        """
        stored = self.draft(new, scope)
        await self._admission.require_new(stored.camera, scope)
        try:
            stored = await self._store.insert(stored, by)
        except UrlTakenError as taken:
            raise await self._admission.taken(taken, scope) from None
        log.info("camera_added", camera=stored.camera.id, unit=stored.camera.unit_code, by=by.id)
        await self._delivery.tell(stored, offer=True)
        return stored.camera

    def draft(self, new: NewCamera, scope: Scope) -> StoredCamera:
        """Check all that can be checked without the store, and return what would be stored.

        Whether the caller may use a shared log-in, and the camera too, is for the store to say.
        """
        return self._drafts.new(new, scope)

    def redraft(self, before: StoredCamera, change: CameraChange, scope: Scope) -> StoredCamera:
        """Check a change but for the store, and return what would be stored.

        Raises as :meth:`update` does. Whether the camera is in scope now is for the caller to know.
        """
        if change.version is not None and change.version != before.camera.version:
            raise stale()
        return self._drafts.changed(before, change, scope)

    async def get(self, camera_id: str, scope: Scope) -> Camera:
        """Return a camera. Raises NotFoundError where there is none in scope."""
        return (await self._stored(camera_id, scope)).camera

    async def stored(self, camera_id: str, scope: Scope) -> StoredCamera:
        """Return a camera with its sealed credentials, which a worker can open.

        Raises NotFoundError where there is none in scope.
        """
        return await self._stored(camera_id, scope)

    async def list(
        self,
        scope: Scope,
        wanted: CameraFilter | None = None,
        after: tuple[str, str] | None = None,
        limit: int = 100,
    ) -> Sequence[Camera]:
        """Return up to ``limit`` cameras in scope ordered by (name, id), behind ``after``."""
        return await self._store.list(scope, wanted or CameraFilter(), after, limit)

    async def update(
        self, camera_id: str, change: CameraChange, scope: Scope, *, by: Actor = SYSTEM
    ) -> Camera:
        """Change a camera.

        Raises NotFoundError out of scope, and a CamhubError of kind STALE where the caller named a
        version that is no longer the present one. New credentials replace the old ones; a new URL
        without credentials keeps them only while host and port stay the same, so that a password
        is never sent to another machine.
        """
        for _ in range(_TRIES):
            before = await self._stored(camera_id, scope)
            after = self.redraft(before, change, scope)
            await self._admission.require_changed(before.camera, after.camera, scope)
            try:
                written = await self._store.replace(before, after, by)
            except UrlTakenError as taken:
                raise await self._admission.taken(taken, scope) from None
            if written is not None:
                log.info(
                    "camera_changed", camera=camera_id, version=written.camera.version, by=by.id
                )
                await self._delivery.tell(written, offer=not before.camera.enabled)
                return written.camera
        raise contended()

    async def deliver(self, changed: Sequence[StoredCamera]) -> None:
        """Bring cameras to the workers that were changed in the store in another way."""
        for stored in changed:
            await self._delivery.tell(stored, offer=False)

    async def rules(self, camera_id: str, scope: Scope) -> tuple[str, int]:
        """Return a camera's rule document, empty for none, and its version.

        Raises NotFoundError where there is no such camera in scope.
        """
        stored = await self._stored(camera_id, scope)
        return stored.rules, stored.rules_version

    async def set_rules(
        self, camera_id: str, document: str, version: int, scope: Scope, *, by: Actor = SYSTEM
    ) -> int:
        """Write a camera's rule document, which the caller has checked; return its new version.

        Raises NotFoundError out of scope, and a CamhubError of kind STALE where ``version`` is not
        that of the present document.
        """
        for _ in range(_TRIES):
            before = await self._stored(camera_id, scope)
            if version != before.rules_version:
                raise CamhubError(
                    "Somebody else has changed the rules of this camera meanwhile",
                    hint="read them again and repeat your change",
                    kind=Kind.STALE,
                )
            after = replace(
                self._drafts.changed(before, CameraChange(), scope),
                rules=document,
                rules_version=version + 1,
            )
            written = await self._store.replace(before, after, by)
            if written is not None:
                log.info("rules_changed", camera=camera_id, version=after.rules_version, by=by.id)
                await self._delivery.tell(written, offer=False)
                return after.rules_version
        raise contended()

    async def remove(
        self, camera_id: str, scope: Scope, *, by: Actor = SYSTEM, version: int | None = None
    ) -> None:
        """Remove a camera; its history stays.

        Raises NotFoundError where there is none in scope, and a CamhubError of kind STALE where it
        has not the ``version`` that is named.
        """
        now = self._clock.utc_us()
        if not is_id(camera_id):
            raise missing()
        if not await self._store.delete(camera_id, scope, by, now, version):
            if version is not None and await self._store.get(camera_id, scope) is not None:
                raise stale()
            raise missing()
        log.info("camera_removed", camera=camera_id, by=by.id)
        await self._delivery.withdraw(camera_id)

    async def versions(
        self, camera_id: str, scope: Scope, before: int | None = None, limit: int = 100
    ) -> Sequence[VersionEntry]:
        """Return a camera's changes, the latest first, below the version ``before``.

        A removed camera still has them. Raises NotFoundError out of scope.
        """
        found = None
        if is_id(camera_id):
            found = await self._store.versions(camera_id, scope, before, limit)
        if found is None:
            raise missing()
        return found

    async def version(self, camera_id: str, number: int, scope: Scope) -> VersionEntry:
        """Return one change and the camera as it was after it. Raises NotFoundError."""
        found = await self.versions(camera_id, scope, number + 1, 1)
        if not found or found[0].version != number:
            raise NotFoundError("This version of the camera is not kept")
        return found[0]

    async def reconcile(self) -> int:
        """Make the bus equal to the database and count the repairs. Raises UnavailableError."""
        return await self._delivery.reconcile()

    def ask_reconcile(self, *, whole: bool = False) -> None:
        """Let ``run`` reconcile at once; ``whole`` after a lost connection came back."""
        self._delivery.ask(whole=whole)

    async def run(self, every_s: float = 30.0) -> None:
        """Reconcile now, then every ``every_s`` seconds and whenever asked, for ever."""
        await self._delivery.run(every_s)

    async def _stored(self, camera_id: str, scope: Scope) -> StoredCamera:
        stored = await self._store.get(camera_id, scope) if is_id(camera_id) else None
        if stored is None:
            raise missing()
        return stored

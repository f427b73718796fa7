"""The register of cameras: who may change what, where it is kept, and how workers get to know."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog
from msgspec import UNSET

from camera_registry.base.clock import Clock
from camera_registry.base.errors import (
    CamhubError,
    ConflictError,
    ForbiddenError,
    Kind,
    NotFoundError,
    UnavailableError,
)
from camera_registry.base.ids import is_id, new_id
from camera_registry.checks import (
    checked_gate,
    checked_name,
    checked_position,
    checked_priority,
    checked_tags,
    checked_transport,
)
from camera_registry.mirror import Mirror, spec_of
from camera_registry.model import Camera, Credentials
from camera_registry.records import (
    CameraChange,
    CameraFilter,
    CameraStore,
    NewCamera,
    StoredCamera,
)
from camera_registry.scope import Scope
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy, check_credentials
from camera_registry.vault import Vault

log = structlog.get_logger(__name__)

_TRIES = 5


class CameraRegistry:
    """Adds, lists, changes and removes cameras.

    Changes are committed even when the bus cannot be reached; ``run`` brings them there later.
    ``mirror`` may be None for a tool that runs without a bus: a running api mends it then.
    """

    def __init__(
        self,
        store: CameraStore,
        vault: Vault,
        units: Units,
        policy: UrlPolicy,
        clock: Clock,
        mirror: Mirror | None,
    ) -> None:
        self._store = store
        self._vault = vault
        self._units = units
        self._policy = policy
        self._clock = clock
        self._mirror = mirror
        self._turn = asyncio.Lock()
        self._due = asyncio.Event()

    async def add(self, new: NewCamera, scope: Scope) -> Camera:
        """Register a camera. Raises InvalidError, or ForbiddenError out of scope."""
        now = self._clock.utc_us()
        address = self._policy.accept(new.url)
        camera = Camera(
            id=new_id(now),
            name=checked_name(new.name),
            unit_code=self._unit(new.unit_code, scope),
            url=address.url,
            position=checked_position(new.position),
            enabled=new.enabled,
            transport=checked_transport(new.transport),
            tags=checked_tags(new.tags),
            created_us=now,
            updated_us=now,
            gate=checked_gate(new.gate),
            priority=checked_priority(new.priority),
        )
        given = new.credentials or address.credentials
        sealed = self._seal(camera.id, given)
        camera = replace(camera, has_credentials=bool(sealed))
        stored = StoredCamera(camera, sealed)
        await self._store.insert(stored)
        log.info("camera_added", camera=camera.id, unit=camera.unit_code)
        await self._tell(stored, offer=True)
        return camera

    async def get(self, camera_id: str, scope: Scope) -> Camera:
        """Return a camera. Raises NotFoundError where there is none in scope."""
        return (await self._stored(camera_id, scope)).camera

    async def list(
        self,
        scope: Scope,
        wanted: CameraFilter | None = None,
        after: tuple[str, str] | None = None,
        limit: int = 100,
    ) -> Sequence[Camera]:
        """Return up to ``limit`` cameras in scope ordered by (name, id), behind ``after``."""
        return await self._store.list(scope, wanted or CameraFilter(), after, limit)

    async def update(self, camera_id: str, change: CameraChange, scope: Scope) -> Camera:
        """Change a camera.

        Raises NotFoundError out of scope, and a CamhubError of kind STALE where the caller named a
        version that is no longer the present one. New credentials replace the old ones; a new URL
        without credentials keeps them only while host and port stay the same, so that a password
        is never sent to another machine.
        """
        for _ in range(_TRIES):
            before = await self._stored(camera_id, scope)
            if change.version is not None and change.version != before.camera.version:
                raise CamhubError(
                    "Somebody else has changed this camera meanwhile",
                    hint="read it again and repeat your change",
                    kind=Kind.STALE,
                )
            after = self._changed(before, change, scope)
            if await self._store.replace(after, before.camera.version):
                log.info("camera_changed", camera=camera_id, version=after.camera.version)
                await self._tell(after, offer=not before.camera.enabled)
                return after.camera
        raise ConflictError("The camera is being changed by others", hint="try again")

    async def rules(self, camera_id: str, scope: Scope) -> tuple[str, int]:
        """Return a camera's rule document, empty for none, and its version.

        Raises NotFoundError where there is no such camera in scope.
        """
        stored = await self._stored(camera_id, scope)
        return stored.rules, stored.rules_version

    async def set_rules(self, camera_id: str, document: str, version: int, scope: Scope) -> int:
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
                self._changed(before, CameraChange(), scope),
                rules=document,
                rules_version=version + 1,
            )
            if await self._store.replace(after, before.camera.version):
                log.info("rules_changed", camera=camera_id, version=after.rules_version)
                await self._tell(after, offer=False)
                return after.rules_version
        raise ConflictError("The camera is being changed by others", hint="try again")

    async def remove(self, camera_id: str, scope: Scope) -> None:
        """Remove a camera. Raises NotFoundError where there is none in scope."""
        if not is_id(camera_id) or not await self._store.delete(camera_id, scope):
            raise _missing()
        log.info("camera_removed", camera=camera_id)
        await self._withdraw(camera_id)

    async def reconcile(self) -> int:
        """Make the bus equal to the database and count the repairs. Raises UnavailableError."""
        if self._mirror is None:
            return 0
        async with self._turn:
            leased = await self._mirror.leased()
            specs, states = await self._mirror.present()
            stored = await self._store.enabled()
            wanted = [spec_of(item.camera, item.sealed, item.rules) for item in stored]
            repairs = await self._mirror.mend(wanted, specs, states, leased)
        if repairs:
            log.info("bus_reconciled", repairs=repairs, cameras=len(wanted))
        return repairs

    def ask_reconcile(self) -> None:
        """Let ``run`` reconcile at once: after a lost connection came back."""
        self._due.set()

    async def run(self, every_s: float = 30.0) -> None:
        """Reconcile now, then every ``every_s`` seconds and whenever asked, for ever."""
        while True:
            self._due.clear()
            try:
                await self.reconcile()
            except UnavailableError as error:
                log.warning("reconcile_postponed", reason=error.message)
            except CamhubError as error:
                log.error("reconcile_failed", reason=error.message)
            waiter = asyncio.ensure_future(self._due.wait())
            timer = asyncio.ensure_future(self._clock.sleep(every_s))
            try:
                await asyncio.wait({waiter, timer}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiter.cancel()
                timer.cancel()

    async def _stored(self, camera_id: str, scope: Scope) -> StoredCamera:
        stored = await self._store.get(camera_id, scope) if is_id(camera_id) else None
        if stored is None:
            raise _missing()
        return stored

    def _changed(self, before: StoredCamera, change: CameraChange, scope: Scope) -> StoredCamera:
        camera, sealed = self._described(before.camera, change, scope), before.sealed
        if change.url is not UNSET:
            address = self._policy.accept(change.url)
            if address.credentials is not None:
                sealed = self._seal(camera.id, address.credentials)
            elif _authority(address.url) != _authority(camera.url):
                sealed = b""
            camera = replace(camera, url=address.url)
        if change.credentials is not UNSET:
            sealed = self._seal(camera.id, change.credentials)
        camera = replace(
            camera,
            has_credentials=bool(sealed),
            version=camera.version + 1,
            updated_us=max(self._clock.utc_us(), camera.updated_us),
        )
        return replace(before, camera=camera, sealed=sealed)

    def _described(self, camera: Camera, change: CameraChange, scope: Scope) -> Camera:
        """Return the camera with all that is neither its address nor its credentials changed."""
        if change.name is not UNSET:
            camera = replace(camera, name=checked_name(change.name))
        if change.unit_code is not UNSET:
            camera = replace(camera, unit_code=self._unit(change.unit_code, scope))
        if change.position is not UNSET:
            camera = replace(camera, position=checked_position(change.position))
        if change.enabled is not UNSET:
            camera = replace(camera, enabled=change.enabled)
        if change.transport is not UNSET:
            camera = replace(camera, transport=checked_transport(change.transport))
        if change.tags is not UNSET:
            camera = replace(camera, tags=checked_tags(change.tags))
        if change.gate is not UNSET:
            camera = replace(camera, gate=checked_gate(change.gate))
        if change.priority is not UNSET:
            camera = replace(camera, priority=checked_priority(change.priority))
        return camera

    async def _tell(self, stored: StoredCamera, *, offer: bool) -> None:
        """Bring one change to the bus; without a connection leave it to ``run``."""
        if not stored.camera.enabled:
            await self._withdraw(stored.camera.id)
            return
        if self._mirror is None:
            return
        try:
            async with self._turn:
                await self._mirror.put(spec_of(stored.camera, stored.sealed, stored.rules))
                if offer:
                    await self._mirror.offer(stored.camera.id)
        except UnavailableError as error:
            self._late(stored.camera.id, error)

    async def _withdraw(self, camera_id: str) -> None:
        if self._mirror is None:
            return
        try:
            async with self._turn:
                await self._mirror.withdraw(camera_id)
        except UnavailableError as error:
            self._late(camera_id, error)

    def _late(self, camera_id: str, error: UnavailableError) -> None:
        log.warning("bus_change_postponed", camera=camera_id, reason=error.message)

    def _unit(self, code: str, scope: Scope) -> str:
        unit = self._units.get(code)
        if not scope.allows(unit.code):
            raise ForbiddenError(
                f"unit_code: you may not manage cameras in {unit.code} {unit.name_vi}",
                hint="ask an administrator",
            )
        return unit.code

    def _seal(self, camera_id: str, credentials: Credentials | None) -> bytes:
        if credentials is None:
            return b""
        return self._vault.seal_credentials(camera_id, check_credentials(credentials))


def _missing() -> NotFoundError:
    return NotFoundError("There is no such camera")


def _authority(url: str) -> tuple[str, str]:
    scheme, _, rest = url.partition("://")
    return scheme, rest.partition("/")[0].partition("?")[0]

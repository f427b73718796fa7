"""Brings changes to the bus, at once where it can, later where it must.

What is on the bus is read whole as the work begins, after a lost connection and every five minutes.
In between it is remembered, and held against two columns of the database: a command's change, or
one that did not get to the bus, is found within seconds, and a city's cameras are not read for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, UnavailableError
from camera_registry.mirror import Mirror, Present, spec_of, stamp_of
from camera_registry.model import CameraSpec
from camera_registry.records import CameraStore, StoredCamera

log = structlog.get_logger(__name__)

_WHOLE_S = 300.0


class Delivery:
    """Keeps the bus equal to the store. Without a mirror it leaves that to a running api."""

    def __init__(self, store: CameraStore, clock: Clock, mirror: Mirror | None) -> None:
        self._store = store
        self._clock = clock
        self._mirror = mirror
        self._turn = asyncio.Lock()
        self._due = asyncio.Event()
        self._present: Present | None = None
        self._stale_at_s = 0.0

    async def tell(self, stored: StoredCamera, *, offer: bool) -> None:
        """Bring one change to the bus; without a connection leave it to ``run``."""
        if not stored.camera.enabled:
            await self.withdraw(stored.camera.id)
            return
        if self._mirror is None:
            return
        try:
            async with self._turn:
                spec = _spec(stored)
                await self._mirror.put(spec)
                if offer:
                    await self._mirror.offer(spec.id)
                if self._present is not None:
                    self._present.specs[spec.id] = stamp_of(spec.version, spec.sealed)
                    if offer:
                        self._present.leased.add(spec.id)
        except UnavailableError as error:
            _late(stored.camera.id, error)

    async def withdraw(self, camera_id: str) -> None:
        """Take a camera off the bus; without a connection leave it to ``run``."""
        if self._mirror is None:
            return
        try:
            async with self._turn:
                await self._mirror.withdraw(camera_id)
                if self._present is not None:
                    self._present.specs.pop(camera_id, None)
                    self._present.states.discard(camera_id)
                    self._present.leased.discard(camera_id)
        except UnavailableError as error:
            _late(camera_id, error)

    async def reconcile(self, *, whole: bool = True) -> int:
        """Make the bus equal to the database and count the repairs. Raises UnavailableError.

        Not ``whole``: by what is remembered of the bus, if it was read within five minutes.
        """
        if self._mirror is None:
            return 0
        async with self._turn:
            if whole or self._present is None or self._clock.monotonic() >= self._stale_at_s:
                self._present = None
                self._stale_at_s = self._clock.monotonic() + _WHOLE_S
                self._present = await self._mirror.present()
            wanted = {
                camera_id: stamp_of(version, sealed)
                for camera_id, version, sealed in await self._store.enabled_logins()
            }
            repairs = await self._mirror.mend(wanted, self._present, self._specs)
        if repairs:
            log.info("bus_reconciled", repairs=repairs, cameras=len(wanted))
        return repairs

    def ask(self, *, whole: bool = False) -> None:
        """Let ``run`` reconcile at once. ``whole``: what is remembered of the bus does not hold."""
        if whole:
            self._stale_at_s = 0.0
        self._due.set()

    async def run(self, every_s: float) -> None:
        """Reconcile now, then every ``every_s`` seconds and whenever asked, for ever."""
        while True:
            self._due.clear()
            try:
                await self.reconcile(whole=False)
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

    async def _specs(self, ids: Sequence[str]) -> Sequence[CameraSpec]:
        return [_spec(stored) for stored in await self._store.enabled(ids)]


def _spec(stored: StoredCamera) -> CameraSpec:
    sealed, _ = stored.login
    return spec_of(stored.camera, sealed, stored.rules, stored.camera.credential_id)


def _late(camera_id: str, error: UnavailableError) -> None:
    log.warning("bus_change_postponed", camera=camera_id, reason=error.message)

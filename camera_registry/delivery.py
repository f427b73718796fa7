"""Brings changes to the bus, at once where it can, later where it must."""

from __future__ import annotations

import asyncio

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, UnavailableError
from camera_registry.mirror import Mirror, spec_of
from camera_registry.model import CameraSpec
from camera_registry.records import CameraStore, StoredCamera

log = structlog.get_logger(__name__)


class Delivery:
    """Keeps the bus equal to the store. Without a mirror it leaves that to a running api."""

    def __init__(self, store: CameraStore, clock: Clock, mirror: Mirror | None) -> None:
        self._store = store
        self._clock = clock
        self._mirror = mirror
        self._turn = asyncio.Lock()
        self._due = asyncio.Event()

    async def tell(self, stored: StoredCamera, *, offer: bool) -> None:
        """Bring one change to the bus; without a connection leave it to ``run``."""
        if not stored.camera.enabled:
            await self.withdraw(stored.camera.id)
            return
        if self._mirror is None:
            return
        try:
            async with self._turn:
                await self._mirror.put(_spec(stored))
                if offer:
                    await self._mirror.offer(stored.camera.id)
        except UnavailableError as error:
            _late(stored.camera.id, error)

    async def withdraw(self, camera_id: str) -> None:
        """Take a camera off the bus; without a connection leave it to ``run``."""
        if self._mirror is None:
            return
        try:
            async with self._turn:
                await self._mirror.withdraw(camera_id)
        except UnavailableError as error:
            _late(camera_id, error)

    async def reconcile(self) -> int:
        """Make the bus equal to the database and count the repairs. Raises UnavailableError."""
        if self._mirror is None:
            return 0
        async with self._turn:
            leased = await self._mirror.leased()
            specs, states = await self._mirror.present()
            stored = await self._store.enabled()
            wanted = [_spec(item) for item in stored]
            repairs = await self._mirror.mend(wanted, specs, states, leased)
        if repairs:
            log.info("bus_reconciled", repairs=repairs, cameras=len(wanted))
        return repairs

    def ask(self) -> None:
        """Let ``run`` reconcile at once: after a lost connection came back."""
        self._due.set()

    async def run(self, every_s: float) -> None:
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


def _spec(stored: StoredCamera) -> CameraSpec:
    sealed, _ = stored.login
    return spec_of(stored.camera, sealed, stored.rules, stored.camera.credential_id)


def _late(camera_id: str, error: UnavailableError) -> None:
    log.warning("bus_change_postponed", camera=camera_id, reason=error.message)

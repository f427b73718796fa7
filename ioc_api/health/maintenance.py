"""Maintenance windows: who announces work on cameras, and which alarms they silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import ForbiddenError, InvalidError, NotFoundError
from camera_registry.base.ids import is_id, new_id
from camera_registry.health.model import Target, Window
from camera_registry.health.ports import WindowStore
from camera_registry.model import Actor, Camera
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.units import Units

log = structlog.get_logger(__name__)

LONGEST_US = 31 * 86_400 * 1_000_000
_AT_MOST = 2000
_READ_EVERY_US = 5_000_000


@dataclass(frozen=True, slots=True)
class NewWindow:
    """What it takes to announce work. Times are UTC microseconds."""

    target: Target
    target_id: str
    from_us: int
    until_us: int
    reason: str


class Maintenance:
    """Announces, lists and ends windows. A window is seen by whoever may see what it is for."""

    def __init__(
        self, store: WindowStore, registry: CameraRegistry, units: Units, clock: Clock
    ) -> None:
        self._store = store
        self._registry = registry
        self._units = units
        self._clock = clock
        self._cached: Sequence[Window] = ()
        self._read_us = 0

    async def announce(self, new: NewWindow, scope: Scope, by: Actor) -> Window:
        """Announce work. Raises InvalidError, NotFoundError, or ForbiddenError out of scope."""
        now = self._clock.utc_us()
        reason = new.reason.strip()
        if not reason or len(reason) > 200 or not reason.isprintable():
            raise InvalidError("reason: give 1 to 200 printable characters", code="reason")
        if not new.from_us < new.until_us <= new.from_us + LONGEST_US or new.until_us <= now:
            raise InvalidError(
                "until: a window ends after it begins, in the future, and within 31 days",
                code="window",
            )
        await self._require(new.target, new.target_id, scope)
        window = Window(
            new_id(now), new.target, new.target_id, new.from_us, new.until_us, reason, by, now
        )
        await self._store.add(window)
        self._read_us = 0
        log.info("maintenance_announced", window=window.id, by=by.id)
        return window

    async def list(self, scope: Scope, *, past: bool = False) -> list[Window]:
        """Return windows in scope by their beginnings; with ``past`` those of the last 90 days."""
        since = self._clock.utc_us() - (90 * 86_400 * 1_000_000 if past else 0)
        return [
            window
            for window in await self._store.list(since, _AT_MOST)
            if await self._visible(window, scope)
        ]

    async def end(self, window_id: str, scope: Scope, by: Actor) -> None:
        """End a window now. Raises NotFoundError where there is none in scope."""
        window = await self._store.get(window_id) if is_id(window_id) else None
        if window is None or not await self._visible(window, scope):
            raise NotFoundError("There is no such maintenance window")
        await self._store.end(window_id, self._clock.utc_us())
        self._read_us = 0
        log.info("maintenance_ended", window=window_id, by=by.id)

    async def current(self) -> Sequence[Window]:
        """Return the windows of now and of the last day, at most seconds old."""
        now = self._clock.utc_us()
        if now - self._read_us > _READ_EVERY_US:
            self._cached = await self._store.list(now - 86_400 * 1_000_000, _AT_MOST)
            self._read_us = now
        return self._cached

    async def silences(self, camera: Camera, at_us: int) -> bool:
        """Say whether an alarm of a camera at this time is silenced."""
        return any(
            window.covers(camera.id, camera.unit_code, camera.groups, at_us)
            for window in await self.current()
        )

    async def _visible(self, window: Window, scope: Scope) -> bool:
        try:
            await self._require(window.target, window.target_id, scope)
        except (ForbiddenError, NotFoundError, InvalidError):
            return False
        return True

    async def _require(self, target: Target, target_id: str, scope: Scope) -> None:
        """Raise unless everything that a window is for lies in the scope."""
        if target is Target.CAMERA:
            await self._registry.get(target_id, scope)
            return
        if target is Target.UNIT:
            unit = self._units.get(target_id)
            wanted = Scope.of([unit.code])
        else:
            if not is_id(target_id):
                raise NotFoundError("There is no such camera group")
            wanted = Scope.of(["*"], [target_id])
        if not scope.covers(wanted):
            raise ForbiddenError(
                "You may not announce work on all of these cameras",
                hint="name the cameras that you manage",
                code="out_of_scope",
            )

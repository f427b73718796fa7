"""Maintenance windows: who announces work on cameras, and which alarms they silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from analytics.events import Event
from camera_registry.base.clock import Clock
from camera_registry.base.errors import ForbiddenError, InvalidError, NotFoundError
from camera_registry.base.ids import is_id, new_id
from camera_registry.groups import CameraGroups
from camera_registry.health.model import SeenWindow, Target, Window
from camera_registry.health.ports import Place, WindowFilter, WindowStore
from camera_registry.health.silence import Silence
from camera_registry.model import Actor, Camera
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.units import Units

log = structlog.get_logger(__name__)

LONGEST_US = 31 * 86_400 * 1_000_000
_AT_ONCE = 2000
_READ_EVERY_US = 5_000_000
_DAY_US = 86_400 * 1_000_000
_SILENT = ("tamper_", "camera_")


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
        self,
        store: WindowStore,
        registry: CameraRegistry,
        groups: CameraGroups,
        units: Units,
        clock: Clock,
    ) -> None:
        self._store = store
        self._registry = registry
        self._camera_groups = groups
        self._units = units
        self._clock = clock
        self._cached = Silence()
        self._read_us = 0

    async def announce(self, new: NewWindow, scope: Scope, by: Actor) -> SeenWindow:
        """Announce work. Raises InvalidError, NotFoundError, or ForbiddenError out of scope.

        Work on what there is not would silence nothing, and nobody would be told.
        """
        now = self._clock.utc_us()
        reason = new.reason.strip()
        if not reason or len(reason) > 200 or not reason.isprintable():
            raise InvalidError("reason: give 1 to 200 printable characters", code="reason")
        if not new.from_us < new.until_us <= new.from_us + LONGEST_US or new.until_us <= now:
            raise InvalidError(
                "until: a window ends after it begins, in the future, and within 31 days",
                code="window",
            )
        if new.target is Target.GROUP:
            await self._camera_groups.get(new.target_id, scope)
        name = await self._require(new.target, new.target_id, scope)
        window = Window(
            new_id(now), new.target, new.target_id, new.from_us, new.until_us, reason, by, now
        )
        await self._store.add(window)
        self._read_us = 0
        log.info("maintenance_announced", window=window.id, by=by.id)
        return SeenWindow(window, name)

    async def page(
        self,
        scope: Scope,
        after: Place | None,
        limit: int,
        *,
        past: bool = False,
        camera: Camera | None = None,
    ) -> list[SeenWindow]:
        """Return windows in scope by their beginnings; with ``past`` those of the last 90 days.

        ``camera``: only those that are for it, be it by itself, its unit or a group of it.
        """
        since = self._clock.utc_us() - (90 * _DAY_US if past else 0)
        targets = None
        if camera is not None:
            targets = frozenset({camera.id, camera.unit_code, *camera.groups})
        found = await self._store.page(WindowFilter(scope, since, targets), after, limit)
        return [
            replace(each, name=self._unit_name(each.window.target_id))
            if each.window.target is Target.UNIT
            else each
            for each in found
        ]

    async def end(self, window_id: str, scope: Scope, by: Actor) -> None:
        """End a window now. Raises NotFoundError where there is none in scope."""
        window = await self._store.get(window_id) if is_id(window_id) else None
        if window is None or not await self._visible(window, scope):
            raise NotFoundError("There is no such maintenance window")
        await self._store.end(window_id, self._clock.utc_us())
        self._read_us = 0
        log.info("maintenance_ended", window=window_id, by=by.id)

    async def silences(self, camera: Camera, at_us: int) -> bool:
        """Say whether an alarm of a camera at this time, of now or the last day, is silenced."""
        silence = await self._current()
        return silence.covers(camera.id, camera.unit_code, camera.groups, at_us)

    async def silenced(self, events: Sequence[Event]) -> frozenset[str]:
        """Return the ids of those events that a window silenced at their time.

        Only what tells of the camera itself can be: tampering, and its being dead or flapping.
        """
        about = [(each, _told_us(each)) for each in events if each.kind.startswith(_SILENT)]
        if not about:
            return frozenset()
        oldest = min(at_us for _, at_us in about)
        recent = oldest >= self._clock.utc_us() - _DAY_US
        newest = max(at_us for _, at_us in about)
        silence = await (self._current() if recent else self._between(oldest, newest))
        found = set()
        for event, at_us in about:
            asks = silence.asks_for_groups(at_us)
            groups = await self._groups(event.camera_id) if asks else ()
            if silence.covers(event.camera_id, event.unit_code, groups, at_us):
                found.add(event.id)
        return frozenset(found)

    async def _current(self) -> Silence:
        """Return the windows of now and of the last day, at most seconds old."""
        now = self._clock.utc_us()
        if now - self._read_us > _READ_EVERY_US:
            self._cached = await self._between(now - _DAY_US, now + _READ_EVERY_US)
            self._read_us = now
        return self._cached

    async def _between(self, since_us: int, until_us: int) -> Silence:
        """Read all windows that touch a period, however many."""
        found: list[Window] = []
        after: Place | None = None
        while True:
            page = await self._store.between(since_us, until_us, after, _AT_ONCE)
            found += page
            if len(page) < _AT_ONCE:
                return Silence(found)
            after = (page[-1].from_us, page[-1].id)

    async def _groups(self, camera_id: str) -> tuple[str, ...]:
        try:
            return (await self._registry.get(camera_id, Scope.all())).groups
        except NotFoundError:
            return ()  # removed since: in no group any more

    async def _visible(self, window: Window, scope: Scope) -> bool:
        """Say whether all of what a window is for lies in the scope."""
        try:
            await self._require(window.target, window.target_id, scope)
        except (ForbiddenError, NotFoundError, InvalidError):
            return False
        return True

    def _unit_name(self, code: str) -> str:
        try:
            return self._units.get(code).name_vi
        except InvalidError:
            return ""  # no unit of today

    async def _require(self, target: Target, target_id: str, scope: Scope) -> str:
        """Return its name; raise unless everything that a window is for lies in the scope."""
        name = ""
        if target is Target.CAMERA:
            return (await self._registry.get(target_id, scope)).name
        if target is Target.UNIT:
            unit = self._units.get(target_id)
            name, wanted = unit.name_vi, Scope.of([unit.code])
        else:
            # one that was deleted since has its windows still, and they can be ended
            wanted = Scope.of(["*"], [target_id])
        if not scope.covers(wanted):
            raise ForbiddenError(
                "You may not announce work on all of these cameras",
                hint="name the cameras that you manage",
                code="out_of_scope",
            )
        return name


def _told_us(event: Event) -> int:
    """Return when an event calls for attention.

    A camera that died within a window and is dead when it ends is told then, of the time before.
    """
    return event.at_us if event.kind.startswith("tamper_") else event.emitted_us

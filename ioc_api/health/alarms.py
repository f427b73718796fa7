"""Turns dead and flapping cameras into events, as everything an operator has to see is one.

The id of such an event is made from the camera and the beginning of the outage: several replicas,
and one that was restarted, tell the same event once. What was told is in the database until its end
is told too: a camera may return while no api runs.
"""

from __future__ import annotations

import hashlib

import structlog
from prometheus_client import Gauge

from analytics.events import Box, Event, EventMessage, encode_event
from camera_registry import subjects
from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, NotFoundError
from camera_registry.base.tasks import Backoff, retrying
from camera_registry.health.model import DISABLED, Outage
from camera_registry.health.ports import HealthStore, ToldOutages
from camera_registry.health.uptime import FLAPPING_FALLS, FLAPPING_US
from camera_registry.model import Camera
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from ioc_api.health.maintenance import Maintenance

log = structlog.get_logger(__name__)

DEAD = Gauge("camhub_cameras_dead", "Cameras without a live picture for the alarm's time.")
FLAP = Gauge("camhub_cameras_flapping", "Cameras that keep coming and going in the last hour.")

DOWN, UP, FLAPPING = "camera_down", "camera_up", "camera_flapping"
_LOOK_S = 5.0
_PAGE = 500
_EVERYTHING = Scope.all()


class CameraAlarms:
    """Looks every few seconds at who has been dead for ``after_s`` and whom nobody works on."""

    def __init__(
        self,
        bus: Bus,
        store: HealthStore,
        told: ToldOutages,
        registry: CameraRegistry,
        maintenance: Maintenance,
        clock: Clock,
        after_s: float,
    ) -> None:
        self._bus = bus
        self._store = store
        self._told = told
        self._registry = registry
        self._maintenance = maintenance
        self._clock = clock
        self._after_us = round(after_s * 1e6)

    async def run(self) -> None:
        """Look for ever; without bus or database wait and try again."""
        await retrying(
            self._run_once,
            clock=self._clock,
            backoff=Backoff(base_s=1.0, cap_s=15.0),
            on_error=self._on_error,
        )

    async def _run_once(self) -> None:
        await self._clock.sleep(_LOOK_S)
        await self.look()

    async def look(self) -> None:
        """Tell what is new since the last look. Raises a CamhubError; what was not told is then."""
        now = self._clock.utc_us()
        dead = await self._dead(now)
        DEAD.set(len(dead))
        told = await self._told.all()
        for outage in dead.values():
            if told.get(outage.change.camera_id) != outage.since_us:
                await self._down(outage, now)
        for camera_id, since_us in told.items():
            if camera_id not in dead:
                await self._up(camera_id, since_us, now)
                await self._told.drop(camera_id, since_us)
        flapping = await self._store.falling(now - FLAPPING_US, FLAPPING_FALLS)
        FLAP.set(len(flapping))
        for camera_id, falls in flapping:
            camera = await self._camera(camera_id)
            if camera is None or not camera.enabled:
                continue
            if not await self._maintenance.silences(camera, now):
                hour = now - now % FLAPPING_US
                await self._tell(camera, FLAPPING, hour, now, {"falls": float(falls)})

    async def _dead(self, now: int) -> dict[str, Outage]:
        found: dict[str, Outage] = {}
        after: tuple[int, str] | None = None
        while True:
            page = await self._store.outages(_EVERYTHING, now - self._after_us, after, _PAGE)
            found |= {outage.change.camera_id: outage for outage in page}
            if len(page) < _PAGE:
                return found
            after = (page[-1].since_us, page[-1].change.camera_id)

    async def _down(self, outage: Outage, now: int) -> None:
        camera_id = outage.change.camera_id
        camera = await self._camera(camera_id)
        if camera is None or not camera.enabled:
            return
        if await self._maintenance.silences(camera, now):
            return  # if it is still dead when the window ends, it is told then
        seconds = round((now - outage.since_us) / 1e6, 1)
        await self._tell(camera, DOWN, outage.since_us, now, {"dead_s": seconds}, outage)
        # afterwards: who is ended in between tells it again, under the same id
        await self._told.keep(camera_id, outage.since_us)

    async def _up(self, camera_id: str, since_us: int, now: int) -> None:
        """Tell that a camera is back, unless it was removed or switched off: then it is not."""
        latest = await self._store.page(camera_id, None, 1)
        camera = await self._camera(camera_id)
        if camera is not None and latest and latest[0].state != DISABLED:
            await self._tell(camera, UP, since_us, now, {})

    async def _camera(self, camera_id: str) -> Camera | None:
        try:
            return await self._registry.get(camera_id, _EVERYTHING)
        except NotFoundError:
            return None

    async def _tell(
        self,
        camera: Camera,
        kind: str,
        since_us: int,
        now: int,
        measured: dict[str, float],
        outage: Outage | None = None,
    ) -> None:
        event = Event(
            id=_event_id(camera.id, kind, since_us),
            kind=kind,
            camera_id=camera.id,
            unit_code=camera.unit_code,
            at_us=now if kind == UP else since_us,
            arrival_us=now,
            emitted_us=now,
            rule="",
            rule_version=0,
            zone="",
            track_id=0,
            label=outage.change.reason_code[:100] if outage is not None else "",
            score=1.0,
            box=Box(0.0, 0.0, 0.0, 0.0),
            model="",
            worker="hub",
            measured=measured or None,
        )
        subject = subjects.event(camera.unit_code, camera.id, kind)
        await self._bus.append(subject, encode_event(EventMessage(event)), message_id=event.id)
        log.info("camera_alarm", kind=kind, camera=camera.id)

    async def _on_error(self, error: CamhubError, delay_s: float) -> None:
        log.warning("alarms_wait", reason=error.message, delay_s=round(delay_s, 2))


def _event_id(*parts: object) -> str:
    """Make an id in the form of a UUID out of what it stands for (RFC 9562, version 8)."""
    text = "\0".join(map(str, parts))
    value = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    value = value & ~(0xF << 76) | 0x8 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

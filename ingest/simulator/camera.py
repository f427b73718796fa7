"""One simulated camera: its clip, its clock, its viewers and what is wrong with it."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from camera_registry.base.clock import Clock, us_to_iso
from camera_registry.base.errors import CamhubError
from ingest.simulator.clip import RTP_CLOCK, Clip
from ingest.simulator.config import CameraConfig
from ingest.simulator.faults import ENDS_SESSIONS, Fault, FaultKind
from ingest.simulator.programme import Programme
from ingest.simulator.rtp import PreparedClip, prepare
from ingest.simulator.variants import Variant, make_variant
from ingest.simulator.viewer import Viewer

log = structlog.get_logger(__name__)

_LATE = RTP_CLOCK  # after a pause of the process this long, go on with the next keyframe
_VARIANTS = {
    FaultKind.BLACK: Variant.BLACK,
    FaultKind.RESOLUTION_CHANGE: Variant.HALF_SIZE,
    FaultKind.UNKNOWN_CODEC: Variant.MPEG4,
}


class SimulatedCamera:
    """Sends one clip in a loop to all its viewers, who all see the same instant.

    ``on_refuse`` is told True when the fault ``refuse`` begins and False when it ends; the server
    uses it to close and reopen a camera's own port.
    """

    def __init__(self, config: CameraConfig, clock: Clock) -> None:
        self.config = config
        self.fault: Fault | None = None
        self.loaded = asyncio.Event()
        self.on_refuse: Callable[[bool], Awaitable[None]] | None = None
        self.truth: Path | None = None
        self._clock = clock
        self._viewers: dict[Viewer, float] = {}
        self._wanted = asyncio.Event()
        self._path = Path()
        self._clip: Clip | None = None
        self._prepared: dict[str, PreparedClip] = {}
        self._programme: Programme | None = None
        self._pending: Programme | None = None
        self._origin = 0.0
        self._origin_us = 0
        self._clearing: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._change = asyncio.Lock()

    async def load(
        self, clip: Clip, prepared: PreparedClip, path: Path, truth: Path | None
    ) -> None:
        """Give the camera its clip and its initial fault; its media clock starts now."""
        self._clip, self._path, self.truth = clip, path, truth
        self._prepared["main"] = prepared
        self._programme = Programme(prepared)
        self._origin = self._clock.monotonic()
        self._origin_us = self._clock.utc_us()
        if self.config.fault is not None:
            await self._apply(self.config.fault)
        self.loaded.set()

    @property
    def offered(self) -> PreparedClip:
        """What DESCRIBE offers now."""
        programme = self._pending or self._programme
        if programme is None:
            raise RuntimeError("the camera has no clip yet")
        return programme.clip

    @property
    def viewers(self) -> int:
        """How many clients are playing."""
        return len(self._viewers)

    def has(self, kind: FaultKind) -> bool:
        """Tell whether this is what is wrong now."""
        return self.fault is not None and self.fault.kind is kind

    def status(self) -> dict[str, object]:
        """Describe the camera for the control: no secret is in it."""
        loaded = self._programme is not None
        return {
            "name": self.config.name,
            "source": self.config.source,
            "rate": self.config.rate,
            "auth": self.config.auth,
            "ready": loaded,
            "viewers": self.viewers,
            "fault": self.fault.to_json() if self.fault else None,
            "codec": self.offered.codec.value if loaded else None,
            "width": self.offered.width if loaded else None,
            "height": self.offered.height if loaded else None,
            "fps": round(self.offered.fps, 3) if loaded else None,
            "started_at": us_to_iso(self._origin_us) if loaded else None,
            "loop_s": self._prepared["main"].duration / RTP_CLOCK if loaded else None,
            "truth": str(self.truth) if self.truth else None,
        }

    def join(self, viewer: Viewer) -> None:
        """Start sending to ``viewer``, from the next keyframe on."""
        if not self._viewers and self._programme:
            self._programme.seek(self._now())
        viewer.restart()
        self._viewers[viewer] = self._clock.monotonic()
        self._wanted.set()

    def leave(self, viewer: Viewer) -> None:
        """Stop sending to ``viewer``."""
        self._viewers.pop(viewer, None)
        if not self._viewers:
            self._wanted.clear()
            if self._pending is not None:
                self._programme, self._pending = self._pending, None

    async def set_fault(self, fault: Fault | None) -> None:
        """Put a fault in place of the present one; None restores normal service.

        Raises InvalidError where the fault needs an encoder that is missing.
        """
        async with self._change:
            await self.loaded.wait()
            await self._apply(fault)

    async def _apply(self, fault: Fault | None) -> None:
        clip = await self._clip_for(fault)
        if self._clearing is not None:
            self._clearing.cancel()
            self._clearing = None
        before, self.fault = self.fault, fault
        refused = before is not None and before.kind is FaultKind.REFUSE
        refuse = self.has(FaultKind.REFUSE)
        if self.on_refuse and refuse != refused:
            await self.on_refuse(refuse)
        # A client cannot follow a change of codec in either direction.
        had_codec = before is not None and before.kind is FaultKind.UNKNOWN_CODEC
        if had_codec or (fault is not None and fault.kind in ENDS_SESSIONS):
            self.end_viewers()
        self._switch_to(clip, keeps_clock=fault is None or fault.kind not in _VARIANTS)
        if fault is not None and fault.seconds is not None:
            loop = asyncio.get_running_loop()
            self._clearing = loop.call_later(fault.seconds, self._expire, fault)
        log.info("fault", camera=self.config.name, fault=fault.kind if fault else None)

    def _expire(self, fault: Fault) -> None:
        async def clear() -> None:
            try:
                if self.fault is fault:
                    await self.set_fault(None)
            except CamhubError as error:
                log.error("fault not cleared", camera=self.config.name, error=str(error))

        task = asyncio.get_running_loop().create_task(clear())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end_viewers(self) -> None:
        """Close every playing client."""
        for viewer in list(self._viewers):
            viewer.end()
            self.leave(viewer)

    async def _clip_for(self, fault: Fault | None) -> PreparedClip:
        kind = fault.kind if fault else None
        if self._clip is None:
            raise RuntimeError("the camera has no clip yet")
        if kind is FaultKind.NO_PARAMETER_SETS:
            if kind not in self._prepared:
                self._prepared[kind] = prepare(self._clip, with_parameter_sets=False)
            return self._prepared[kind]
        if kind in _VARIANTS:
            if kind not in self._prepared:
                variant = await asyncio.to_thread(make_variant, self._path, _VARIANTS[kind])
                self._prepared[kind] = prepare(variant)
            return self._prepared[kind]
        return self._prepared["main"]

    def _switch_to(self, clip: PreparedClip, *, keeps_clock: bool) -> None:
        if self._programme is None or clip is (self._pending or self._programme).clip:
            return
        now = self._now()
        # Pictures that are the clip's own keep its clock, so that the ground truth stays true.
        following = Programme(clip, 0 if keeps_clock else now)
        following.seek(now)
        if self._viewers:
            self._pending = following
        else:
            self._programme, self._pending = following, None

    def _now(self) -> int:
        return round((self._clock.monotonic() - self._origin) * RTP_CLOCK)

    async def run(self) -> None:
        """Send for ever."""
        await self.loaded.wait()
        while True:
            if not self._viewers:
                await self._wanted.wait()
            programme = self._next_programme()
            wait = (programme.due - self._now()) / RTP_CLOCK
            # Also when late: give way, so that one slow machine cannot starve the connections.
            await asyncio.sleep(max(wait, 0.0))
            if programme is self._next_programme():
                self._send(programme)
                programme.advance()

    def _next_programme(self) -> Programme:
        if self._programme is None:
            raise RuntimeError("the camera has no clip yet")
        now = self._now()
        if now - self._programme.due > _LATE:
            self._programme.seek(now)
        if self._pending is not None:
            if now - self._pending.due > _LATE:
                self._pending.seek(now)
            if self._pending.due <= self._programme.due:
                self._programme, self._pending = self._pending, None
        return self._programme

    def _send(self, programme: Programme) -> None:
        fault = self.fault
        kind = fault.kind if fault else None
        if kind is FaultKind.STALL:
            for viewer in self._viewers:
                viewer.restart()
            return
        if kind is FaultKind.GARBAGE:
            for viewer in list(self._viewers):
                viewer.send_garbage(os.urandom(random.randint(64, 4096)))  # noqa: S311
            return
        unit = programme.unit
        if kind is FaultKind.FREEZE:
            unit = next(unit for unit in programme.clip.units if unit.key)
        offset, loss = 0, 0.0
        if fault is not None and kind is FaultKind.JUMP_FORWARD:
            offset = round(fault.amount * RTP_CLOCK)
        elif fault is not None and kind is FaultKind.JUMP_BACK:
            offset = -round(fault.amount * RTP_CLOCK)
        elif fault is not None and kind is FaultKind.UDP_LOSS:
            loss = fault.amount
        now, utc_us = self._now(), self._clock.utc_us()
        for viewer in list(self._viewers):
            viewer.deliver(unit, programme.pts + offset, now + offset, utc_us, loss)
        if fault is not None and kind is FaultKind.DROP:
            self._drop_after(fault.amount)

    def _drop_after(self, seconds: float) -> None:
        now = self._clock.monotonic()
        for viewer, since in list(self._viewers.items()):
            if now - since >= seconds:
                viewer.end()
                self.leave(viewer)

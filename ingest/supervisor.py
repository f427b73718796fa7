"""The cameras that one worker runs: a lease becomes a runner, a ring, a relay and an analysis."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec
import structlog
from prometheus_client import Counter, Gauge

from camera_registry import subjects
from camera_registry.base.bus import Bus, Entry
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, UnavailableError
from camera_registry.mirror import decode_spec
from camera_registry.model import CameraSpec, CameraState, Credentials, State
from ingest.camera_runner import CameraRunner
from ingest.freeze import Verdict
from ingest.gate_state import GateStatus
from ingest.health_log import HealthLog
from ingest.model_status import ModelStatus
from ingest.options import IngestOptions
from ingest.packets import Packet
from ingest.relay import LiveRelay
from ingest.ring import GopRing

log = structlog.get_logger(__name__)

CAMERAS = Gauge("camhub_cameras", "Cameras of this worker by state", ["state"])
RESTARTS = Counter("camhub_camera_restarts_total", "Cameras started anew", ["reason"])

_encode_state = msgspec.msgpack.Encoder().encode
_RESTART_AFTER_S = 15.0
_REPORT_S = 3.0


class Analysis(Protocol):
    """What looks at a camera's packets. ``push`` never blocks; it runs in the session's thread."""

    def push(self, packet: Packet) -> object:
        """Take the next packet."""
        ...

    def stop(self) -> None:
        """Forget this camera; no callback comes after."""
        ...

    def gate_status(self) -> GateStatus:
        """Return what is decoded of the camera and why; callable from any thread."""
        ...

    def use_model(self, name: str) -> None:
        """Look with another model; '' is the default. The old one looks until it is loaded."""
        ...

    def model_status(self) -> ModelStatus:
        """Return what the camera is looked at with."""
        ...


class MakeAnalysis(Protocol):
    """Makes the analysis of one camera.

    ``on_picture`` takes the picture watch's verdicts, ``on_failure`` an unforeseen exception that
    ended the analysis; both may be called from any thread.
    """

    def __call__(
        self,
        spec: CameraSpec,
        on_picture: Callable[[Verdict], None],
        on_failure: Callable[[Exception], None],
    ) -> Analysis:
        """Return a new analysis."""
        ...


class Attendant(Protocol):
    """Something that serves from a camera's ring while the camera runs, such as stills."""

    async def start(self) -> None:
        """Begin. Raises UnavailableError while the bus cannot be reached."""
        ...

    async def stop(self) -> None:
        """End."""
        ...


Attend = Callable[[str, GopRing], Sequence[Attendant]]
"""Makes the attendants of a camera (its id) over its ring."""


def nobody(_: str, __: GopRing) -> Sequence[Attendant]:
    """Attend to no camera."""
    return ()


@dataclass(slots=True)
class _Running:
    spec: CameraSpec
    runner: CameraRunner | None
    relay: LiveRelay | None
    analysis: Analysis | None
    watcher: asyncio.Task[None]
    attendants: Sequence[Attendant] = ()
    credentials: Credentials | None = None


class _Voice:
    """Carries what an analysis says, from its threads, to a camera's runner and watcher."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.runner: CameraRunner | None = None
        self.failed = asyncio.Event()

    def picture(self, verdict: Verdict) -> None:
        if self.runner is not None:
            self.runner.report_picture(verdict)

    def failure(self, _: Exception) -> None:
        # the analysis has logged it with its traceback
        self._loop.call_soon_threadsafe(self.failed.set)


class CameraSupervisor:
    """Starts, restarts and stops cameras as leases and specs come and go.

    ``open_credentials`` opens a spec's sealed credentials; what it raises becomes the camera's
    state. States are written to the states bucket at each change and every few seconds.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        *,
        worker: str,
        options: IngestOptions,
        open_credentials: Callable[[CameraSpec], Credentials | None],
        make_analysis: MakeAnalysis,
        attend: Attend = nobody,
        health: HealthLog | None = None,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._worker = worker
        self._options = options
        self._open_credentials = open_credentials
        self._make_analysis = make_analysis
        self._attend = attend
        self._health = health
        self._specs: dict[str, CameraSpec] = {}
        self._generations: dict[str, int] = {}
        self._cameras: dict[str, _Running] = {}
        self._states: dict[str, CameraState] = {}
        self._unsaid: dict[str, CameraState] = {}
        self._news = asyncio.Event()
        self._stopped = False
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.on_removed: Callable[[str], Awaitable[None]] | None = None

    async def start(self) -> None:
        """Learn every camera's spec and follow the changes. Raises UnavailableError."""
        await self._bus.bucket(subjects.SPECS_BUCKET).watch(self._spec_changed)

    async def run(self) -> None:
        """Publish states until cancelled or stopped."""
        bucket = self._bus.bucket(subjects.STATES_BUCKET)
        while not self._stopped:  # a cancellation can be lost in a wait_for of Python 3.11
            await self._news.wait()
            self._news.clear()
            unsaid, self._unsaid = self._unsaid, {}
            for camera_id, state in unsaid.items():
                if camera_id not in self._generations:
                    continue
                try:
                    await bucket.put(camera_id, _encode_state(state))
                except UnavailableError as error:
                    # the next report says it again; what is true now would be old by then
                    log.warning("states_not_told", reason=error.message)
                    break

    async def taken(self, camera_id: str, generation: int) -> bool:
        """Run a camera whose lease came to this worker; False where its spec is not known yet."""
        async with self._locks[camera_id]:
            spec = self._specs.get(camera_id)
            if spec is None:
                return False
            self._generations[camera_id] = generation
            if camera_id not in self._cameras:
                try:
                    await self._begin(spec)
                except UnavailableError as error:
                    log.warning("camera_not_started", camera=camera_id, reason=error.message)
                    del self._generations[camera_id]
                    return False
            return True

    async def lost(self, camera_id: str) -> None:
        """Stop a camera whose lease is gone."""
        async with self._locks[camera_id]:
            self._generations.pop(camera_id, None)
            await self._end(camera_id)
            self._states.pop(camera_id, None)
            self._unsaid.pop(camera_id, None)
            if self._health is not None:
                self._health.forget(camera_id)
            self._count()

    async def stop(self) -> None:
        """Stop every camera."""
        # also those that are just being started anew and stand in no list of running ones
        held = {*self._cameras, *self._generations}
        await asyncio.gather(*(self.lost(camera_id) for camera_id in held))
        self._stopped = True
        self._news.set()

    async def _spec_changed(self, entry: Entry) -> None:
        camera_id = entry.key
        if entry.value is None:
            self._specs.pop(camera_id, None)
            if camera_id in self._generations and self.on_removed is not None:
                await self.on_removed(camera_id)
            return
        try:
            spec = decode_spec(entry.value)
        except msgspec.DecodeError as error:
            log.warning("spec_unreadable", camera=camera_id, reason=str(error))
            return
        self._specs[camera_id] = spec
        running = self._cameras.get(camera_id)
        if running is None or running.spec == spec:
            return
        if running.analysis is not None and _differ_by_model(running.spec, spec):
            running.spec = spec
            running.analysis.use_model(spec.detector)
        elif running.runner is not None and self._only_sealed_anew(running, spec):
            running.spec = spec
        else:
            RESTARTS.labels("changed").inc()
            await self._restart(spec)

    def _only_sealed_anew(self, running: _Running, spec: CameraSpec) -> bool:
        """Whether only the master key changed, which is no reason to end a session."""
        if replace(running.spec, sealed=spec.sealed) != spec:
            return False
        try:
            return self._open_credentials(spec) == running.credentials
        except CamhubError:
            return False  # the restart tells it

    async def _restart(self, spec: CameraSpec) -> None:
        async with self._locks[spec.id]:
            if spec.id not in self._generations:
                return
            await self._end(spec.id)
            try:
                await self._begin(spec)
                return
            except UnavailableError as error:
                log.warning("camera_let_go", camera=spec.id, reason=error.message)
        if self.on_removed is not None:
            # unrenewed, the lease is delivered again when the bus is back
            await self.on_removed(spec.id)

    async def _begin(self, spec: CameraSpec) -> None:
        try:
            credentials = self._open_credentials(spec)
        except CamhubError as error:
            watcher = asyncio.create_task(self._report_broken(spec, error))
            self._cameras[spec.id] = _Running(spec, None, None, None, watcher)
            return
        ring = GopRing(self._options.ring_s, self._options.ring_bytes)
        relay = LiveRelay(spec.id, ring, bus=self._bus, clock=self._clock)
        voice = _Voice()
        analysis = self._make_analysis(spec, voice.picture, voice.failure)
        runner = CameraRunner(
            spec,
            credentials,
            options=self._options,
            clock=self._clock,
            on_state=self._state,
            sinks=(ring, relay, analysis),
            worker=self._worker,
            report_every_s=_REPORT_S,
        )
        voice.runner = runner
        attendants = self._attend(spec.id, ring)
        async with AsyncExitStack() as begun:  # ends what has begun, where the rest cannot
            begun.push_async_callback(asyncio.to_thread, analysis.stop)
            await relay.start()
            begun.push_async_callback(relay.stop)
            for attendant in attendants:
                await attendant.start()
                begun.push_async_callback(attendant.stop)
            await runner.start()
            begun.pop_all()
        watcher = asyncio.create_task(self._watch(spec.id, runner, voice), name=f"watch-{spec.id}")
        self._cameras[spec.id] = _Running(
            spec, runner, relay, analysis, watcher, attendants, credentials
        )

    async def _end(self, camera_id: str) -> None:
        running = self._cameras.pop(camera_id, None)
        if running is None:
            return
        if running.watcher is not asyncio.current_task():
            running.watcher.cancel()
        if running.runner is not None:
            await running.runner.stop()
        for attendant in running.attendants:
            await attendant.stop()
        if running.relay is not None:
            await running.relay.stop()
        if running.analysis is not None:
            # waits for the end of the turn that is under way in a thread of the pool
            await asyncio.to_thread(running.analysis.stop)

    async def _watch(self, camera_id: str, runner: CameraRunner, voice: _Voice) -> None:
        """Start a camera anew that ended by a fault of ours; the others are not touched."""
        ends = {asyncio.ensure_future(runner.wait()), asyncio.ensure_future(voice.failed.wait())}
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        for end in done:
            if not end.cancelled() and end.exception() is not None:
                log.error("camera_restarts", camera=camera_id, error=type(end.exception()).__name__)
        await self._clock.sleep(_RESTART_AFTER_S)
        RESTARTS.labels("failed").inc()
        running = self._cameras.get(camera_id)
        if running is not None and running.runner is runner:
            await self._restart(running.spec)

    async def _report_broken(self, spec: CameraSpec, error: CamhubError) -> None:
        since = self._clock.utc_us()
        while True:
            now = self._clock.utc_us()
            self._state(
                CameraState(
                    spec.id,
                    spec.unit_code,
                    State.ERROR,
                    error.code,
                    str(error),
                    since,
                    now,
                    worker=self._worker,
                )
            )
            await self._clock.sleep(_REPORT_S)

    def _state(self, state: CameraState) -> None:
        known = replace(state, generation=self._generations.get(state.camera_id, 0))
        running = self._cameras.get(state.camera_id)
        if running is not None and running.analysis is not None:
            gate = running.analysis.gate_status()
            model = running.analysis.model_status()
            known = replace(
                _with_model(known, model),
                gate=gate.gate,
                gate_reason=gate.reason,
                duty=round(gate.duty, 3),
                analysis_fps=gate.analysis_fps,
                gate_threshold=round(gate.threshold, 2),
                gate_wakes=gate.wakes,
                gate_late_wakes=gate.late_wakes,
                gate_false_wakes=gate.false_wakes,
                gate_audits=gate.audits,
                gate_misses=gate.misses,
            )
        self._states[state.camera_id] = known
        self._unsaid[state.camera_id] = known
        if self._health is not None:
            self._health.note(known)
        self._news.set()
        self._count()

    def _count(self) -> None:
        tally = Tally(state.state for state in self._states.values())
        for state in State:
            CAMERAS.labels(state.value).set(tally[state])


def _differ_by_model(before: CameraSpec, after: CameraSpec) -> bool:
    """Whether nothing but the model changed: then session, ring and live view go on."""
    return replace(before, detector=after.detector, version=after.version) == after


def _with_model(state: CameraState, model: ModelStatus) -> CameraState:
    """Add what the camera is looked at with; a live camera that nothing looks at says why."""
    if state.state is State.LIVE and not model.model and model.code:
        state = replace(state, reason_code=model.code, reason=model.reason)
    return replace(state, model=model.model, model_code=model.code, model_reason=model.reason)

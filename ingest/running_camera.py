"""One camera of a worker while it runs: runner, ring, relay, analysis and attendants, as one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import structlog

from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from camera_registry.model import CameraSpec, CameraState, Credentials, State
from ingest.camera_parts import Analysis, Attend, Attendant, MakeAnalysis
from ingest.camera_runner import CameraRunner
from ingest.freeze import Verdict
from ingest.model_status import ModelStatus
from ingest.options import IngestOptions
from ingest.relay import LiveRelay
from ingest.ring import GopRing

log = structlog.get_logger(__name__)

REPORT_S = 3.0
"""So often a camera says that nothing has changed."""


@dataclass(frozen=True, slots=True)
class Site:
    """What every camera of a worker runs with. ``on_state`` takes each report of a runner."""

    bus: Bus
    clock: Clock
    worker: str
    options: IngestOptions
    make_analysis: MakeAnalysis
    attend: Attend
    on_state: Callable[[CameraState], None]


class RunningCamera:
    """A camera that has begun, with the ``credentials`` that it was given."""

    def __init__(
        self,
        camera_id: str,
        credentials: Credentials | None,
        runner: CameraRunner,
        relay: LiveRelay,
        analysis: Analysis,
        attendants: Sequence[Attendant],
        failed: asyncio.Event,
    ) -> None:
        self.camera_id = camera_id
        self.credentials = credentials
        self._runner = runner
        self._relay = relay
        self._analysis = analysis
        self._attendants = attendants
        self._failed = failed

    @classmethod
    async def begin(
        cls, site: Site, spec: CameraSpec, credentials: Credentials | None
    ) -> RunningCamera:
        """Start all its parts, or none: raises UnavailableError while the bus is away."""
        ring = GopRing(site.options.ring_s, site.options.ring_bytes)
        relay = LiveRelay(spec.id, ring, bus=site.bus, clock=site.clock)
        voice = _Voice()
        analysis = site.make_analysis(spec, voice.picture, voice.failure)
        runner = CameraRunner(
            spec,
            credentials,
            options=site.options,
            clock=site.clock,
            on_state=site.on_state,
            sinks=(ring, relay, analysis),
            worker=site.worker,
            report_every_s=REPORT_S,
        )
        voice.runner = runner
        attendants = site.attend(spec.id, ring)
        async with AsyncExitStack() as begun:  # ends what has begun, where the rest cannot
            begun.push_async_callback(asyncio.to_thread, analysis.stop)
            await relay.start()
            begun.push_async_callback(relay.stop)
            for attendant in attendants:
                await attendant.start()
                begun.push_async_callback(attendant.stop)
            await runner.start()
            begun.pop_all()
        return cls(spec.id, credentials, runner, relay, analysis, attendants, voice.failed)

    async def end(self) -> None:
        """Stop all its parts."""
        await self._runner.stop()
        for attendant in self._attendants:
            await attendant.stop()
        await self._relay.stop()
        # waits for the end of the turn that is under way in a thread of the pool
        await asyncio.to_thread(self._analysis.stop)

    def use(self, spec: CameraSpec) -> None:
        """Look with another model, by other rules, at another priority: session and ring go on."""
        self._analysis.use(spec)

    async def fault(self) -> None:
        """Wait until the camera has ended by a fault of ours, which is logged."""
        ends = {
            asyncio.ensure_future(self._runner.wait()),
            asyncio.ensure_future(self._failed.wait()),
        }
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        for end in done:
            if not end.cancelled() and end.exception() is not None:
                error = type(end.exception()).__name__
                log.error("camera_restarts", camera=self.camera_id, error=error)

    def described(self, state: CameraState) -> CameraState:
        """Add to a report what the camera is decoded for and looked at with."""
        gate = self._analysis.gate_status()
        return replace(
            _with_model(state, self._analysis.model_status()),
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


def _with_model(state: CameraState, model: ModelStatus) -> CameraState:
    """Add what the camera is looked at with; a live camera that nothing looks at says why."""
    if state.state is State.LIVE and not model.model and model.code:
        state = replace(state, reason_code=model.code, reason=model.reason)
    return replace(state, model=model.model, model_code=model.code, model_reason=model.reason)

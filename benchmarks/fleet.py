"""Cameras in this process as a worker runs them: session, ring, gate, pipeline, one shared pool."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence

from analytics.budget import Budget
from analytics.detectors.detector import Detector, MovingObjectDetector
from analytics.event_builder import EventBuilder
from analytics.events import EventMessage
from analytics.pipeline import CameraPipeline
from analytics.pool import AnalysisPool
from analytics.rulebook.book import Rulebook, default_rulebook
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from camera_registry.model import CameraSpec
from ingest.camera_runner import CameraRunner
from ingest.decoder import DECODED
from ingest.freeze import PictureWatch
from ingest.gate.activity import ActivityGate
from ingest.gate.config import GateConfig
from ingest.options import IngestOptions
from ingest.packets import Packet
from ingest.ring import GopRing

_POLL_S = 0.25


class Tally:
    """Counts packets. Each camera has its own, so that no thread shares a counter."""

    def __init__(self) -> None:
        self.packets = 0

    def push(self, _: Packet) -> None:
        """Count one."""
        self.packets += 1


class Fleet:
    """Cameras with their analysis on one pool, as wide as the cores that this process has now."""

    def __init__(
        self,
        *,
        gated: bool = True,
        gate: GateConfig | None = None,
        detector: Detector | None = None,
        rulebook: Rulebook | None = None,
    ) -> None:
        self._clock = SystemClock()
        self._options = IngestOptions()
        self._gated = gated
        self._gate = gate
        self._detector = detector or MovingObjectDetector()
        self._rulebook = rulebook or default_rulebook()
        self._pool = AnalysisPool(len(os.sched_getaffinity(0)))
        self._budget = Budget(lambda: self._pool.busy_s, self._pool.width, clock=self._clock)
        self._cameras: list[tuple[CameraRunner, CameraPipeline, Tally]] = []
        self.events: list[EventMessage] = []
        self.failures: list[Exception] = []

    def __len__(self) -> int:
        return len(self._cameras)

    async def add(self, url: str) -> None:
        """Start a camera with the default rules."""
        clock = self._clock
        spec = CameraSpec(new_id(clock.utc_us()), "camera", "26734", url, 1)
        # the runner exists only once its sinks do
        runners: list[CameraRunner] = []
        pipeline = CameraPipeline(
            camera_id=spec.id,
            pool=self._pool,
            detector=self._detector,
            rulebook=self._rulebook,
            builder=EventBuilder(
                camera_id=spec.id,
                unit_code=spec.unit_code,
                model=lambda: self._detector.label,
                worker="benchmark",
                clock=clock,
            ),
            watch=PictureWatch(self._options),
            on_event=self.events.append,
            on_picture=lambda verdict: runners[0].report_picture(verdict),  # noqa: PLW0108 - not there yet
            on_failure=self.failures.append,
            gate=ActivityGate(self._gate, auto=self._gated),
            budget=self._budget,
        )
        tally = Tally()
        ring = GopRing(self._options.ring_s, self._options.ring_bytes)
        runner = CameraRunner(
            spec,
            None,
            options=self._options,
            clock=clock,
            on_state=lambda _: None,
            sinks=(ring, tally, pipeline),
        )
        runners.append(runner)
        self._cameras.append((runner, pipeline, tally))
        await runner.start()

    async def shrink(self, count: int) -> None:
        """Stop the newest cameras until ``count`` are left."""
        gone, self._cameras = self._cameras[count:], self._cameras[:count]
        await asyncio.gather(*(runner.stop() for runner, _, _ in gone))
        for _, pipeline, _ in gone:
            await asyncio.to_thread(pipeline.stop)

    async def close(self) -> None:
        """Stop everything."""
        await self.shrink(0)
        await asyncio.to_thread(self._pool.stop)

    def packets(self) -> int:
        """Packets of the present cameras so far."""
        return sum(tally.packets for _, _, tally in self._cameras)

    def phases(self) -> Counter[str]:
        """How many cameras' gates do what now."""
        return Counter(pipeline.gate_status().gate for _, pipeline, _ in self._cameras)

    async def asleep(self, share: float, limit_s: float) -> float:
        """Wait until this share of the gates sleeps; return the share after at most ``limit_s``."""
        return await self._reaches(lambda: self.phases()["asleep"], share, limit_s)

    async def settled(self, share: float, limit_s: float) -> float:
        """Wait in the same way for gates that have had three audits: the first ones come often, and
        until two are over each keyframe is looked at.
        """
        return await self._reaches(
            lambda: sum(pipeline.gate_status().audits >= 3 for _, pipeline, _ in self._cameras),
            share,
            limit_s,
        )

    async def _reaches(self, count: Callable[[], int], share: float, limit_s: float) -> float:
        for _ in range(round(limit_s / _POLL_S)):
            if count() >= share * len(self):
                break
            await asyncio.sleep(_POLL_S)
        return count() / max(1, len(self))


@contextlib.asynccontextmanager
async def fleet(
    urls: Sequence[str],
    *,
    gated: bool = True,
    gate: GateConfig | None = None,
    detector: Detector | None = None,
    rulebook: Rulebook | None = None,
) -> AsyncIterator[Fleet]:
    """Run cameras on ``urls`` while the block lasts."""
    made = Fleet(gated=gated, gate=gate, detector=detector, rulebook=rulebook)
    try:
        for url in urls:
            await made.add(url)
        yield made
    finally:
        await made.close()


def decoded() -> float:
    """Pictures that this process has decoded so far."""
    samples = next(iter(DECODED.collect())).samples
    return next(sample.value for sample in samples if sample.name.endswith("_total"))

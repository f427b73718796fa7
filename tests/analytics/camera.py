"""A camera's pipeline for tests: its outputs are kept, and feeding it waits until it is done."""

from __future__ import annotations

import time
from collections.abc import Callable

from analytics.budget import Budget
from analytics.detectors.detector import Detector
from analytics.event_builder import EventBuilder
from analytics.events import EventMessage
from analytics.inbox import InboxLimits
from analytics.pipeline import CameraPipeline, PipelineConfig
from analytics.pool import AnalysisPool
from analytics.rulebook.book import Rulebook, Zone, ZoneEnterRule
from camera_registry.base.clock import SystemClock
from ingest.freeze import PictureWatch, Verdict
from ingest.gate.activity import ActivityGate
from ingest.options import IngestOptions
from ingest.packets import Packet

RIGHT_HALF = Zone("right", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
EVERY_ENTRY = Rulebook((ZoneEnterRule("entry", zone=RIGHT_HALF, cool_down_s=0),))


class Camera:
    """A pipeline with its outputs kept; ``feed`` gives packets and waits until they are done."""

    def __init__(
        self,
        pool: AnalysisPool,
        detector: Detector,
        rulebook: Rulebook = EVERY_ENTRY,
        config: PipelineConfig | None = None,
        on_event: Callable[[EventMessage], None] | None = None,
        gate: ActivityGate | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.pool = pool
        self.events: list[EventMessage] = []
        self.verdicts: list[Verdict] = []
        self.failures: list[Exception] = []
        wide = PipelineConfig(inbox=InboxLimits(packets=10_000, size=1 << 30))
        self.pipeline = CameraPipeline(
            camera_id="camera",
            pool=pool,
            detector=detector,
            rulebook=rulebook,
            builder=EventBuilder(
                camera_id="camera",
                unit_code="25807",
                model=lambda: detector.label,
                worker="w",
                clock=SystemClock(),
            ),
            watch=PictureWatch(IngestOptions()),
            on_event=on_event or self.events.append,
            on_picture=self.verdicts.append,
            on_failure=self.failures.append,
            config=config or wide,
            gate=gate,
            budget=budget,
        )

    def feed(self, packets: list[Packet]) -> None:
        for packet in packets:
            self.pipeline.push(packet)
        self.pool.schedule(self.pipeline)  # also what nobody is to look at any more
        while len(self.pipeline._inbox) > 0:
            time.sleep(0.005)
        self.pool.retire(self.pipeline)  # waits for the end of the turn that runs

"""Which events a gated camera tells of those that an ungated one tells, and how much later."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from analytics.detectors.detector import MovingObjectDetector
from analytics.event_builder import EventBuilder
from analytics.events import EventMessage
from analytics.pipeline import CameraPipeline
from analytics.pool import AnalysisPool, Job
from analytics.rulebook.book import Rulebook, ZoneEnterRule
from benchmarks.lane import FPS
from camera_registry.base.clock import SystemClock
from ingest.freeze import PictureWatch
from ingest.gate.activity import ActivityGate
from ingest.options import IngestOptions
from ingest.packets import Packet
from ingest.recording import read_packets
from ingest.simulator.encoder import default_kbps
from ingest.simulator.library import ClipSpec, build
from ingest.simulator.scenes import SceneSpec
from ioc_api.cli.simulate import default_cache

_START_US = 1_700_000_000_000_000
_RULES = Rulebook((ZoneEnterRule("entry", cool_down_s=0),))
_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Told:
    """An event: when it was seen, when it was told (seconds of the clip), where (box's middle)."""

    at_s: float
    told_s: float
    x: float


@dataclass(frozen=True, slots=True)
class Recall:
    """Events of the ungated run, those of them that the gated run told, its own, and delays."""

    events: int
    found: int
    extra: int
    added_s: tuple[float, ...]
    asleep: float

    @property
    def share(self) -> float:
        """Found of all. Raises ValueError where the scenes hold no event."""
        if not self.events:
            raise ValueError("a recall needs events")
        return self.found / self.events


def match(gated: Sequence[Told], ungated: Sequence[Told]) -> list[tuple[Told, Told]]:
    """Pair events (gated, ungated) one to one, each with the nearest in time that is still free.

    A pair lies at most a second and a quarter of the picture's width apart.
    """
    free = list(gated)
    pairs = []
    for event in ungated:
        near = [
            other
            for other in free
            if abs(other.at_s - event.at_s) <= _WITHIN_S and abs(other.x - event.x) <= 0.25
        ]
        if near:
            best = min(near, key=lambda other: abs(other.at_s - event.at_s))
            free.remove(best)
            pairs.append((best, event))
    return pairs


class _AtOnce(AnalysisPool):
    """Gives a job its turns in the caller's thread: a packet is done with when it was pushed."""

    def schedule(self, job: Job) -> None:
        """Run the job until it has no more to do."""
        while job.turn():
            pass


def compare(
    seeds: Sequence[int], rounds: int, say: Callable[[str], None] = lambda _: None
) -> Recall:
    """Run every lane gated and ungated. ``rounds``: how often each clip is repeated."""
    events = found = extra = 0
    added: list[float] = []
    sleeping: list[float] = []
    pool = _AtOnce(1)
    try:
        for seed in seeds:
            say(f"events of lane {seed}, {rounds} rounds gated and ungated")
            clip = lane_packets(seed)
            gated, asleep = tell(pool, repeated(clip, rounds), gated=True)
            ungated, _ = tell(pool, repeated(clip, rounds), gated=False)
            pairs = match(gated, ungated)
            events += len(ungated)
            found += len(pairs)
            extra += len(gated) - len(pairs)
            added += [one.told_s - other.told_s for one, other in pairs]
            sleeping.append(asleep)
    finally:
        pool.stop()
    return Recall(events, found, extra, tuple(added), sum(sleeping) / len(sleeping))


def lane_packets(seed: int) -> list[Packet]:
    """Packets of a lane that somebody passes once in 40 s, 640x360 at 25 a second."""
    scene = SceneSpec("quiet", 640, 360, FPS, 40.0, seed)
    path = build(ClipSpec(scene, "vbr", default_kbps(640, 360, FPS)), default_cache())
    return list(read_packets(path, _START_US))


def repeated(packets: Sequence[Packet], rounds: int) -> Iterator[Packet]:
    """Yield the packets again and again, with times and numbers that go on."""
    span = len(packets) * 1_000_000 // FPS
    for number in range(rounds):
        for index, packet in enumerate(packets):
            due_us = _START_US + number * span + index * 1_000_000 // FPS
            yield replace(
                packet,
                seq=number * len(packets) + index,
                utc_us=packet.utc_us + number * span,
                dts_us=packet.dts_us + number * span,
                arrival_us=due_us,
            )


def tell(pool: AnalysisPool, packets: Iterable[Packet], *, gated: bool) -> tuple[list[Told], float]:
    """Feed packets one by one; return the events and the share of packets at which the gate slept.

    An event is told as late as the packet came that led to it, plus the time that its analysis took
    from then on: what a wake has to catch up on counts.
    """
    told: list[Told] = []
    came_us, came = 0, 0.0

    def keep(message: EventMessage) -> None:
        took_s = time.perf_counter() - came
        event = message.event
        told.append(
            Told(
                (event.at_us - _START_US) / 1e6,
                (came_us - _START_US) / 1e6 + took_s,
                event.box.x + event.box.w / 2,
            )
        )

    failures: list[Exception] = []
    detector = MovingObjectDetector()
    pipeline = CameraPipeline(
        camera_id="camera",
        pool=pool,
        detector=detector,
        rulebook=_RULES,
        builder=EventBuilder(
            camera_id="camera",
            unit_code="25807",
            model=lambda: detector.label,
            worker="benchmark",
            clock=SystemClock(),
        ),
        watch=PictureWatch(IngestOptions()),
        on_event=keep,
        on_picture=lambda _: None,
        on_failure=failures.append,
        gate=ActivityGate(auto=gated, chance=random.Random(5)),  # repeatable audits
    )
    slept = count = 0
    for packet in packets:
        came_us, came = packet.arrival_us, time.perf_counter()
        pipeline.push(packet)
        count += 1
        slept += pipeline.gate_status().gate == "asleep"
    pipeline.stop()
    if failures:
        raise failures[0]
    return told, slept / max(1, count)

"""Rules over a recording, without a bus, a database or a picture that leaves the process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from analytics.detector import Detector, Look
from analytics.pipeline import Pace, PipelineConfig, plane_size
from analytics.rulebook import Rulebook
from analytics.rules.base import Hit, Sight
from analytics.rules.engine import RuleEngine
from analytics.series import CountRecord
from analytics.tracker import Tracker
from ingest.decoder import FrameDecoder
from ingest.packets import Packet


@dataclass(slots=True)
class DryRun:
    """What rules said of a recording: hits with their time of capture (UTC microseconds)."""

    frames: int = 0
    seen_us: tuple[int, int] = (0, 0)
    hits: list[tuple[int, Hit]] = field(default_factory=list)
    counts: list[CountRecord] = field(default_factory=list)
    held_back: dict[str, int] = field(default_factory=dict)


def dry_run(
    packets: Iterable[Packet],
    rulebook: Rulebook,
    detector: Detector,
    config: PipelineConfig | None = None,
) -> DryRun:
    """Look at a recording as a camera's pipeline would, every n-th frame, in this thread.

    Depends on nothing but its arguments: the same recording and rules give the same result.
    """
    config = config or PipelineConfig()
    decoder, camera = FrameDecoder(), detector.camera()
    tracker, engine, pace = Tracker(config.tracker), RuleEngine(rulebook), Pace(config.analysis_fps)
    result = DryRun()
    for packet in packets:
        for frame in decoder.push(packet):
            if not pace.due(frame.utc_us):
                continue
            plane = frame.gray(*plane_size(frame.width, frame.height, config.plane_side))
            look = Look(plane, frame.utc_us, frame.width / frame.height, frame)
            tracks = tracker.update(camera.detect(look), frame.utc_us)
            outcome = engine.update(Sight(tracks, frame.utc_us, plane, look.aspect))
            first = result.seen_us[0] if result.frames else frame.utc_us
            result.frames, result.seen_us = result.frames + 1, (first, frame.utc_us)
            result.hits += [(frame.utc_us, hit) for hit in outcome.hits]
            result.counts += outcome.counts
            for kind, number in outcome.held_back.items():
                result.held_back[kind] = result.held_back.get(kind, 0) + number
    result.counts += engine.flush()
    return result

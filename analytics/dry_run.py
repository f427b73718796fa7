"""Rules over a recording, without a bus, a database or a picture that leaves the process.

The whole of it runs in the caller's thread and costs what analysis costs: from an event loop call
it with ``asyncio.to_thread``. It is bounded by :class:`DryRunLimits`, tells how far it is, and ends
early where ``cancelled`` says so; what it found until then is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from analytics.detectors.detector import Detector, Look
from analytics.pace import Pace, plane_size
from analytics.pipeline import PipelineConfig
from analytics.rulebook.book import Rulebook
from analytics.rulebook.schedule import time_zone
from analytics.rules.base import Hit, Outcome, Sight
from analytics.rules.engine import RuleEngine
from analytics.series import CountRecord, roll_up
from analytics.tracking.tracker import Tracker
from camera_registry.base.clock import us_to_iso
from ingest.decoder import DecodedFrame, FrameDecoder
from ingest.packets import Packet

_TELL_EVERY_US = 1_000_000

Cut = Literal["", "cancelled", "seconds", "hits", "counts"]


@dataclass(frozen=True, slots=True)
class DryRunLimits:
    """Most seconds of the recording that are looked at, and most hits and counts that are kept."""

    seconds: float = 900.0
    hits: int = 1_000
    counts: int = 20_000


@dataclass(frozen=True, slots=True)
class DryRunProgress:
    """How far it is: seconds of the recording done, frames looked at, hits so far."""

    seconds: float
    frames: int
    hits: int


@dataclass(slots=True)
class DryRun:
    """What rules said of a recording: hits with their time of capture (UTC microseconds).

    ``cut`` says why it ended before the recording did, or is empty: then it saw all of it.
    """

    frames: int = 0
    seen_us: tuple[int, int] = (0, 0)
    hits: list[tuple[int, Hit]] = field(default_factory=list)
    counts: list[CountRecord] = field(default_factory=list)
    held_back: dict[str, int] = field(default_factory=dict)
    cut: Cut = ""

    @property
    def seconds(self) -> float:
        """Seconds between the first and the last frame that was looked at."""
        return (self.seen_us[1] - self.seen_us[0]) / 1e6

    def take(self, at_us: int, outcome: Outcome) -> None:
        """Take what the rules said of one more frame."""
        first = self.seen_us[0] if self.frames else at_us
        self.frames, self.seen_us = self.frames + 1, (first, at_us)
        self.hits += [(at_us, hit) for hit in outcome.hits]
        self.counts += outcome.counts
        for kind, number in outcome.held_back.items():
            self.held_back[kind] = self.held_back.get(kind, 0) + number


def dry_run(
    packets: Iterable[Packet],
    rulebook: Rulebook,
    detector: Detector,
    config: PipelineConfig | None = None,
    *,
    limits: DryRunLimits | None = None,
    progress: Callable[[DryRunProgress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    on_hits: Callable[[DecodedFrame, Outcome], None] | None = None,
) -> DryRun:
    """Look at a recording as a camera's pipeline would, every n-th frame, in this thread.

    Depends on nothing but its arguments: the same recording and rules give the same result.
    ``progress`` is called once for each second of the recording and at the end, ``cancelled``
    asked before each packet, ``on_hits`` called with each frame in which rules told something; all
    in this thread.
    """
    config, limits = config or PipelineConfig(), limits or DryRunLimits()
    decoder, watcher, result = FrameDecoder(), _Watcher(rulebook, detector, config), DryRun()
    told_us: int | None = None
    for packet in packets:
        if cancelled is not None and cancelled():
            result.cut = "cancelled"
            break
        for frame in decoder.push(packet):
            outcome = watcher.look_at(frame)
            if outcome is None:
                continue
            result.take(frame.utc_us, outcome)
            if on_hits is not None and outcome.hits:
                on_hits(frame, outcome)
            if progress is not None and (
                told_us is None or frame.utc_us - told_us >= _TELL_EVERY_US
            ):
                told_us = frame.utc_us
                progress(_progress(result))
            result.cut = _exceeded(result, limits)
            if result.cut:
                break
        if result.cut:
            break
    result.counts += watcher.engine.flush()
    del result.hits[limits.hits :], result.counts[limits.counts :]
    if progress is not None:
        progress(_progress(result))
    return result


class _Watcher:
    """One camera's detector, tracker and rules."""

    def __init__(self, rulebook: Rulebook, detector: Detector, config: PipelineConfig) -> None:
        self.engine = RuleEngine(rulebook)
        self._camera = detector.camera()
        self._tracker = Tracker()
        self._tuning = config.tracker
        self._pace = Pace(config.analysis_fps)
        self._side = config.plane_side

    def look_at(self, frame: DecodedFrame) -> Outcome | None:
        """Return what the rules say of a frame, None where it is not its turn."""
        if not self._pace.due(frame.utc_us):
            return None
        plane = frame.gray(*plane_size(frame.width, frame.height, self._side))
        look = Look(plane, frame.utc_us, frame.width / frame.height, frame)
        found = self._camera.detect(look)
        self._tracker.use(self._tuning or self._camera.tracking)
        tracks = self._tracker.update(found, frame.utc_us)
        return self.engine.update(Sight(tracks, frame.utc_us, plane, look.aspect))


def plain(result: DryRun, rulebook: Rulebook) -> dict[str, Any]:
    """Return a result as plain values for JSON: events, and counts by minute, hour and day."""
    zone = time_zone(rulebook.time_zone)
    return {
        "frames": result.frames,
        "seconds": round(result.seconds, 3),
        "cut": result.cut,
        "events": [{"at": us_to_iso(at_us), **_hit(hit)} for at_us, hit in result.hits],
        "held_back": result.held_back,
        "minutes": [_count(record) for record in result.counts],
        "hours": [_count(record) for record in roll_up(result.counts, "hour", zone)],
        "days": [_count(record) for record in roll_up(result.counts, "day", zone)],
    }


def _progress(result: DryRun) -> DryRunProgress:
    return DryRunProgress(result.seconds, result.frames, len(result.hits))


def _exceeded(result: DryRun, limits: DryRunLimits) -> Cut:
    if len(result.hits) > limits.hits:
        return "hits"
    if len(result.counts) > limits.counts:
        return "counts"
    return "seconds" if result.seconds >= limits.seconds else ""


def _hit(hit: Hit) -> dict[str, Any]:
    track = hit.track
    return {
        "kind": hit.kind,
        "rule": hit.rule,
        "rule_version": hit.rule_version,
        "zone": hit.zone,
        "track_id": 0 if track is None else track.id,
        "label": "" if track is None else track.label,
        "box": asdict(hit.box if track is None else track.box),
        "measured": dict(hit.measured),
    }


def _count(record: CountRecord) -> dict[str, Any]:
    fields = asdict(record)
    return {"at": us_to_iso(fields.pop("start_us")), **fields}

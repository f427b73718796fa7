"""One camera's way from packets to events, run by the shared pool.

``push`` (session thread) → gatekeeper → ``turn`` (a thread of the pool): decoder → every n-th
frame: small plane → picture watch, pixel change → gate; detector → tracker → rules → event builder
→ ``on_event``. While the gate sleeps only keyframes come through, each decoded by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import structlog

from analytics.budget import Budget, Level, Share
from analytics.detectors.detector import Detector, Look
from analytics.event_builder import EventBuilder
from analytics.events import EventMessage
from analytics.gatekeeper import Gatekeeper, Work
from analytics.inbox import InboxLimits
from analytics.metrics import (
    ANALYSIS_FAILURES,
    DETECT_SECONDS,
    EVENTS_HELD_BACK,
    FRAMES_INFERRED,
)
from analytics.pace import Pace, plane_size
from analytics.pixel_change import PixelChange, Plane
from analytics.pool import AnalysisPool
from analytics.rulebook.book import Rulebook
from analytics.rules.base import Sight
from analytics.rules.engine import RuleEngine
from analytics.series import CountRecord
from analytics.tracking.config import TrackerConfig
from analytics.tracking.tracker import Tracker
from camera_registry.base.errors import CamhubError
from ingest.decoder import DROPPED, DecodedFrame, FrameDecoder
from ingest.freeze import PictureWatch, Verdict
from ingest.gate.activity import ActivityGate
from ingest.gate.state import GateMemory, GateStatus, Phase
from ingest.packets import Packet

log = structlog.get_logger(__name__)

_TURN_PACKETS = 8
_VERDICT_EVERY_US = 1_000_000
_RANKED_FPS = 1.0
_OPEN_EVERY_US = 5_000_000


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """``analysis_fps``: frames a second that are looked at; ``plane_side``: the longer side of the
    grey plane in pixels.
    """

    analysis_fps: float = 5.0
    plane_side: int = 320
    inbox: InboxLimits = field(default_factory=InboxLimits)
    tracker: TrackerConfig | None = None


class CameraPipeline:
    """Analyses one camera. ``push`` is for its session's thread, the callbacks come from the pool.

    ``on_event``, ``on_picture`` and ``on_counts`` (what the rules counted, minute by minute) are
    called in a thread of the pool and must not block; the minutes that are still open come by
    ``stop``, in its caller's thread. ``on_open_counts`` gets what was counted in minutes that are
    not over yet every few seconds, each time as a whole: ``on_counts`` is their end.
    ``on_picture`` gets the verdict of the picture watch at each change and once a second, for the
    one who listens may have been away. Without a ``gate`` every packet is decoded; without a
    ``budget`` the rate of analysis stays; ``priority`` is what the budget goes by. A failure that
    is known resets the camera's analysis; one that is not ends it and is given to ``on_failure``:
    other cameras go on in either case.
    """

    def __init__(
        self,
        *,
        camera_id: str,
        pool: AnalysisPool,
        detector: Detector,
        rulebook: Rulebook,
        builder: EventBuilder,
        watch: PictureWatch,
        on_event: Callable[[EventMessage], None],
        on_picture: Callable[[Verdict], None],
        on_failure: Callable[[Exception], None],
        on_counts: Callable[[Sequence[CountRecord]], None] | None = None,
        on_open_counts: Callable[[Sequence[CountRecord]], None] | None = None,
        config: PipelineConfig | None = None,
        gate: ActivityGate | None = None,
        budget: Budget | None = None,
        priority: int = 0,
    ) -> None:
        self._camera_id = camera_id
        self._pool = pool
        self._detector = detector
        self._builder = builder
        self._watch = watch
        self._on_event = on_event
        self._on_picture = on_picture
        self._on_failure = on_failure
        self._on_counts, self._on_open_counts = on_counts, on_open_counts
        self._open_told_us: int | None = None
        self._config = config or PipelineConfig()
        self._inbox = Gatekeeper(gate or ActivityGate(auto=False), self._config.inbox)
        self._budget = budget
        self._share = Share(priority)
        if budget is not None:
            budget.join(self._share)
        self._change, self._still_change = PixelChange(), PixelChange()
        self._moved = False
        self._decoder, self._waits = FrameDecoder(), False
        self._camera = detector.camera()
        self._tracker = Tracker()
        self._rules = RuleEngine(rulebook)
        self._next_rules: Rulebook | None = None
        self._pace = Pace(self._config.analysis_fps)
        # A gate that is off asks for nothing: then movement only ranks cameras in the budget.
        off = gate is None or gate.phase is Phase.OFF
        self._change_pace = Pace(_RANKED_FPS) if off else None
        self._verdict: tuple[Verdict, int] | None = None

    def push(self, packet: Packet) -> bool:
        """Take the next packet; False where nothing can be decoded before the next keyframe. Never
        blocks: where the analysis is behind, older ones go.

        The pool is woken for a picture that is to be looked at, and decodes then what led to it,
        one after the other: a wake and a decoder's cold tables for each picture cost a sixth more.
        """
        if self._inbox.put(packet) and self._is_time(packet):
            self._pool.schedule(self)
        return not (self._waits or self._inbox.waits)

    def _is_time(self, packet: Packet) -> bool:
        """Whether there is something to look at, or as much to decode as one turn does."""
        return (
            packet.keyframe
            or self._pace.would_be_due(packet.utc_us)
            or len(self._inbox) >= _TURN_PACKETS
        )

    def stop(self) -> None:
        """End the analysis; no callback runs after this returns (its own turn excepted)."""
        self._inbox.close()
        self._pool.retire(self)
        self._tell_counts(self._rules.flush())
        if self._budget is not None:
            self._budget.leave(self._share)

    def use_rules(self, rulebook: Rulebook) -> None:
        """Go by other rules from the next look on; tracks and rules that stay the same go on."""
        self._next_rules = rulebook

    def use_priority(self, priority: int) -> None:
        """Take another place in the budget."""
        self._share.priority = priority

    def gate_status(self) -> GateStatus:
        """Return what the gate does now, and the rate of analysis; from any thread."""
        level = self._share.level
        fps = round(self._config.analysis_fps * level.share, 2)
        return self._inbox.status(fps, keyframes_only=level is Level.KEYFRAMES)

    def gate_memory(self) -> GateMemory | None:
        """Return what the gate has learnt, for another session; from any thread."""
        return self._inbox.learnt()

    def turn(self) -> bool:
        """Analyse a few packets; part of the pool's contract."""
        try:
            for _ in range(_TURN_PACKETS):
                work = self._inbox.take()
                if work is None:
                    return False
                self._analyse(work)
        except (CamhubError, cv2.error) as error:
            reason = error.code if isinstance(error, CamhubError) else "opencv"
            ANALYSIS_FAILURES.labels(reason).inc()
            log.warning(
                "analysis_reset",
                camera=self._camera_id,
                reason=reason,
                error=(str(error).splitlines() or [""])[0][:200],
            )
            self._reset()
        except Exception as error:
            ANALYSIS_FAILURES.labels("unforeseen").inc()
            log.exception("analysis_ended", camera=self._camera_id)
            self._inbox.close()
            self._on_failure(error)
            return False
        return len(self._inbox) > 0

    def _analyse(self, work: Work) -> None:
        packet = work.packet
        if self._budget is not None:
            self._share.awake = not work.still
            # what waits for a picture to be looked at, or was held back, is not late
            waited = not work.held and self._pace.would_be_due(packet.utc_us)
            self._budget.tick(packet.arrival_us if waited else None)
            self._pace.slow_down(self._share.level.share)
        if work.still or self._share.level is Level.KEYFRAMES or packet.info.codec == "mjpeg":
            self._decode_still(work)
            return
        frames = self._decoder.push(packet)
        self._waits = self._decoder.waits
        for frame in frames:
            if self._pace.due(frame.utc_us):
                self._look_at(frame, self._plane(frame))

    def _decode_still(self, work: Work) -> None:
        """Decode a picture that needs no other, if it is due at all."""
        packet, self._waits = work.packet, False
        if not packet.keyframe:
            DROPPED.labels("budget").inc()
            return
        if not self._pace.would_be_due(packet.utc_us):
            return
        frames = self._decoder.still(packet)
        if work.still and not frames:
            self._inbox.blank()
        for frame in frames:
            plane = self._plane(frame)
            if work.still and self._woken_by(frame, plane):
                return  # it comes again, after what led to it
            if self._pace.due(frame.utc_us):
                self._look_at(frame, plane, still=work.still)

    def _woken_by(self, frame: DecodedFrame, plane: Plane) -> bool:
        """Look whether something moved since the last keyframe; True where that woke the gate."""
        changed = self._still_change.observe(plane)
        self._change.forget_picture()
        self._moved = False
        return self._inbox.saw(frame.utc_us, moving=changed)

    def _plane(self, frame: DecodedFrame) -> Plane:
        return frame.gray(*plane_size(frame.width, frame.height, self._config.plane_side))

    def _see_change(self, plane: Plane, at_us: int) -> None:
        """Tell the gate of movement: what shows in two looks, one after the other."""
        changed = self._change.observe(plane)
        self._still_change.forget_picture()
        moving, self._moved = changed and self._moved, changed
        if moving:
            self._share.active_s = time.monotonic()
        self._inbox.saw(at_us, moving=moving)

    def _look_at(self, frame: DecodedFrame, plane: Plane, *, still: bool = False) -> None:
        started = time.perf_counter()
        if not still and (self._change_pace is None or self._change_pace.due(frame.utc_us)):
            self._see_change(plane, frame.utc_us)
        self._judge(self._watch.observe(plane, frame.arrival_us, frame.epoch), frame.arrival_us)
        look = Look(plane, frame.utc_us, frame.width / frame.height, frame)
        detections = self._camera.detect(look)
        FRAMES_INFERRED.inc()
        DETECT_SECONDS.observe(time.perf_counter() - started)
        self._tracker.use(self._config.tracker or self._camera.tracking)
        tracks = self._tracker.update(detections, frame.utc_us)
        if still and not tracks and not self._in_doubt():
            self._inbox.empty(frame.utc_us)
        if self._next_rules is not None:
            self._change_rules(self._next_rules)
        outcome = self._rules.update(Sight(tracks, frame.utc_us, plane, look.aspect))
        for kind, held_back in outcome.held_back.items():
            EVENTS_HELD_BACK.labels(kind).inc(held_back)
        for hit in outcome.hits:
            self._on_event(self._builder.build(hit, frame))
        self._tell_counts(outcome.counts)
        self._tell_open_counts(frame.utc_us)

    def _tell_open_counts(self, at_us: int) -> None:
        told_us = self._open_told_us
        if self._on_open_counts is None or (
            told_us is not None and 0 <= at_us - told_us < _OPEN_EVERY_US
        ):
            return
        self._open_told_us = at_us
        if counts := self._rules.open_counts():
            self._on_open_counts(counts)

    def _change_rules(self, rulebook: Rulebook) -> None:
        counts = self._rules.use(rulebook)
        if self._next_rules is rulebook:  # else there are newer ones already
            self._next_rules = None
        self._tell_counts(counts)

    def _tell_counts(self, counts: Sequence[CountRecord]) -> None:
        if self._on_counts is not None and counts:
            self._on_counts(counts)
            self._open_told_us = None  # what is still open of other rules is to be kept anew

    def _in_doubt(self) -> bool:
        """Whether every keyframe is wanted though nobody is there."""
        return self._camera.learning or self._watch.suspicious or self._rules.needs_pictures

    def _judge(self, verdict: Verdict, at_us: int) -> None:
        if self._verdict is not None:
            last, told_us = self._verdict
            if last == verdict and 0 <= at_us - told_us < _VERDICT_EVERY_US:
                return
        self._verdict = (verdict, at_us)
        self._on_picture(verdict)

    def _reset(self) -> None:
        """Start anew from the next keyframe. The rules stay: their cool-downs still hold."""
        self._decoder = FrameDecoder()
        self._camera = self._detector.camera()
        self._tracker.reset()

"""Counters and histograms of this room; what each means stands in its own help line."""

from __future__ import annotations

import threading

from prometheus_client import Counter, Gauge, Histogram

from ingest.gate.activity import ActivityGate
from ingest.gate.state import GateCounts, Phase

FRAMES_INFERRED = Counter("camhub_frames_inferred_total", "Frames that a detector has looked at")
DETECT_SECONDS = Histogram(
    "camhub_detect_seconds",
    "Wall time of background, model and reading of one frame",
    buckets=(0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.25, 1.0),
)
FRAME_TO_EVENT_SECONDS = Histogram(
    "camhub_frame_to_event_seconds",
    "From the arrival of a frame's last byte to the event that it led to",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
ANALYSIS_QUEUE = Gauge("camhub_analysis_queue", "Packets that wait for analysis, over all cameras")
EVENTS_BUILT = Counter("camhub_events_built_total", "Events that rules gave rise to", ["kind"])
EVENTS_HELD_BACK = Counter(
    "camhub_events_held_back_total", "Rule hits that a cool-down held back", ["kind"]
)
BACKGROUND_RESETS = Counter(
    "camhub_background_resets_total", "Backgrounds learned anew because the whole scene changed"
)
ANALYSIS_FAILURES = Counter(
    "camhub_analysis_failures_total",
    "Analyses of a camera that failed and started anew, or ended (reason unforeseen)",
    ["reason"],
)

GATE_CAMERAS = Gauge(
    "camhub_gate_cameras", "Cameras by the state of their activity gate", ["state"]
)
GATE_DUTY = Gauge(
    "camhub_gate_duty",
    "Share of the time that a camera was decoded in full, summed over this worker's cameras",
)
GATE_WAKES = Counter("camhub_gate_wakes_total", "Wakes of sleeping cameras")
GATE_LATE_WAKES = Counter(
    "camhub_gate_late_wakes_total", "Wakes that a keyframe told and the packet sizes did not"
)
GATE_FALSE_WAKES = Counter("camhub_gate_false_wakes_total", "Wakes that no pixel confirmed")
GATE_AUDITS = Counter("camhub_gate_audits_total", "Groups of pictures decoded in full at random")
GATE_MISSES = Counter(
    "camhub_gate_misses_total", "Audits that found movement which the packet sizes did not tell"
)
GATE_DEMOTIONS = Counter("camhub_gate_demotions_total", "Cameras that lost their gate by a miss")
GATE_MISS_RATE = Gauge("camhub_gate_miss_rate", "Misses per audit since the start of this worker")
ANALYSIS_LAG = Gauge(
    "camhub_analysis_lag_seconds", "Longest wait of a packet for its analysis in the last second"
)
ANALYSIS_LOAD = Gauge(
    "camhub_analysis_load", "Share of the last second that the analysis threads were busy"
)
BUDGET_CAMERAS = Gauge(
    "camhub_budget_cameras", "Cameras by how far the node's budget has lowered them", ["level"]
)


class _Audits:
    """All audits of the process, behind the gauge of the miss rate."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._audits = self._misses = 0

    def add(self, audits: int, misses: int) -> None:
        with self._lock:
            self._audits += audits
            self._misses += misses
            GATE_MISS_RATE.set(self._misses / max(self._audits, 1))


_audits = _Audits()
_COUNTERS = (
    ("wakes", GATE_WAKES),
    ("late_wakes", GATE_LATE_WAKES),
    ("false_wakes", GATE_FALSE_WAKES),
    ("audits", GATE_AUDITS),
    ("misses", GATE_MISSES),
    ("demotions", GATE_DEMOTIONS),
)


class GateMeter:
    """Carries one gate's phase, duty and counts into the metrics of the process."""

    def __init__(self, gate: ActivityGate) -> None:
        self._gate = gate
        self._told = GateCounts()
        self._phase: Phase | None = None
        self._duty = 0.0
        self.read()

    def read(self) -> None:
        """Bring the metrics up to date; called under the lock that guards the gate."""
        gate = self._gate
        if gate.phase is not self._phase:
            self._leave()
            GATE_CAMERAS.labels(gate.phase.value).inc()
            self._phase = gate.phase
        GATE_DUTY.inc(gate.duty - self._duty)
        self._duty = gate.duty
        counts, told = gate.counts, self._told
        if counts.audits > told.audits or counts.misses > told.misses:
            _audits.add(counts.audits - told.audits, counts.misses - told.misses)
        for name, counter in _COUNTERS:
            now = getattr(gate.counts, name)
            if now > getattr(self._told, name):
                counter.inc(now - getattr(self._told, name))
                setattr(self._told, name, now)

    def close(self) -> None:
        """Take this gate out of the gauges; more calls change nothing."""
        self._leave()
        self._phase = None
        GATE_DUTY.dec(self._duty)
        self._duty = 0.0

    def _leave(self) -> None:
        if self._phase is not None:
            GATE_CAMERAS.labels(self._phase.value).dec()

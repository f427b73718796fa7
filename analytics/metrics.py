"""Counters and histograms of this room; what each means stands in its own help line."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

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

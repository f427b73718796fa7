"""Clips: MP4 files of a camera's own coded pictures, with their true times. See README.md."""

from ingest.clips.cut import cut
from ingest.clips.model import Clip, ClipCancelledError, ClipLimits, Cut, Progress
from ingest.clips.recorder import ClipRecorder
from ingest.clips.report import report
from ingest.clips.timeline import Gap, GapReason

__all__ = [
    "Clip",
    "ClipCancelledError",
    "ClipLimits",
    "ClipRecorder",
    "Cut",
    "Gap",
    "GapReason",
    "Progress",
    "cut",
    "report",
]

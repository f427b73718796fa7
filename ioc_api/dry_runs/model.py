"""A dry run as the api knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class RunState(StrEnum):
    """State of a dry run; the last three are final."""

    UPLOAD = "upload"
    QUEUED = "queued"
    CLIP = "clip"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self in (RunState.DONE, RunState.FAILED, RunState.CANCELLED)


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What one api lets dry runs cost.

    ``kept`` runs with their clips stay for ``keep_s``; ``waiting`` may stand in the queue; one runs
    at a time and for ``longest_s`` at most. ``clip_bytes`` bounds an upload and a clip from a ring.
    """

    kept: int = 8
    keep_s: float = 1800.0
    waiting: int = 4
    longest_s: float = 600.0
    clip_bytes: int = 128 * 2**20
    clip_s: float = 120.0


@dataclass(slots=True)
class Run:
    """One dry run. ``progress`` is 0 to 1 of the present state; ``result`` is that of
    ``analytics.dry_run.plain``, whose events have the number of their picture, or None.

    ``directory`` holds the clip and the pictures and goes with the run. ``ask_s`` are the seconds
    that are wanted from the camera, 0 where the clip is uploaded or another run's.
    """

    id: str
    camera_id: str
    created_us: int
    directory: Path
    document: bytes
    detector: str
    ask_s: float
    start_us: int
    state: RunState = RunState.QUEUED
    progress: float = 0.0
    seconds: float = 0.0
    codec: str = ""
    frames: int = 0
    result: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    error: str = ""
    hint: str = ""

    @property
    def idle(self) -> bool:
        """Whether nothing is done for it: it is over, or waits for a file that may never come."""
        return self.state.final or (self.state is RunState.UPLOAD and not self.progress)

    @property
    def clip(self) -> Path:
        """Where its clip lies."""
        return self.directory / "clip.mp4"

    def picture(self, number: int) -> Path:
        """Where the picture of an event lies."""
        return self.directory / "pictures" / f"{number}.jpg"

    def end(self, state: RunState, code: str = "", error: str = "", hint: str = "") -> None:
        """Become final; what is final stays as it is."""
        if not self.state.final:
            self.state, self.code, self.error, self.hint = state, code, error, hint

    def hear(self, message: dict[str, Any]) -> None:
        """Take what the analysis says: its length, how far it is, and its end."""
        match message:
            case {"type": "length", "seconds": seconds}:
                self.seconds = float(seconds)
            case {"type": "progress", "seconds": seconds, "frames": frames}:
                self.frames = int(frames)
                self.progress = min(1.0, float(seconds) / self.seconds) if self.seconds else 0.0
            case {"type": "done", "result": dict(result)}:
                self.result, self.progress = result, 1.0
                self.end(RunState.DONE)
            case {"type": "error", "message": words, "code": code, "hint": hint}:
                self.end(RunState.FAILED, str(code), str(words), str(hint))

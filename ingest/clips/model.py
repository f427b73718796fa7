"""What a clip is, and what came of cutting it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from camera_registry.base.errors import CamhubError, Kind
from ingest.clips.timeline import Gap


class ClipCancelledError(CamhubError):
    """Somebody cancelled the cutting; nothing of it is left."""

    kind = Kind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class ClipLimits:
    """``max_s`` bounds the wish, ``max_bytes`` what is written; ``max_parts`` is for cameras that
    change their format all the time; ``max_lead_bytes`` bounds the packets that are held while it
    is not known which keyframe is the last before the wished start.
    """

    max_s: float = 4 * 3600.0
    max_bytes: int = 16 * 1024**3
    max_parts: int = 64
    max_lead_bytes: int = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Clip:
    """One MP4 file. ``start_us`` and ``end_us`` are the times of its first and last picture (UTC);
    ``duration_us`` is the file's, with the showing of the last picture. ``gaps`` are those inside.
    Pictures before ``exact_from_us`` came in the burst with which a session begins: their times are
    off by at most the length of that burst (see ``ingest.timeline``).
    """

    path: Path
    camera_id: str
    start_us: int
    end_us: int
    exact_from_us: int
    duration_us: int
    codec: str
    codec_string: str
    width: int
    height: int
    packets: int
    size: int
    sha256: str
    gaps: tuple[Gap, ...]
    remuxed: bool = True


@dataclass(frozen=True, slots=True)
class Cut:
    """What came of a wish: the parts in their order, at least one.

    ``gaps`` are all gaps, those between the parts too; ``missing`` is what the parts leave
    uncovered at the wish's beginning and end, and why.
    """

    from_us: int
    to_us: int
    clips: tuple[Clip, ...]
    gaps: tuple[Gap, ...]
    missing: tuple[Gap, ...]

    @property
    def complete(self) -> bool:
        """Whether there are pictures for the whole of the wished time."""
        return not self.missing and not any(
            min(gap.start_us, gap.end_us) < self.to_us
            and max(gap.start_us, gap.end_us) > self.from_us
            for gap in self.gaps
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a cutting is: the newest picture's time, and what is written."""

    at_us: int
    packets: int
    bytes: int

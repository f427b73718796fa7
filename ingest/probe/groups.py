"""What the sizes and times of a stream's pictures say: rate, bit rate, groups, order, control."""

from __future__ import annotations

import math
from dataclasses import dataclass

from camera_registry.probe import RateControl
from ingest.gate.rate_control import Gop, RateConfig

_LEAST_GOPS = 2
"""Groups of pictures, beside the first, from which their sizes say anything."""

_MIN_SPAN_US = 500_000


@dataclass(slots=True)
class _Open:
    size: int = 0
    keyframe: int = 0
    frames: int = 0
    began_us: int | None = None


class Groups:
    """Counts pictures from a first keyframe on. Times are the camera's own, in microseconds."""

    def __init__(self) -> None:
        self.frames = 0
        self.reordered = False
        self._bytes = 0
        self._timed = 0
        self._first_us: int | None = None
        self._top_us: int | None = None
        self._now = _Open()
        self._gops: list[Gop] = []
        self._lengths_us: list[int] = []

    def add(self, size: int, *, keyframe: bool, pts_us: int | None) -> None:
        """Take the next picture in the order of its arrival."""
        if keyframe:
            self._close(size, pts_us)
        self.frames += 1
        self._bytes += size
        self._now.size += size
        self._now.frames += 1
        if pts_us is None:
            return
        self._timed += 1
        self._first_us = pts_us if self._first_us is None else self._first_us
        if self._top_us is not None and pts_us < self._top_us:
            self.reordered = True
        self._top_us = pts_us if self._top_us is None else max(self._top_us, pts_us)

    def _close(self, size: int, pts_us: int | None) -> None:
        now = self._now
        if now.frames:
            self._gops.append(Gop(now.size, now.keyframe, now.frames, moved=False))
            if now.began_us is not None and pts_us is not None and pts_us > now.began_us:
                self._lengths_us.append(pts_us - now.began_us)
        self._now = _Open(keyframe=size, began_us=pts_us)

    @property
    def whole(self) -> int:
        """Groups of pictures that were seen from keyframe to keyframe."""
        return len(self._gops)

    @property
    def mean_frames(self) -> float:
        """Pictures in a group; 0 while no whole one was seen."""
        return sum(gop.packets for gop in self._gops) / len(self._gops) if self._gops else 0.0

    @property
    def mean_s(self) -> float:
        """Length of a group in seconds; 0 while none is known."""
        return sum(self._lengths_us) / len(self._lengths_us) / 1e6 if self._lengths_us else 0.0

    @property
    def longest_s(self) -> float:
        """Length of the longest group in seconds; 0 while none is known."""
        return max(self._lengths_us, default=0) / 1e6

    @property
    def variation(self) -> float:
        """Coefficient of variation of the bytes of whole groups, without the first: the encoder's
        buffer may still be filling. 0 for fewer than two.
        """
        sizes = [gop.size for gop in self._gops[1:]]
        if len(sizes) < 2:
            return 0.0
        mean = sum(sizes) / len(sizes)
        return math.sqrt(sum((size - mean) ** 2 for size in sizes) / len(sizes)) / max(mean, 1)

    def rate_control(self) -> RateControl:
        """Say whether sizes follow the picture, by the measures of the activity gate
        (``ingest.gate.rate_control``): groups vary, or the mean picture takes next to nothing of
        its keyframe, and only a rate that is kept does neither.
        """
        gops, config = self._gops[1:], RateConfig()
        if len(gops) < _LEAST_GOPS or self.mean_frames < 2:
            return "unknown"
        share = sum(gop.share for gop in gops) / len(gops)
        if self.variation > config.least_variation or share <= config.still_share:
            return "variable"
        return "constant" if share > config.lively_share else "unknown"

    def fps(self, arrived_s: float) -> float:
        """Pictures a second by the camera's time stamps, or else by their arrival.

        The first pictures of an RTSP stream often have no time stamp: those are not counted.
        """
        stamped_s = self._stamped_s()
        if stamped_s:
            return (self._timed - 1) / stamped_s
        return (self.frames - 1) / arrived_s if arrived_s else 0.0

    def kbps(self, arrived_s: float) -> float:
        """Kilobits a second over whole groups, so that the keyframes weigh as they do in the long
        run; without one, over what came.
        """
        if self._lengths_us and len(self._lengths_us) == len(self._gops):
            return sum(gop.size for gop in self._gops) * 8 / 1000 / (sum(self._lengths_us) / 1e6)
        span_s = self._stamped_s() or arrived_s
        return self._bytes * 8 / 1000 / span_s if span_s else 0.0

    def _stamped_s(self) -> float:
        """Seconds between the first and the last time stamp; 0 where too little is known."""
        if self._first_us is None or self._top_us is None:
            return 0.0
        span_us = self._top_us - self._first_us
        return span_us / 1e6 if span_us >= _MIN_SPAN_US else 0.0

"""Watches the picture itself: a camera may send packets in good order and show nothing."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ingest.options import IngestOptions

_MIN_FRAMES = 3
_MAX_GAP_US = 15_000_000
_BLACK_MEAN = 20.0
_BLACK_DEVIATION = 2.0


class Verdict(StrEnum):
    """What the picture looks like; the value is the state's reason code."""

    GOOD = "ok"
    FROZEN = "picture_frozen"
    BLACK = "picture_black"


class PictureWatch:
    """Judges the small luma planes of one camera, in the order of their decoding.

    Frozen is a plane that stays *exactly* the same: the noise of a living sensor survives scaling,
    so a quiet street is not frozen. Black is a plane dark and flat. One different picture ends
    either at once. Either takes its time and at least three pictures: a camera at rest is looked at
    once per keyframe. After a longer break than keyframes make it starts afresh.
    """

    def __init__(self, options: IngestOptions) -> None:
        self._frozen_us = round(options.frozen_after_s * 1_000_000)
        self._black_us = round(options.black_after_s * 1_000_000)
        self._epoch = -1
        self._last_us = 0
        self._last: NDArray[np.uint8] | None = None
        self._same_since = 0
        self._same_frames = 0
        self._black_since: int | None = None
        self._black_frames = 0

    @property
    def suspicious(self) -> bool:
        """Whether the last plane was like the one before it, or black: it needs the next one."""
        return self._same_frames > 1 or self._black_since is not None

    def observe(self, gray: NDArray[np.uint8], arrival_us: int, epoch: int) -> Verdict:
        """Take the next plane and return the verdict as of now; a new session starts afresh."""
        gap_us, self._last_us = arrival_us - self._last_us, arrival_us
        if epoch != self._epoch or not 0 <= gap_us <= _MAX_GAP_US:
            self._epoch = epoch
            self._last = None
            self._black_since = None
        if self._last is not None and np.array_equal(gray, self._last):
            self._same_frames += 1
        else:
            self._last, self._same_since, self._same_frames = gray, arrival_us, 1
            self._see_black(gray, arrival_us)
        if self._black_since is not None:
            self._black_frames += 1
            if _lasted(self._black_since, arrival_us, self._black_us, self._black_frames):
                return Verdict.BLACK
        if _lasted(self._same_since, arrival_us, self._frozen_us, self._same_frames):
            return Verdict.FROZEN
        return Verdict.GOOD

    def _see_black(self, gray: NDArray[np.uint8], arrival_us: int) -> None:
        # A sixteenth of the points tells most pictures from black ones.
        plainly_lit = float(gray[::4, ::4].mean()) >= 2 * _BLACK_MEAN
        if plainly_lit or not _is_black(gray):
            self._black_since = None
        elif self._black_since is None:
            self._black_since, self._black_frames = arrival_us, 0


def _is_black(gray: NDArray[np.uint8]) -> bool:
    return float(gray.mean()) < _BLACK_MEAN and float(gray.std()) < _BLACK_DEVIATION


def _lasted(since_us: int, now_us: int, limit_us: int, frames: int) -> bool:
    return frames >= _MIN_FRAMES and now_us - since_us >= limit_us

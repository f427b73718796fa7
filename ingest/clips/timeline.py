"""The times of a clip's pictures in the order in which they are shown, and the gaps among them."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from statistics import median_low

_REORDER = 32
"""More pictures than H.264 (A.4.2) and H.265 (A.4.2) allow a decoder to hold back: 16."""

_PAUSE_US = 1_000_000
_PAUSE_STEPS = 3
_RECENT = 9
_UNKNOWN_STEP_US = 40_000


class GapReason(StrEnum):
    """Why there are no pictures for a time."""

    RECONNECTED = "reconnected"
    PACKETS_LOST = "packets_lost"
    NO_PICTURES = "no_pictures"
    CLOCK_SET_BACK = "clock_set_back"
    NOT_HELD = "not_held"
    ENDED = "ended"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without pictures: from the picture before it to the one after it, in UTC µs.

    Only with ``clock_set_back`` does it end before it starts.
    """

    start_us: int
    end_us: int
    reason: GapReason


class ClipTimeline:
    """Sorts the pictures of an unbroken run by their times; finds pauses in it.

    A pause is a second without a picture, and three times what lay between the pictures of late:
    a camera that gives a picture every two seconds has none.
    """

    def __init__(self) -> None:
        self.gaps: list[Gap] = []
        self.newest_us: int | None = None
        self._shown_us: int | None = None
        self._waiting: list[int] = []
        self._steps: deque[int] = deque(maxlen=_RECENT)

    @property
    def step_us(self) -> int:
        """Time between two pictures, as usual of late."""
        return median_low(self._steps) if self._steps else _UNKNOWN_STEP_US

    def add(self, utc_us: int) -> None:
        """Take the next picture in the order of decoding."""
        self.newest_us = utc_us if self.newest_us is None else max(utc_us, self.newest_us)
        heapq.heappush(self._waiting, utc_us)
        if len(self._waiting) > _REORDER:
            self._show(heapq.heappop(self._waiting))

    def flush(self) -> None:
        """All pictures of this run have come."""
        while self._waiting:
            self._show(heapq.heappop(self._waiting))

    def broken(self, next_us: int, reason: GapReason) -> None:
        """Note the gap before ``next_us``, the first picture of a new run; flush before."""
        if self.newest_us is not None:
            self.gaps.append(Gap(self.newest_us, next_us, reason))
        self.newest_us = self._shown_us = None

    def _show(self, utc_us: int) -> None:
        if self._shown_us is not None:
            step = utc_us - self._shown_us
            if step > max(_PAUSE_US, _PAUSE_STEPS * self.step_us):
                self.gaps.append(Gap(self._shown_us, utc_us, GapReason.NO_PICTURES))
            self._steps.append(step)
        self._shown_us = utc_us

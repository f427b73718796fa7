"""The packets that a session opens with: FFmpeg has held them while it probed the stream.

They come in one burst, so their arrival tells nothing of their time of capture; the first ones
often have no time stamp either. What comes last in the burst has waited least: placed by that, all
of them get the times at which they were captured, and a clip that begins here begins right.
"""

from __future__ import annotations

import statistics
from itertools import pairwise

from ingest.bitstream.access_unit import AccessUnit

_MOST = 256
_LONGEST_US = 2_000_000
_JITTER_US = 2_000
_USUAL_STEP_US = 40_000
_LONGEST_STEP_US = 1_000_000

Arrived = tuple[AccessUnit, int]


class OpeningBurst:
    """Holds access units until they come in at the pace of the camera.

    That is so with the first that has not waited less than those before it. At most ``_MOST`` units
    and two seconds are held; a stream without time stamps, or an even pace from the beginning,
    holds two.
    """

    def __init__(self) -> None:
        self._held: list[Arrived] = []
        self._lowest: int | None = None
        self._newest_us: int | None = None
        self.over = False

    def add(self, unit: AccessUnit, arrival_us: int) -> list[Arrived]:
        """Take a unit and its arrival; return all that was held once the burst is over."""
        self._held.append((unit, arrival_us))
        waited_us = arrival_us - self._held[0][1]
        if self._at_pace(unit, arrival_us) or len(self._held) >= _MOST or waited_us > _LONGEST_US:
            return self.rest()
        return []

    def rest(self) -> list[Arrived]:
        """End the burst and return what is held."""
        self.over = True
        held, self._held = self._held, []
        return _with_times(held)

    def _at_pace(self, unit: AccessUnit, arrival_us: int) -> bool:
        at_us = _time_of(unit)
        if at_us is None or (self._newest_us is not None and at_us <= self._newest_us):
            return False  # unknown, or a B picture that tells nothing new
        step_us = at_us - self._newest_us if self._newest_us is not None else 0
        self._newest_us = at_us
        lateness = arrival_us - at_us
        lowest = self._lowest
        self._lowest = lateness if lowest is None else min(lateness, lowest)
        return lowest is not None and lateness > lowest - max(_JITTER_US, step_us // 4)


def _time_of(unit: AccessUnit) -> int | None:
    return unit.pts_us if unit.dts_us is None else unit.dts_us


def _with_times(held: list[Arrived]) -> list[Arrived]:
    """Give units before the first that has a time the steps of those after it."""
    known = [
        (index, at) for index, (unit, _) in enumerate(held) if (at := _time_of(unit)) is not None
    ]
    if not known or known[0][0] == 0:
        return held
    first, at_us = known[0]
    steps = [b - a for (_, a), (_, b) in pairwise(known) if 0 < b - a <= _LONGEST_STEP_US]
    step_us = round(statistics.median(steps)) if steps else _USUAL_STEP_US
    early = [
        (unit._replace(pts_us=None, dts_us=at_us - step_us * (first - index)), arrival_us)
        for index, (unit, arrival_us) in enumerate(held[:first])
    ]
    return early + held[first:]

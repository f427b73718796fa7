"""From a camera's own time stamps to UTC.

A camera's time stamps have an arbitrary origin, drift against our clock, and jump when the camera
restarts its encoder or corrects its clock; arrival times are in UTC, but carry the jitter of the
network. A packet cannot arrive before it was captured, so the smallest ``arrival - pts`` seen is
the best estimate of the offset between the two clocks (the idea of RFC 5905's clock filter: the
sample of least delay is the one to trust). The estimate follows a smaller value at once, and a
larger one only slowly, towards the smallest value of the last window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_JUMP_US = 1_000_000
_BACK_US = 200_000
_LATE_US = 10_000_000
_WINDOW_US = 5_000_000
_RISE_PER_US = 0.005
_MAX_REORDER_US = 2_000_000


class Stamp(NamedTuple):
    """Times of one packet in UTC microseconds; ``jumped`` where the timeline was anchored anew."""

    utc_us: int
    dts_us: int
    jumped: bool


class Timeline:
    """Maps the time stamps of one session to UTC; see the module for how.

    While arrival times do not decrease, ``dts_us`` strictly increases, never lies after the
    arrival by more than one microsecond per packet, and keeps the camera's own spacing between
    anchors. ``open`` with what came in a burst (see ``opening``) places it as it was captured.
    """

    def __init__(self) -> None:
        self.jumps = 0
        self._offset = 0.0
        self._anchored = False
        self._last_dts = 0
        self._last_pts = 0
        self._last_arrival = 0
        self._last_out = 0
        self._window_start = 0
        self._window_low = 0.0
        self._previous_low = 0.0

    def open(self, first: Sequence[tuple[int | None, int | None, int]]) -> None:
        """Anchor to the packets that a session begins with (pts, dts, arrival), before the first is
        stamped: the one that has waited least tells the offset of all of them.
        """
        known = [one for one in first if one[:2] != (None, None)]
        if not known or self._anchored:
            return
        (pts, dts, arrival_us) = known[0]
        self._anchor(min(_waited(*one) for one in known), arrival_us)
        self._last_dts, self._last_arrival = _first_of(dts, pts) - 1, arrival_us

    def stamp(self, pts_us: int | None, dts_us: int | None, arrival_us: int) -> Stamp:
        """Place one packet. ``pts_us`` and ``dts_us`` are on the camera's clock, or unknown."""
        if not self._anchored and pts_us is None and dts_us is None:
            # RTSP's first packet often has no time stamp yet: nothing to anchor to.
            self._last_out = max(arrival_us, self._last_out + 1)
            return Stamp(self._last_out, self._last_out, jumped=False)
        dts = self._decode_time(pts_us, dts_us, arrival_us)
        pts = dts if pts_us is None else pts_us
        reorder = min(max(pts - dts, 0), _MAX_REORDER_US)
        lateness = float(arrival_us - dts - reorder)
        jumped = False
        if not self._anchored:
            self._anchor(lateness, arrival_us)
        elif self._is_jump(dts, arrival_us, lateness):
            self.jumps += 1
            jumped = True
            self._anchor(lateness, arrival_us)
        else:
            self._follow(lateness, arrival_us)
        out = round(dts + self._offset)
        if self._last_out and out <= self._last_out:
            out = self._last_out + 1
        if self._last_out - arrival_us > _JUMP_US:
            out = round(dts + self._offset)  # our own clock was set back: go with it
        self._last_dts, self._last_arrival, self._last_out = dts, arrival_us, out
        return Stamp(out + reorder, out, jumped)

    def _decode_time(self, pts_us: int | None, dts_us: int | None, arrival_us: int) -> int:
        if dts_us is not None:
            return dts_us
        if pts_us is None:
            return self._last_dts + max(arrival_us - self._last_arrival, 1)
        late = self._anchored and 0 <= self._last_dts - pts_us < _BACK_US
        return self._last_dts + 1 if late else pts_us

    def _is_jump(self, dts: int, arrival_us: int, lateness: float) -> bool:
        step = dts - self._last_dts
        ahead = step - (arrival_us - self._last_arrival)
        if step < -_BACK_US or lateness - self._offset > _LATE_US:
            return True
        # A burst after a pause of the network catches up in small steps; only one large step that
        # leads into the future is a jump.
        return ahead > _JUMP_US and lateness < self._offset - _JUMP_US

    def _anchor(self, lateness: float, arrival_us: int) -> None:
        self._anchored = True
        self._offset = self._window_low = self._previous_low = lateness
        self._window_start = arrival_us

    def _follow(self, lateness: float, arrival_us: int) -> None:
        if not 0 <= arrival_us - self._window_start < _WINDOW_US:
            self._previous_low, self._window_low = self._window_low, lateness
            self._window_start = arrival_us
        self._window_low = min(self._window_low, lateness)
        if lateness <= self._offset:
            self._offset = lateness
            return
        target = min(self._window_low, self._previous_low)
        if target > self._offset:
            rise = _RISE_PER_US * max(arrival_us - self._last_arrival, 0)
            self._offset = min(target, self._offset + rise)


def _first_of(dts_us: int | None, pts_us: int | None) -> int:
    return dts_us if dts_us is not None else pts_us or 0


def _waited(pts_us: int | None, dts_us: int | None, arrival_us: int) -> float:
    """Arrival less the time stamp, as ``stamp`` reckons it."""
    dts = _first_of(dts_us, pts_us)
    reorder = min(max((dts if pts_us is None else pts_us) - dts, 0), _MAX_REORDER_US)
    return float(arrival_us - dts - reorder)

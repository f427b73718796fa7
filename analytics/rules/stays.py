"""Who is in a zone, and since when: what dwell, queue, crowd and leaving have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analytics.events import Track
from analytics.geometry import foot
from analytics.rulebook import ZoneRule
from analytics.rules.base import Area, Qualifier

MAX_LOST = 256


@dataclass(slots=True, eq=False)
class Stay:
    """One stay of a track in a zone; times of capture in UTC microseconds.

    ``entered_us`` is the first frame inside, ``last_us`` the last one. ``settled`` says that it
    counts: long enough, and of a track that qualifies. ``lost``: it ended out of sight.
    """

    track: Track
    entered_us: int
    last_us: int
    settled: bool = False
    told: bool = False
    lost: bool = False
    away_us: int | None = None

    @property
    def length_s(self) -> float:
        """Seconds from the first frame inside to the last one."""
        return (self.last_us - self.entered_us) / 1e6

    def seconds(self, at_us: int) -> float:
        """Seconds since it began; for one lost from sight, until it was lost."""
        return max(0, (self.last_us if self.lost else at_us) - self.entered_us) / 1e6


class Stays:
    """The stays in the zone of one rule.

    With ``bridge_s`` a stay that was lost from sight is taken up by a new track that begins inside
    the zone within that time and ``bridge_distance`` of where it was lost; only then it is over.
    """

    def __init__(
        self, rule: ZoneRule, *, bridge_s: float = 0.0, bridge_distance: float = 0.0
    ) -> None:
        self._area = Area(rule.zone)
        self._settle_us = round(rule.settle_s * 1e6)
        self._margin = rule.margin
        self._qualifier = Qualifier(rule)
        self._bridge_us, self._bridge_distance = round(bridge_s * 1e6), bridge_distance
        self._open: dict[int, Stay] = {}
        self._lost: list[Stay] = []
        self._known: set[int] = set()

    @property
    def present(self) -> list[Stay]:
        """The stays that count and go on, in the order of their tracks; lost ones last."""
        settled = [stay for _, stay in sorted(self._open.items()) if stay.settled]
        return settled + self._lost

    def update(self, tracks: Sequence[Track], at_us: int) -> list[Stay]:
        """Take the tracks after one frame; return the stays that are over and had counted."""
        self._qualifier.keep(tracks)
        ended: list[Stay] = []
        alive = {track.id for track in tracks}
        for ident in [ident for ident in self._open if ident not in alive]:
            stay = self._open.pop(ident)
            if stay.settled and stay.away_us is None:
                stay.lost = True
                self._lost.append(stay)
            elif stay.settled:
                ended.append(stay)
        for track in tracks:
            if track.seen:
                ended.extend(self._follow(track, at_us))
        self._known = alive
        return ended + self._give_up(at_us)

    def _give_up(self, at_us: int) -> list[Stay]:
        """End the stays that were lost for too long; the oldest first where there are too many."""
        crowded = len(self._lost) - MAX_LOST
        over = [
            stay
            for index, stay in enumerate(self._lost)
            if index < crowded or at_us - stay.last_us >= self._bridge_us
        ]
        self._lost = [stay for stay in self._lost if stay not in over]
        return over

    def _follow(self, track: Track, at_us: int) -> list[Stay]:
        stay = self._open.get(track.id)
        if not self._area.holds_foot(track, self._margin if stay is not None else 0.0):
            return [] if stay is None else self._outside(stay, at_us)
        if stay is None:
            stay = self._begin(track, at_us)
            self._open[track.id] = stay
        stay.track, stay.last_us, stay.away_us = track, at_us, None
        if not stay.settled:
            long_enough = at_us - stay.entered_us >= self._settle_us
            stay.settled = long_enough and self._qualifier.holds(track)
        return []

    def _outside(self, stay: Stay, at_us: int) -> list[Stay]:
        if stay.away_us is None:
            stay.away_us = at_us
        if stay.settled and at_us - stay.away_us < self._settle_us:
            return []
        del self._open[stay.track.id]
        return [stay] if stay.settled else []

    def _begin(self, track: Track, at_us: int) -> Stay:
        """Begin a stay, or go on with a lost one; a track seen outside before takes up none."""
        recent = [stay for stay in self._lost if at_us - stay.last_us < self._bridge_us]
        if recent and track.id not in self._known:
            near = min(recent, key=lambda stay: _apart(stay.track, track))
            if _apart(near.track, track) <= self._bridge_distance:
                self._lost = [stay for stay in self._lost if stay is not near]
                near.lost = False
                return near
        return Stay(track, at_us, at_us)


def _apart(a: Track, b: Track) -> float:
    (ax, ay), (bx, by) = foot(a.box), foot(b.box)
    return math.hypot(ax - bx, ay - by)

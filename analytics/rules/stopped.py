"""The rule "something that moved stands still"."""

from __future__ import annotations

import math
from dataclasses import dataclass

from analytics.events import Track
from analytics.geometry import Point, foot
from analytics.rulebook.book import StoppedRule
from analytics.rules.base import Area, CoolDown, Hit, Qualifier, Sight, Uncounted, track_hit

_FOUND_US = 10_000_000
_KEPT_US = 30_000_000
_MAX_LOST = 64


@dataclass(slots=True, eq=False)
class _Stand:
    """Where and since when a track stands, and whether that was told; ``size`` (its larger side in
    picture heights) and ``last_us`` are those of its last sight.
    """

    at: Point
    since_us: int
    size: float
    last_us: int
    told: bool = False


class Stopped(Uncounted):
    """Applies one :class:`StoppedRule`: once for each stop; twice the drift begins a new one.

    What stands hidden for long comes back as another track: one that begins within ten seconds in
    the place of one that was lost while it stood goes on with its stop.
    """

    KIND = "stopped"

    def __init__(self, rule: StoppedRule) -> None:
        self._rule = rule
        self._area = Area(rule.zone)
        self._qualifier = Qualifier(rule)
        self._cool_down = CoolDown(rule.cool_down_s)
        self._stands: dict[int, _Stand] = {}
        self._lost: list[_Stand] = []

    @property
    def held_back(self) -> int:
        """Stops that fell into a cool-down since the start."""
        return self._cool_down.held_back

    def see(self, sight: Sight) -> list[Hit]:
        """Take one frame; return the stops that became long in it."""
        self._lose(sight)
        self._qualifier.keep(sight.tracks)
        stands, self._stands = self._stands, {}
        hits: list[Hit] = []
        for track in sight.tracks:
            stand = stands.get(track.id)
            if track.seen:
                stand = self._follow(stand, track, sight)
                if stand is not None and self._due(stand, track, sight.at_us):
                    stand.told = True
                    if self._cool_down.allows(sight.at_us):
                        still_s = (sight.at_us - stand.since_us) / 1e6
                        zone = self._area.id
                        hits.append(track_hit(self.KIND, self._rule, zone, track, still_s=still_s))
            if stand is not None:
                self._stands[track.id] = stand
        return hits

    def _follow(self, stand: _Stand | None, track: Track, sight: Sight) -> _Stand | None:
        margin = self._rule.margin if stand is not None else 0.0
        if not self._area.holds_foot(track, margin):
            return None
        here = foot(track.box)
        size = max(track.box.w * sight.aspect, track.box.h)
        limit = self._rule.drift * size * (2 if stand is not None and stand.told else 1)
        if stand is None or _apart(stand.at, here, sight.aspect) > limit:
            stand = _Stand(here, sight.at_us, size, sight.at_us)
        stand.size, stand.last_us = size, sight.at_us
        self._qualifier.holds(track)  # as it is seen now: it may be lost before it is due
        return self._found(stand, track, sight.aspect) if self._lost else stand

    def _lose(self, sight: Sight) -> None:
        """Keep the stands of tracks that are no more; they ended out of sight."""
        alive = {track.id for track in sight.tracks}
        self._lost += [
            stand
            for ident, stand in self._stands.items()
            if ident not in alive and self._qualifier.knows(ident)
        ]
        recent = [one for one in self._lost if sight.at_us - one.last_us <= _KEPT_US]
        self._lost = recent[-_MAX_LOST:]

    def _found(self, stand: _Stand, track: Track, aspect: float) -> _Stand:
        """Return the stand that a new track goes on with, its own where it is nobody else's."""
        if not track.confirmed or (self._rule.labels and track.label not in self._rule.labels):
            return stand
        for lost in self._lost:
            reach = self._rule.drift * max(lost.size, stand.size)
            began_there = track.travel <= reach and _apart(lost.at, stand.at, aspect) <= reach
            if began_there and 0 < track.first_us - lost.last_us <= _FOUND_US:
                self._lost.remove(lost)
                self._qualifier.adopt(track)
                lost.size, lost.last_us = stand.size, stand.last_us
                return lost
        return stand

    def _due(self, stand: _Stand, track: Track, at_us: int) -> bool:
        long_enough = at_us - stand.since_us >= self._rule.after_s * 1e6
        return long_enough and not stand.told and self._qualifier.holds(track)


def _apart(a: Point, b: Point, aspect: float) -> float:
    """Distance in picture heights."""
    return math.hypot((a[0] - b[0]) * aspect, a[1] - b[1])

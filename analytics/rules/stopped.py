"""The rule "something that moved stands still"."""

from __future__ import annotations

import math
from dataclasses import dataclass

from analytics.events import Track
from analytics.geometry import Point, foot
from analytics.rulebook.book import StoppedRule
from analytics.rules.base import Area, CoolDown, Hit, Qualifier, Sight, track_hit
from analytics.series import CountRecord


@dataclass(slots=True)
class _Stand:
    """Where and since when a track stands, and whether that was told."""

    at: Point
    since_us: int
    told: bool = False


class Stopped:
    """Applies one :class:`StoppedRule`: once for each stop; twice the drift begins a new one."""

    KIND = "stopped"

    def __init__(self, rule: StoppedRule) -> None:
        self._rule = rule
        self._area = Area(rule.zone)
        self._qualifier = Qualifier(rule)
        self._cool_down = CoolDown(rule.cool_down_s)
        self._stands: dict[int, _Stand] = {}

    @property
    def held_back(self) -> int:
        """Stops that fell into a cool-down since the start."""
        return self._cool_down.held_back

    def see(self, sight: Sight) -> list[Hit]:
        """Take one frame; return the stops that became long in it."""
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

    def counts(self, at_us: int | None) -> list[CountRecord]:
        """Return nothing: stops are events."""
        return []

    def _follow(self, stand: _Stand | None, track: Track, sight: Sight) -> _Stand | None:
        margin = self._rule.margin if stand is not None else 0.0
        if not self._area.holds_foot(track, margin):
            return None
        here = foot(track.box)
        size = max(track.box.w * sight.aspect, track.box.h)
        limit = self._rule.drift * size * (2 if stand is not None and stand.told else 1)
        if stand is None or _apart(stand.at, here, sight.aspect) > limit:
            return _Stand(here, sight.at_us)
        return stand

    def _due(self, stand: _Stand, track: Track, at_us: int) -> bool:
        long_enough = at_us - stand.since_us >= self._rule.after_s * 1e6
        return long_enough and not stand.told and self._qualifier.holds(track)


def _apart(a: Point, b: Point, aspect: float) -> float:
    """Distance in picture heights."""
    return math.hypot((a[0] - b[0]) * aspect, a[1] - b[1])

"""The rule "an object crosses a line": counted by direction and label, told one by one."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.events import Track
from analytics.geometry import Point, crossing, distance_to_segment, foot
from analytics.rulebook.book import LineCrossRule
from analytics.rules.base import CoolDown, Hit, Qualifier, Sight, track_hit
from analytics.series import CountRecord, Series

RIGHT, LEFT = "right", "left"
_KINDS = {RIGHT: "line_cross_right", LEFT: "line_cross_left"}


@dataclass(slots=True)
class _Walk:
    """Where a track was last seen, and its crossings that were not counted yet (right positive)."""

    at: Point
    net: int = 0


class LineCross:
    """Applies one :class:`LineCrossRule`.

    Crossings add up along a track's way from sight to sight and are counted when it has come away
    from the line by the margin: who turns back on it counts for nothing, and nobody twice. What a
    track crossed before it qualified is counted when it does.
    """

    def __init__(self, rule: LineCrossRule) -> None:
        self._rule = rule
        self._walks: dict[int, _Walk] = {}
        self._qualifier = Qualifier(rule)
        self._cool_down = CoolDown(rule.cool_down_s)
        self._series = Series(rule.id, rule.version, rule.line.id, rule.kind)

    @property
    def held_back(self) -> int:
        """Crossings that were counted and, for the cool-down, not told."""
        return self._cool_down.held_back

    def see(self, sight: Sight) -> list[Hit]:
        """Take one frame; return the crossings that counted in it."""
        self._qualifier.keep(sight.tracks)
        walks, self._walks = self._walks, {}
        hits: list[Hit] = []
        for track in sight.tracks:
            walk = walks.get(track.id)
            if track.seen:
                walk = self._step(walk, track)
                hits.extend(self._count(walk, track, sight.at_us))
            if walk is not None:
                self._walks[track.id] = walk
        return hits

    def counts(self, at_us: int | None) -> list[CountRecord]:
        """Hand over the crossings of the minutes that are over."""
        return self._series.drain(at_us)

    def open_counts(self) -> list[CountRecord]:
        """Return the measures of the minute that goes on."""
        return self._series.open()

    def _step(self, walk: _Walk | None, track: Track) -> _Walk:
        here = foot(track.box)
        if walk is None:
            return _Walk(here)
        walk.net += crossing(walk.at, here, self._rule.line.a, self._rule.line.b)
        walk.at = here
        return walk

    def _count(self, walk: _Walk, track: Track, at_us: int) -> list[Hit]:
        rule = self._rule
        if not walk.net or not self._qualifier.holds(track):
            return []
        if rule.margin and distance_to_segment(walk.at, rule.line.a, rule.line.b) <= rule.margin:
            return []
        direction = RIGHT if walk.net > 0 else LEFT
        value, walk.net = abs(walk.net), 0
        self._series.add(at_us, "crossings", value, "sum", direction=direction, label=track.label)
        if rule.count_only or not self._cool_down.allows(at_us):
            return []
        return [track_hit(_KINDS[direction], rule, rule.line.id, track)]

"""The rule "against the allowed direction"."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from analytics.geometry import Point, foot
from analytics.rulebook.book import WrongWayRule
from analytics.rules.base import Area, CoolDown, Hit, Qualifier, Sight, Uncounted, track_hit

_MAX_STEPS = 128


@dataclass(slots=True)
class _Way:
    """Where a track was in the last seconds inside the zone, oldest first."""

    steps: deque[tuple[int, Point]] = field(default_factory=lambda: deque(maxlen=_MAX_STEPS))
    told: bool = False


class WrongWay(Uncounted):
    """Applies one :class:`WrongWayRule`: speaks once for each track.

    Angles are those of the screen: the arrow and the way are compared in picture heights.
    """

    KIND = "wrong_way"

    def __init__(self, rule: WrongWayRule) -> None:
        self._rule = rule
        self._area = Area(rule.zone)
        self._qualifier = Qualifier(rule)
        self._cool_down = CoolDown(rule.cool_down_s)
        self._least = math.cos(math.radians(rule.tolerance))
        self._ways: dict[int, _Way] = {}

    @property
    def held_back(self) -> int:
        """Hits that fell into a cool-down since the start."""
        return self._cool_down.held_back

    def see(self, sight: Sight) -> list[Hit]:
        """Take one frame; return who was found to go the wrong way in it."""
        self._qualifier.keep(sight.tracks)
        ways, self._ways = self._ways, {}
        hits: list[Hit] = []
        for track in sight.tracks:
            way = self._ways[track.id] = ways.get(track.id) or _Way()
            if not track.seen or way.told:
                continue
            if not self._area.holds_foot(track, self._rule.margin if way.steps else 0.0):
                way.steps.clear()
                continue
            self._step(way, foot(track.box), sight.at_us)
            cosine = self._course(way, sight.aspect)
            if cosine <= -self._least and self._qualifier.holds(track):
                way.told = True
                if self._cool_down.allows(sight.at_us):
                    degrees = math.degrees(math.acos(max(cosine, -1.0)))
                    zone = self._area.id
                    hits.append(track_hit(self.KIND, self._rule, zone, track, degrees=degrees))
        return hits

    def _step(self, way: _Way, here: Point, at_us: int) -> None:
        way.steps.append((at_us, here))
        while at_us - way.steps[0][0] > self._rule.window_s * 1e6:
            way.steps.popleft()

    def _course(self, way: _Way, aspect: float) -> float:
        """Cosine of the angle between way and arrow; 1 where the way is too short to have one."""
        (x0, y0), (x1, y1) = way.steps[0][1], way.steps[-1][1]
        dx, dy = (x1 - x0) * aspect, y1 - y0
        length = math.hypot(dx, dy)
        if length < self._rule.min_distance:
            return 1.0
        arrow = self._rule.allowed
        ax, ay = (arrow.b[0] - arrow.a[0]) * aspect, arrow.b[1] - arrow.a[1]
        return (dx * ax + dy * ay) / (length * math.hypot(ax, ay))

"""The rule "too many at once"."""

from __future__ import annotations

from analytics.rulebook.book import CrowdRule
from analytics.rules.base import Alarm, CoolDown, Hit, Sight, bounds, place_hit
from analytics.rules.stays import Stays
from analytics.series import CountRecord, Looks, Series


class Crowd:
    """Applies one :class:`CrowdRule`; ``occupancy`` is its series (most at once, and mean)."""

    KIND = "crowd"

    def __init__(self, rule: CrowdRule) -> None:
        self._rule = rule
        self._stays = Stays(rule)
        self._alarm = Alarm(rule.for_s, rule.clear_s)
        self._cool_down = CoolDown(rule.cool_down_s)
        self._series = Series(rule.id, rule.version, rule.zone.id, rule.kind)
        self._looks = Looks()

    @property
    def held_back(self) -> int:
        """Alerts that fell into a cool-down since the start."""
        return self._cool_down.held_back

    def see(self, sight: Sight) -> list[Hit]:
        """Take one frame; return the alert if it is raised in it."""
        self._stays.update(sight.tracks, sight.at_us)
        present = len(self._stays.present)
        self._series.add(sight.at_us, "occupancy", present, "max")
        weight = self._looks.milliseconds(sight.at_us)
        self._series.add(sight.at_us, "occupancy", present, "mean", weight=weight)
        raised = self._alarm.update(present > self._rule.above, sight.at_us)
        if not raised or not self._cool_down.allows(sight.at_us):
            return []
        zone, picture = self._rule.zone, not self._rule.count_only
        where = bounds(zone)
        return [
            place_hit(self.KIND, self._rule, zone.id, where, picture=picture, occupancy=present)
        ]

    def counts(self, at_us: int | None) -> list[CountRecord]:
        """Hand over the occupancy of the minutes that are over."""
        return self._series.drain(at_us)

    def open_counts(self) -> list[CountRecord]:
        """Return the measures of the minute that goes on."""
        return self._series.open()

"""The queue at a counter: how many wait, how long, and who waits too long."""

from __future__ import annotations

from analytics.rulebook.book import QueueRule
from analytics.rules.base import Alarm, CoolDown, Hit, Sight, bounds, place_hit, track_hit
from analytics.rules.stay import Bridge, Stay
from analytics.rules.stays import Stays
from analytics.series import CountRecord, Looks, Series


class Queue:
    """Applies one :class:`QueueRule`.

    Measures of the series, by minute: ``waiting`` (most at once, and mean over the time),
    ``longest_wait_s`` (most), ``mean_wait_s`` (of those who wait, mean over the time), ``left``
    (stays that ended) and ``wait_s`` (their whole length, mean and longest).
    """

    KIND = "queue_wait"

    def __init__(self, rule: QueueRule) -> None:
        self._rule = rule
        bridge = Bridge(rule.bridge_s, rule.bridge_distance, in_boxes=True)
        self._stays = Stays(rule, bridge=bridge, first_out=rule.first_out)
        self._alarm = Alarm(0.0, rule.clear_s)
        self._cool_down = CoolDown(rule.cool_down_s)
        self._series = Series(rule.id, rule.version, rule.zone.id, rule.kind)
        self._looks = Looks()

    @property
    def held_back(self) -> int:
        """Alerts that fell into a cool-down since the start."""
        return self._cool_down.held_back

    def see(self, sight: Sight) -> list[Hit]:
        """Take one frame; return the alert if it is raised in it."""
        at_us = sight.at_us
        for stay in self._stays.update(sight.tracks, at_us):
            self._series.add(at_us, "left", 1, "sum")
            self._series.add(at_us, "wait_s", stay.length_s, "mean")
            self._series.add(at_us, "wait_s", stay.length_s, "max")
        waiting = self._stays.present
        waits = [stay.seconds(at_us) for stay in waiting]
        self._measure(at_us, waits)
        late = max(waits, default=0.0) >= self._rule.alert_s and bool(waits)
        if not self._alarm.update(late, at_us) or not self._cool_down.allows(at_us):
            return []
        return [self._hit(min(waiting, key=lambda stay: stay.entered_us), waits)]

    def counts(self, at_us: int | None) -> list[CountRecord]:
        """Hand over the measures of the minutes that are over."""
        return self._series.drain(at_us)

    def open_counts(self) -> list[CountRecord]:
        """Return the measures of the minute that goes on."""
        return self._series.open()

    def _measure(self, at_us: int, waits: list[float]) -> None:
        weight = self._looks.milliseconds(at_us)
        self._series.add(at_us, "waiting", len(waits), "max")
        self._series.add(at_us, "waiting", len(waits), "mean", weight=weight)
        self._series.add(at_us, "longest_wait_s", max(waits, default=0.0), "max")
        if waits:
            mean_s = sum(waits) / len(waits)
            self._series.add(at_us, "mean_wait_s", mean_s, "mean", weight=weight)

    def _hit(self, longest: Stay, waits: list[float]) -> Hit:
        zone = self._rule.zone
        measured = {
            "wait_s": max(waits),
            "mean_wait_s": sum(waits) / len(waits),
            "waiting": len(waits),
        }
        if self._rule.count_only:
            where = bounds(zone)
            return place_hit(self.KIND, self._rule, zone.id, where, picture=False, **measured)
        return track_hit(self.KIND, self._rule, zone.id, longest.track, **measured)

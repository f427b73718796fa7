"""The rule "an object stays in a zone for long"."""

from __future__ import annotations

from analytics.rulebook.book import DwellRule
from analytics.rules.base import CoolDown, Hit, Sight, track_hit
from analytics.rules.stays import Stays
from analytics.series import CountRecord


class Dwell:
    """Applies one :class:`DwellRule`: speaks once for each stay that lasts."""

    KIND = "dwell"

    def __init__(self, rule: DwellRule) -> None:
        self._rule = rule
        self._stays = Stays(rule)
        self._cool_down = CoolDown(rule.cool_down_s)

    @property
    def held_back(self) -> int:
        """Stays that fell into a cool-down since the start."""
        return self._cool_down.held_back

    def see(self, sight: Sight) -> list[Hit]:
        """Take one frame; return the stays that became long in it."""
        self._stays.update(sight.tracks, sight.at_us)
        hits: list[Hit] = []
        for stay in self._stays.present:
            dwell_s = stay.length_s
            if stay.told or dwell_s < self._rule.after_s:
                continue
            stay.told = True
            if self._cool_down.allows(sight.at_us):
                zone = self._rule.zone.id
                hits.append(track_hit(self.KIND, self._rule, zone, stay.track, dwell_s=dwell_s))
        return hits

    def counts(self, at_us: int | None) -> list[CountRecord]:
        """Return nothing: long stays are events."""
        return []

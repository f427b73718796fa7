"""The rule "an object stays in a zone for long"."""

from __future__ import annotations

from analytics.rulebook.book import DwellRule
from analytics.rules.base import CoolDown, Hit, Sight, Uncounted, track_hit
from analytics.rules.stay import Bridge, Stay
from analytics.rules.stays import Stays


class Dwell(Uncounted):
    """Applies one :class:`DwellRule`: once for each stay that lasts, of who is in sight."""

    KIND = "dwell"

    def __init__(self, rule: DwellRule) -> None:
        self._rule = rule
        self._stays = Stays(rule, bridge=Bridge(rule.bridge_s, rule.bridge_distance))
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
            if stay.lost or stay.told or stay.length_s < self._rule.after_s:
                continue
            stay.told = True
            if self._cool_down.allows(sight.at_us):
                hits.append(self._hit(stay))
        return hits

    def _hit(self, stay: Stay) -> Hit:
        measured = {"dwell_s": stay.length_s}
        if stay.hidden_us:
            measured["hidden_s"] = stay.hidden_us / 1e6
        return track_hit(self.KIND, self._rule, self._rule.zone.id, stay.track, **measured)

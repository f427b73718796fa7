"""The rules "an object enters a zone" and "an object leaves a zone"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.events import Track
from analytics.rulebook.book import ZoneEnterRule, ZoneLeaveRule
from analytics.rules.base import Area, CoolDown, Hit, Sight, Uncounted, qualifies, track_hit
from analytics.rules.stays import Stays


@dataclass(slots=True)
class _Presence:
    """What the rule remembers of a track: since when inside (None: outside), and whether told."""

    inside_since_us: int | None = None
    told: bool = False


class ZoneEnter(Uncounted):
    """Applies one :class:`ZoneEnterRule` to the tracks of one camera.

    Memory is bounded by the tracks alive: a track that the tracker dropped is forgotten, and its
    id never comes again.
    """

    KIND = "zone_enter"

    def __init__(self, rule: ZoneEnterRule) -> None:
        self._rule = rule
        self._area = Area(rule.zone)
        self._known: dict[int, _Presence] = {}
        self._cool_down = CoolDown(rule.cool_down_s)

    @property
    def held_back(self) -> int:
        """Entries that fell into a cool-down since the start."""
        return self._cool_down.held_back

    def update(self, tracks: Sequence[Track], at_us: int) -> list[Hit]:
        """Take the tracks after one frame captured at ``at_us``; return what came true in it.

        An entry within the cool-down is counted in ``held_back`` and never told later: the rule
        reports entries, not presence.
        """
        known, self._known = self._known, {}
        hits: list[Hit] = []
        for track in tracks:
            presence = known.get(track.id) or _Presence()
            self._known[track.id] = presence
            if presence.told or not self._entered(presence, track, at_us):
                continue
            presence.told = True
            if self._cool_down.allows(at_us):
                hits.append(track_hit(self.KIND, self._rule, self._area.id, track))
        return hits

    def see(self, sight: Sight) -> list[Hit]:
        """Take one frame; return the entries."""
        return self.update(sight.tracks, sight.at_us)

    def _entered(self, presence: _Presence, track: Track, at_us: int) -> bool:
        if not track.seen:
            return False
        since = presence.inside_since_us
        if not self._area.holds_foot(track, self._rule.margin if since is not None else 0.0):
            presence.inside_since_us = None
            return False
        if since is None:
            since = presence.inside_since_us = at_us
        return at_us - since >= self._rule.settle_s * 1e6 and qualifies(self._rule, track)


class ZoneLeave(Uncounted):
    """Applies one :class:`ZoneLeaveRule`: speaks when a stay that had settled is over."""

    KIND = "zone_leave"

    def __init__(self, rule: ZoneLeaveRule) -> None:
        self._rule = rule
        self._stays = Stays(rule)
        self._cool_down = CoolDown(rule.cool_down_s)

    @property
    def held_back(self) -> int:
        """Departures that fell into a cool-down since the start."""
        return self._cool_down.held_back

    def see(self, sight: Sight) -> list[Hit]:
        """Take one frame; return the departures."""
        zone = self._rule.zone.id
        return [
            track_hit(self.KIND, self._rule, zone, stay.track, stay_s=stay.length_s)
            for stay in self._stays.update(sight.tracks, sight.at_us)
            if (self._rule.lost_leaves or not stay.lost) and self._cool_down.allows(sight.at_us)
        ]

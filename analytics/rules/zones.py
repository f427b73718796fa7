"""The rule "an object enters a zone". Deterministic: what it says depends on what it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.events import Track
from analytics.geometry import foot
from analytics.rulebook import Zone, ZoneEnterRule


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that came true in a frame, for one track."""

    kind: str
    rule: str
    rule_version: int
    zone: str
    track: Track


@dataclass(slots=True)
class _Presence:
    """What the rule remembers of a track: since when inside (None: outside), and whether told."""

    inside_since_us: int | None = None
    told: bool = False


class ZoneEnter:
    """Applies one :class:`ZoneEnterRule` to the tracks of one camera.

    Memory is bounded by the tracks alive: a track that the tracker dropped is forgotten, and its
    id never comes again.
    """

    KIND = "zone_enter"

    def __init__(self, rule: ZoneEnterRule) -> None:
        self._rule = rule
        self._known: dict[int, _Presence] = {}
        self._last_hit_us: int | None = None
        self.held_back = 0
        """Entries that fell into a cool-down since the start."""

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
            if self._cooling(at_us):
                self.held_back += 1
                continue
            self._last_hit_us = at_us
            rule = self._rule
            hits.append(Hit(self.KIND, rule.id, rule.version, rule.zone.id, track))
        return hits

    def _entered(self, presence: _Presence, track: Track, at_us: int) -> bool:
        if not track.seen:
            return False
        since = presence.inside_since_us
        if not _inside(self._rule.zone, track, self._rule.margin if since is not None else 0.0):
            presence.inside_since_us = None
            return False
        if since is None:
            since = presence.inside_since_us = at_us
        return at_us - since >= self._rule.settle_s * 1e6 and self._qualifies(track)

    def _qualifies(self, track: Track) -> bool:
        rule = self._rule
        return (
            track.confirmed
            and track.age_s >= rule.min_age_s
            and track.travel >= rule.min_travel
            and track.box.w * track.box.h >= rule.min_size
            and track.score >= rule.min_score
            and (not rule.labels or track.label in rule.labels)
        )

    def _cooling(self, at_us: int) -> bool:
        if self._last_hit_us is None:
            return False
        since = at_us - self._last_hit_us
        # below zero: the camera's clock was set back; the entries of one frame come together
        return 0 <= since < self._rule.cool_down_s * 1e6


def _inside(zone: Zone, track: Track, margin: float) -> bool:
    """Say whether the foot of a track is in the zone, or within ``margin`` of it."""
    if zone.whole:
        return True
    point = foot(track.box)
    return zone.polygon.contains(point) or (margin > 0 and zone.polygon.distance(point) <= margin)

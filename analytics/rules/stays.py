"""Who is in a zone, and since when: what dwell, queue, crowd and leaving have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analytics.events import Track
from analytics.geometry import corners, cover_matrix, foot
from analytics.rulebook.book import ZoneRule
from analytics.rules.base import Area, Qualifier

MAX_LOST = 256
_BRIEF_S = 10.0


@dataclass(slots=True, eq=False)
class Stay:
    """One stay of a track in a zone; times of capture in UTC microseconds.

    ``entered_us`` is the first frame inside, ``last_us`` the last one. ``settled`` says that it
    counts: long enough, and of a track that qualifies. ``lost``: it ended out of sight.
    ``found``: its track began inside, so that nobody saw it enter. ``reach``: how far from where it
    was lost its track may be found again.
    """

    track: Track
    entered_us: int
    last_us: int
    settled: bool = False
    told: bool = False
    lost: bool = False
    away_us: int | None = None
    found: bool = False
    reach: float = 0.0

    @property
    def length_s(self) -> float:
        """Seconds from the first frame inside to the last one."""
        return (self.last_us - self.entered_us) / 1e6

    def seconds(self, at_us: int) -> float:
        """Seconds since it began; for one lost from sight, until it was lost."""
        return max(0, (self.last_us if self.lost else at_us) - self.entered_us) / 1e6


class Stays:
    """The stays in the zone of one rule.

    With ``bridge_s`` a stay that was lost from sight is taken up by a new track that begins inside
    the zone within that time and ``bridge_distance`` of where it was lost; only then it is over.
    While it hides in the box of another who stays it is not over either.

    With ``first_out`` it is the first of a queue who leaves it. Where another track leaves, the
    tracks were mixed up as the queue moved up: each then has the beginning of the one behind, down
    to the one whose track was lost. Who only walks through is seen to enter and stays briefly.
    """

    def __init__(
        self,
        rule: ZoneRule,
        *,
        bridge_s: float = 0.0,
        bridge_distance: float = 0.0,
        first_out: bool = False,
    ) -> None:
        self._area = Area(rule.zone)
        self._settle_us = round(rule.settle_s * 1e6)
        self._margin = rule.margin
        self._qualifier = Qualifier(rule)
        self._bridge_us, self._bridge_distance = round(bridge_s * 1e6), bridge_distance
        self._first_out = first_out
        self._open: dict[int, Stay] = {}
        self._lost: list[Stay] = []
        self._known: set[int] = set()

    @property
    def present(self) -> list[Stay]:
        """The stays that count and go on, in the order of their tracks; lost ones last."""
        settled = [stay for _, stay in sorted(self._open.items()) if stay.settled]
        return settled + self._lost

    def update(self, tracks: Sequence[Track], at_us: int) -> list[Stay]:
        """Take the tracks after one frame; return the stays that are over and had counted."""
        self._qualifier.keep(tracks)
        ended: list[Stay] = []
        alive = {track.id for track in tracks}
        for ident in [ident for ident in self._open if ident not in alive]:
            stay = self._open.pop(ident)
            if stay.settled and stay.away_us is None:
                stay.lost, stay.reach = True, self._bridge_distance
                self._lost.append(stay)
            elif stay.settled:
                ended.append(stay)
        for track in tracks:
            if track.seen:
                ended.extend(self._follow(track, at_us))
        self._known = alive
        self._hide(at_us)
        return ended + self._give_up(at_us)

    def _hide(self, at_us: int) -> None:
        """Let those go on who were lost in the box of somebody who stays."""
        hosts = [stay for stay in self._open.values() if stay.settled and stay.last_us == at_us]
        if not self._bridge_us or not self._lost or not hosts:
            return
        boxes = corners([stay.track.box for stay in self._lost])
        cover = cover_matrix(boxes, corners([host.track.box for host in hosts]))
        for stay, row in zip(self._lost, cover, strict=True):
            if _piece(stay):
                continue
            host = hosts[int(row.argmax())]
            if float(row.max()) > 0.5 and host.entered_us < stay.last_us:
                stay.last_us = at_us
                stay.reach = max(self._bridge_distance, host.track.box.w)

    def _give_up(self, at_us: int) -> list[Stay]:
        """End the stays that were lost for too long; the oldest first where there are too many."""
        crowded = len(self._lost) - MAX_LOST
        over = [
            stay
            for index, stay in enumerate(self._lost)
            if index < crowded or at_us - stay.last_us >= self._bridge_us
        ]
        self._lost = [stay for stay in self._lost if stay not in over]
        pieces = [stay for stay in over if self._bridge_us and _piece(stay)]
        return [stay for stay in over if stay not in pieces and not self._inherited(stay)]

    def _inherited(self, over: Stay) -> bool:
        """Let somebody who was found inside as this one got lost go on with its wait."""
        since_us = over.last_us - self._bridge_us
        heirs = [
            stay
            for stay in self._open.values()
            if stay.found and stay.settled and stay.entered_us >= since_us
        ]
        if not self._first_out or not heirs:
            return False
        heirs[0].entered_us = over.entered_us
        return True

    def _follow(self, track: Track, at_us: int) -> list[Stay]:
        stay = self._open.get(track.id)
        if not self._area.holds_foot(track, self._margin if stay is not None else 0.0):
            return [] if stay is None else self._outside(stay, at_us)
        if stay is None:
            stay = self._begin(track, at_us)
            self._open[track.id] = stay
        stay.track, stay.last_us, stay.away_us = track, at_us, None
        if not stay.settled:
            long_enough = at_us - stay.entered_us >= self._settle_us
            stay.settled = long_enough and self._qualifier.holds(track)
        return []

    def _outside(self, stay: Stay, at_us: int) -> list[Stay]:
        if stay.away_us is None:
            stay.away_us = at_us
        if stay.settled and at_us - stay.away_us < self._settle_us:
            return []
        del self._open[stay.track.id]
        waited = stay.found or stay.length_s >= _BRIEF_S
        if self._first_out and stay.settled and waited:
            self._hand_over(stay)
        return [stay] if stay.settled else []

    def _hand_over(self, leaver: Stay) -> None:
        """Give the one who leaves the oldest beginning, and everybody that of the one behind."""
        older = [stay for stay in self.present if stay.entered_us < leaver.entered_us]
        older.sort(key=lambda stay: stay.entered_us)
        unseen = [i for i, stay in enumerate(older) if stay.lost or not stay.track.seen]
        gone = unseen[0] if unseen and leaver.found else None
        line = older if gone is None else older[: gone + 1]
        beginnings = [stay.entered_us for stay in line] + [leaver.entered_us]
        for stay, entered_us in zip([leaver, *line], beginnings, strict=False):
            stay.entered_us = entered_us
        if gone is not None:  # its person is the one before it
            end = older[gone]
            self._open.pop(end.track.id, None)
            self._lost = [stay for stay in self._lost if stay is not end]

    def _begin(self, track: Track, at_us: int) -> Stay:
        """Begin a stay, or go on with a lost one; a track seen outside before takes up none."""
        recent = [stay for stay in self._lost if at_us - stay.last_us < self._bridge_us]
        if recent and track.id not in self._known:
            near = min(recent, key=lambda stay: _apart(stay.track, track) / max(stay.reach, 1e-9))
            if _apart(near.track, track) <= near.reach:
                self._lost = [stay for stay in self._lost if stay is not near]
                near.lost = False
                return near
        return Stay(track, at_us, at_us, found=track.id not in self._known)


def _piece(lost: Stay) -> bool:
    """Say whether a lost stay was but a piece of somebody: its track came and went inside."""
    return lost.found and lost.length_s < _BRIEF_S


def _apart(a: Track, b: Track) -> float:
    (ax, ay), (bx, by) = foot(a.box), foot(b.box)
    return math.hypot(ax - bx, ay - by)

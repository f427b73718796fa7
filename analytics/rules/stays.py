"""Who is in a zone, and since when: what dwell, queue, crowd and leaving have in common."""

from __future__ import annotations

from collections.abc import Sequence

from analytics.events import Track
from analytics.geometry import corners, cover_matrix
from analytics.rulebook.book import ZoneRule
from analytics.rules.base import Area, Qualifier, fits
from analytics.rules.stay import BRIEF_S, NO_BRIDGE, Bridge, Stay, pairs

MAX_LOST = 256


class Stays:
    """The stays in the zone of one rule.

    With a ``bridge`` a stay that was lost from sight is taken up by a new track that is what the
    rule wants and began inside the zone soon after, near where it was lost; only then it is over.

    With ``first_out`` it is the first of a queue who leaves it. Where another track leaves, the
    tracks were mixed up as the queue moved up: each then has the beginning of the one behind, down
    to the one whose track was lost. Who only walks through is seen to enter and stays briefly.
    """

    def __init__(
        self, rule: ZoneRule, *, bridge: Bridge = NO_BRIDGE, first_out: bool = False
    ) -> None:
        self._rule = rule
        self._area = Area(rule.zone)
        self._settle_us = round(rule.settle_s * 1e6)
        self._margin = rule.margin
        self._qualifier = Qualifier(rule)
        self._bridge, self._bridge_us = bridge, round(bridge.seconds * 1e6)
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
                stay.lose(self._bridge.distance)
                self._lost.append(stay)
            elif stay.settled:
                ended.append(stay)
        for track in tracks:
            if track.seen:
                ended.extend(self._follow(track, at_us))
        self._known = alive
        self._find_again()
        self._hide(at_us)
        return ended + self._give_up(at_us)

    def _find_again(self) -> None:
        """Let new tracks go on with the stays that were lost."""
        if not self._lost or not self._bridge_us:
            return
        asking = [one for one in self._open.values() if one.asks and fits(self._rule, one.track)]
        for lost, found in pairs(self._lost, asking, self._bridge_us):
            self._lost = [stay for stay in self._lost if stay is not lost]
            found.go_on_with(lost)

    def _hide(self, at_us: int) -> None:
        """Let those go on who were lost in the box of somebody who stays."""
        if not self._bridge.in_boxes or not self._bridge_us or not self._lost:
            return
        hosts = [stay for stay in self._open.values() if stay.settled and stay.last_us == at_us]
        if not hosts:
            return
        boxes = corners([stay.track.box for stay in self._lost])
        cover = cover_matrix(boxes, corners([host.track.box for host in hosts]))
        for stay, row in zip(self._lost, cover, strict=True):
            if stay.is_piece:
                continue
            host = hosts[int(row.argmax())]
            if float(row.max()) > 0.5 and host.entered_us < stay.last_us:
                stay.last_us = at_us
                stay.reach = max(self._bridge.distance, host.track.box.w)

    def _give_up(self, at_us: int) -> list[Stay]:
        """End the stays that were lost for too long; the oldest first where there are too many."""
        crowded = len(self._lost) - MAX_LOST
        over = [
            stay
            for index, stay in enumerate(self._lost)
            if index < crowded or at_us - stay.last_us >= self._bridge_us
        ]
        self._lost = [stay for stay in self._lost if stay not in over]
        pieces = [stay for stay in over if self._bridge_us and stay.is_piece]
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
            new = track.id not in self._known  # one seen outside before goes on with no stay
            stay = self._open[track.id] = Stay(track, at_us, at_us, found=new, asks=new)
        stay.see(track, at_us)
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
        waited = stay.found or stay.length_s >= BRIEF_S
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

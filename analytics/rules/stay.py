"""One stay in a zone, and who goes on with it where its track was lost from sight."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from analytics.events import Box, Track
from analytics.geometry import Point, foot

BRIEF_S = 10.0
"""Shorter stays of tracks that nobody saw come and go are pieces of somebody."""

_PACE_US = 400_000
_AHEAD_S = 1.0
_WALKS = 0.03
_EDGE = 0.01


@dataclass(frozen=True, slots=True)
class Bridge:
    """Who is lost from sight and found again within ``seconds`` and ``distance`` (picture sizes) is
    the same. ``in_boxes``: while somebody hides in the box of another who stays, no time passes.
    """

    seconds: float = 0.0
    distance: float = 0.0
    in_boxes: bool = False


NO_BRIDGE = Bridge()


@dataclass(slots=True, eq=False)
class Stay:
    """One stay of a track in a zone; times of capture in UTC microseconds.

    ``entered_us`` is the first frame inside, ``last_us`` the last one. ``settled`` says that it
    counts: long enough, and of a track that qualifies. ``lost``: it ended out of sight.
    ``found``: its track began inside, so that nobody saw it enter; ``asks``: it may be that of
    somebody who was lost; ``place`` and ``began_us``: where and when its track began. ``reach``:
    how far from where it was lost it may be found again. ``seen_us``: its last sight, where
    ``last_us`` may be later; ``hidden_us``: how long it was out of sight, all in all.
    """

    track: Track
    entered_us: int
    last_us: int
    settled: bool = False
    told: bool = False
    lost: bool = False
    away_us: int | None = None
    found: bool = False
    asks: bool = False
    reach: float = 0.0
    hidden_us: int = 0
    seen_us: int = 0
    place: Point = field(init=False)
    began_us: int = field(init=False)
    _mark: Track = field(init=False)
    _older: Track = field(init=False)

    def __post_init__(self) -> None:
        self.place, self.began_us = foot(self.track.box), self.entered_us
        self.seen_us = self.entered_us
        self._mark = self._older = self.track

    @property
    def length_s(self) -> float:
        """Seconds from the first frame inside to the last one."""
        return (self.last_us - self.entered_us) / 1e6

    @property
    def is_piece(self) -> bool:
        """Whether it was but a piece of somebody: a track that came and went inside."""
        return self.found and self.length_s < BRIEF_S

    def seconds(self, at_us: int) -> float:
        """Seconds since it began; for one lost from sight, until it was lost."""
        return max(0, (self.last_us if self.lost else at_us) - self.entered_us) / 1e6

    def see(self, track: Track, at_us: int) -> None:
        """Take a sight inside."""
        self.track, self.away_us = track, None
        self.last_us = self.seen_us = at_us
        if track.last_us - self._mark.last_us >= _PACE_US:
            self._older, self._mark = self._mark, track

    def lose(self, reach: float) -> None:
        """Say that its track is no more. Who was on the way out of the picture is not found."""
        self.lost = True
        self.reach = 0.0 if self._leaves_picture() else reach

    def go_on_with(self, lost: Stay) -> None:
        """Be the stay of somebody who was lost."""
        self.hidden_us += lost.hidden_us + self.began_us - lost.seen_us
        self.entered_us, self.settled, self.asks = lost.entered_us, True, False
        self.found, self.told = lost.found, self.told or lost.told

    def _leaves_picture(self) -> bool:
        elapsed_s = (self.track.last_us - self._older.last_us) / 1e6
        if elapsed_s <= 0:
            return False
        (x, y), (x0, y0), box = _middle(self.track.box), _middle(self._older.box), self.track.box
        across = _crosses(box.x, box.w, (x - x0) / elapsed_s)
        return across or _crosses(box.y, box.h, (y - y0) / elapsed_s)


def pairs(lost: Sequence[Stay], asking: Sequence[Stay], within_us: int) -> list[tuple[Stay, Stay]]:
    """Say who was lost and is found again: as many as can be, each once, the nearest first.

    Two who moved up by a place while both were hidden: the second stands where the first was lost.
    """
    near: list[list[tuple[float, int]]] = []
    for ask in asking:
        ways = [
            (math.dist(foot(one.track.box), ask.place), index, one)
            for index, one in enumerate(lost)
            if one.seen_us < ask.began_us < one.last_us + within_us
        ]
        near.append(sorted((way / one.reach, i) for way, i, one in ways if way <= one.reach > 0))
    owner: dict[int, int] = {}

    def place(ask: int, tried: set[int]) -> bool:
        for _, index in near[ask]:
            if index not in tried:
                tried.add(index)
                if index not in owner or place(owner[index], tried):
                    owner[index] = ask
                    return True
        return False

    for begin in sorted((i for i, ways in enumerate(near) if ways), key=lambda i: (near[i][0], i)):
        place(begin, set())
    return [(lost[index], asking[finder]) for index, finder in sorted(owner.items())]


def _middle(box: Box) -> Point:
    return box.x + box.w / 2, box.y + box.h / 2


def _crosses(start: float, length: float, speed: float) -> bool:
    """Say whether one side of a box walks over the picture's edge within a second."""
    ahead = start + speed * _AHEAD_S
    return abs(speed) >= _WALKS and (ahead <= _EDGE if speed < 0 else ahead + length >= 1 - _EDGE)

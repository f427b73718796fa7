"""The ground truth of the simulator's scenes as perfect tracks, for exact comparison with rules."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

from analytics.events import Box, Track
from analytics.rulebook.book import Line, Zone
from analytics.rules.base import Sight
from ingest.simulator.scenes import SceneSpec, render

FPS = 10
START_US = 1_800_000_000_000_000 // 60_000_000 * 60_000_000
ANY: dict[str, Any] = {"min_age_s": 0, "min_travel": 0, "min_size": 0, "min_score": 0}
EXACT: dict[str, Any] = {**ANY, "settle_s": 0, "margin": 0}
"""No filter and no hysteresis: what is left is the definition that the truth goes by."""
LEAP = 0.1


@dataclass(frozen=True)
class Truth:
    """One scene: its truth as the simulator writes it, and two rounds of it as sights.

    ``owner`` gives the object of each track: an object that goes and comes again is a new track.
    """

    data: dict[str, Any]
    sights: list[Sight]
    owner: dict[int, int]

    @property
    def total(self) -> int:
        return int(self.data["frames_total"])

    @property
    def line(self) -> Line:
        a, b = self.data["line"]
        return Line("truth", tuple(a), tuple(b))

    @property
    def zone(self) -> Zone:
        return Zone("truth", tuple(tuple(point) for point in self.data["zone"]))

    def second_round(self, at_us: int) -> int:
        """Frame of the second round, which knows what was before it; negative in the first."""
        return round((at_us - START_US) * FPS / 1e6) - self.total


@cache
def truth_of(scene: str, seed: int = 1, seconds: float = 20.0) -> Truth:
    rendering = render(SceneSpec(scene, 480, 270, FPS, seconds, seed))
    for _ in rendering.pictures():
        pass
    data = rendering.truth()
    return Truth(data, *_sights(data["frames"]))  # type: ignore[arg-type]


def _sights(frames: list[list[dict[str, Any]]]) -> tuple[list[Sight], dict[int, int]]:
    sights: list[Sight] = []
    owner: dict[int, int] = {}
    alive: dict[int, Track] = {}
    for index, frame in enumerate(frames * 2):
        at_us = START_US + index * 1_000_000 // FPS
        now: dict[int, Track] = {}
        for one in frame:
            before = alive.get(one["id"])
            x, y = one["foot"]
            w, h = one["box"][2:]
            if before is not None and _apart(before, x, y) >= LEAP:
                before = None
            if before is None:
                ident, first_us, travel = len(owner) + 1, at_us, 0.0
                owner[ident] = one["id"]
            else:
                ident, first_us = before.id, before.first_us
                travel = before.travel + _apart(before, x, y)
            box = Box(x - w / 2, y - h, w, h)
            now[one["id"]] = Track(
                ident, box, 1.0, one["label"], first_us, at_us, True, True, travel
            )
        alive = now
        sights.append(Sight(sorted(now.values(), key=lambda t: t.id), at_us, None, 480 / 270))
    return sights, owner


def _apart(track: Track, x: float, y: float) -> float:
    box = track.box
    return math.hypot(box.x + box.w / 2 - x, box.y + box.h - y)

"""Tracks on given ways, for property tests: who is where in each frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hypothesis import strategies as st

from analytics.events import Box, Track
from analytics.geometry import Point
from analytics.rules.base import Sight

STEP_US = 200_000
SIZE = 0.05
PLACES = st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
FRAMES = st.lists(st.dictionaries(st.integers(1, 4), PLACES, max_size=4), max_size=30)
"""For each frame the places of those who are in it; who was away is somebody else afterwards."""


def track(ident: int, foot: Point, at_us: int, first_us: int = 0, label: str = "person") -> Track:
    x, y = foot
    box = Box(x - SIZE / 2, y - SIZE, SIZE, SIZE)
    return Track(ident, box, 0.9, label, first_us, at_us, True, True, 0.5)


def sights(frames: Sequence[Mapping[int, Point]]) -> Iterator[Sight]:
    """Give everybody who comes a new id, as a tracker does."""
    alive: dict[int, int] = {}
    count = 0
    for index, frame in enumerate(frames):
        now: dict[int, int] = {}
        for name in sorted(frame):
            if name in alive:
                now[name] = alive[name]
            else:
                count += 1
                now[name] = count
        alive = now
        at_us = index * STEP_US
        found = [track(ident, frame[name], at_us) for name, ident in now.items()]
        yield Sight(sorted(found, key=lambda one: one.id), at_us)

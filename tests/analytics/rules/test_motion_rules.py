"""Stopped and wrong way: properties."""

from __future__ import annotations

import math

from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.geometry import Point
from analytics.rulebook.book import Line, StoppedRule, WrongWayRule
from analytics.rules.base import Hit, Machine, Sight
from analytics.rules.direction import WrongWay
from analytics.rules.stopped import Stopped
from tests.analytics.rules.truth import EXACT
from tests.analytics.rules.ways import SIZE, STEP_US, track


def run(machine: Machine, places: list[Point], aspect: float = 1.0) -> list[tuple[int, Hit]]:
    return [
        (index, hit)
        for index, place in enumerate(places)
        for hit in machine.see(
            Sight([track(1, place, index * STEP_US)], index * STEP_US, None, aspect)
        )
    ]


@given(st.floats(0, 360), st.floats(0, 360), st.floats(20, 80), st.sampled_from([1.0, 16 / 9]))
def test_wrong_way_is_what_lies_within_the_tolerance_of_the_opposite(
    allowed: float, way: float, tolerance: float, aspect: float
) -> None:
    off = abs((way - allowed - 180 + 180) % 360 - 180)
    assume(abs(off - tolerance) > 0.5)
    a, w = math.radians(allowed), math.radians(way)
    arrow = Line("a", (0.5, 0.5), (0.5 + 0.3 * math.cos(a) / aspect, 0.5 + 0.3 * math.sin(a)))
    rule = WrongWayRule("w", allowed=arrow, tolerance=tolerance, **EXACT)
    step = 0.02
    places = [
        (0.5 + step * i * math.cos(w) / aspect, 0.5 + step * i * math.sin(w)) for i in range(12)
    ]
    hits = run(WrongWay(rule), places, aspect)
    assert len(hits) == (1 if off < tolerance else 0)


@given(st.lists(st.tuples(st.floats(0.49, 0.51), st.floats(0.49, 0.51)), max_size=40))
def test_who_stands_and_sways_goes_no_way(places: list[Point]) -> None:
    arrow = Line("a", (0.1, 0.5), (0.9, 0.5))
    assert run(WrongWay(WrongWayRule("w", allowed=arrow, **EXACT)), places) == []


@given(st.integers(0, 20), st.integers(1, 40), st.integers(1, 20))
def test_stop_is_told_once_when_it_has_lasted(before: int, stand: int, steps: int) -> None:
    moving = [(0.1 + 0.02 * i, 0.5) for i in range(before)]
    last = (0.1 + 0.02 * before, 0.5)
    places = moving + [last] * stand + [(last[0] + 0.03 * (i + 1), 0.5) for i in range(8)]
    rule = StoppedRule("s", after_s=steps * STEP_US / 1e6, drift=0.3, **EXACT)
    hits = run(Stopped(rule), places)
    due = before + steps
    assert [index for index, _ in hits] == ([due] if steps < stand else [])


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=20, max_size=40))
def test_swaying_within_the_drift_is_standing(sway: list[Point]) -> None:
    reach = SIZE * 0.3 / 2 / math.sqrt(2) * 0.99
    places = [(0.5 + x * reach, 0.5 + y * reach) for x, y in sway]
    rule = StoppedRule("s", after_s=2, drift=0.3, **EXACT)
    assert [index for index, _ in run(Stopped(rule), places)] == [10]

"""Stopped and wrong way: properties."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
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


def hidden(
    rule: StoppedRule, back_s: float, *, place: Point = (0.5, 0.5), travel: float = 0.0
) -> list[tuple[float, float]]:
    """A car drives up, stands from 1 s on, is hidden at 3 s, and somebody is in a place after that;
    return when a stop was told and how long it was.
    """
    machine, told = Stopped(rule), []
    for at_us in range(0, 20_000_000, STEP_US):
        at_s = at_us / 1e6
        seen = []
        if at_s < 3:
            seen = [track(1, (0.5 - 0.4 * max(0.0, 1 - at_s), 0.5), at_us)]
        elif at_s >= back_s:
            other = track(2, place, at_us, round(back_s * 1e6), "person")
            seen = [replace(other, travel=travel)]
        told += [(at_s, hit.measured["still_s"]) for hit in machine.see(Sight(seen, at_us))]
    return told


def test_a_stop_goes_on_under_another_track() -> None:
    rule = StoppedRule("s", after_s=8, min_age_s=0, settle_s=0)
    assert hidden(rule, 5.0) == [(9.0, 8.0)]
    assert hidden(rule, 5.0, place=(0.505, 0.5)) == [(9.0, 8.0)]
    assert hidden(rule, 5.0, place=(0.6, 0.5)) == []  # nothing that has ever moved
    assert hidden(rule, 13.5) == []
    assert hidden(msgspec.structs.replace(rule, labels=frozenset({"car"})), 5.0) == []


def test_who_comes_to_that_place_later_has_not_stood_there() -> None:
    rule = StoppedRule("s", after_s=8, min_age_s=0, settle_s=0)
    assert hidden(rule, 5.0, travel=0.4) == [(13.0, 8.0)]


def test_a_stop_that_was_told_is_not_told_of_the_next_track() -> None:
    rule = StoppedRule("s", after_s=1, **EXACT)
    assert hidden(rule, 5.0) == [(2.0, 1.0)]

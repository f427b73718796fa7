"""What every kind of rule has in common, kind by kind: size, labels, cool-down, schedule, and the
hysteresis that keeps a flicker from being told twice.

One table: for each kind a rule without filters, and a scene in which it speaks. Each test adds one
condition that holds (the words stay) and one that does not (nothing is said).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, cast, get_args
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.events import Box, Track
from analytics.geometry import Point
from analytics.rulebook.base import TrackRule
from analytics.rulebook.book import (
    AnyRule,
    CrowdRule,
    DwellRule,
    LeftObjectRule,
    Line,
    LineCrossRule,
    QueueRule,
    Rule,
    Rulebook,
    StoppedRule,
    TamperRule,
    WrongWayRule,
    Zone,
    ZoneEnterRule,
    ZoneLeaveRule,
)
from analytics.rulebook.schedule import Schedule, Window
from analytics.rules.base import Sight
from analytics.rules.engine import RuleEngine
from tests.analytics.rules.truth import ANY, EXACT
from tests.analytics.rules.ways import STEP_US, track
from tests.analytics.scenes import street

CITY = ZoneInfo("Asia/Ho_Chi_Minh")
ROUND, ROUNDS = 150, 2
"""Looks in a round, five a second: thirty seconds, then the same once more with another track."""
BEGIN_US = round(datetime(2026, 3, 2, 7, 59, 30, tzinfo=CITY).timestamp()) * 10**6
"""A Monday: the second round begins at eight on the clock of the city."""
HALF = Zone("right", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
LINE = Line("line", (0.5, 0.0), (0.5, 1.0))
DOWN = Line("down", (0.75, 0.1), (0.75, 0.9))
IN, OUT, EDGE = (0.75, 0.5), (0.25, 0.5), (0.49, 0.5)
"""Within the zone and right of the line; far from both; just outside and left of the line."""
AREA = 0.05 * 0.05

Feet = Callable[[int], Point | None]
Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Case:
    """A rule, and what it sees in a round: the feet of a track, or what is done to the ground."""

    rule: Rule
    feet: Feet = lambda _: None
    done: Callable[[int, Plane], Plane] | None = None

    def having(self, **changes: Any) -> Case:
        """Return the same with another configuration of the rule."""
        return replace(self, rule=msgspec.structs.replace(self.rule, **changes))


def visits(*spans: tuple[int, int], between: Point = OUT) -> Feet:
    """Somebody who stands inside in these spans of looks, and elsewhere before and after."""
    first, last = spans[0][0], spans[-1][1]

    def feet(index: int) -> Point:
        if any(begin <= index < end for begin, end in spans):
            return IN
        return between if first <= index < last else OUT

    return feet


def way(index: int, x: float = 0.75) -> Point | None:
    """Up along the picture, against the arrow of the rule."""
    return (x, 0.95 - 0.01 * index) if index < 90 else None


def bag(*spans: tuple[int, int]) -> Callable[[int, Plane], Plane]:
    """Something that lies on the ground in these spans of looks."""

    def done(index: int, ground: Plane) -> Plane:
        if any(begin <= index < end for begin, end in spans):
            ground[48:60, 100:112] = 235
        return ground

    return done


def cloth(*spans: tuple[int, int]) -> Callable[[int, Plane], Plane]:
    """Something that hides all in these spans of looks."""

    def done(index: int, ground: Plane) -> Plane:
        hidden = any(begin <= index < end for begin, end in spans)
        return np.full_like(ground, 90) if hidden else ground

    return done


CASES: dict[str, Case] = {
    "zone_enter": Case(ZoneEnterRule("r", zone=HALF, cool_down_s=0, **EXACT), visits((20, 60))),
    "zone_leave": Case(ZoneLeaveRule("r", zone=HALF, cool_down_s=0, **EXACT), visits((20, 60))),
    "line_cross": Case(
        LineCrossRule("r", line=LINE, **{**ANY, "margin": 0}),
        lambda index: OUT if index < 20 else IN,
    ),
    "dwell": Case(DwellRule("r", zone=HALF, after_s=4, **EXACT), visits((20, 60))),
    "queue": Case(QueueRule("r", zone=HALF, alert_s=4, clear_s=0, **EXACT), visits((20, 60))),
    "crowd": Case(
        CrowdRule("r", zone=HALF, above=0, for_s=2, clear_s=0, **EXACT), visits((20, 60))
    ),
    "stopped": Case(StoppedRule("r", zone=HALF, after_s=4, **EXACT), visits((20, 60))),
    "wrong_way": Case(WrongWayRule("r", zone=HALF, allowed=DOWN, **EXACT), way),
    "left_object": Case(
        LeftObjectRule("r", after_s=4, learn_s=4, min_size=0.001), done=bag((60, 110))
    ),
    "tamper": Case(TamperRule("r", after_s=4, clear_s=4, learn_s=4), done=cloth((60, 110))),
}
KINDS = sorted(CASES)
OVER_TRACKS = sorted(kind for kind, case in CASES.items() if isinstance(case.rule, TrackRule))


@cache
def ground() -> Plane:
    return street((90, 160))


def sights(case: Case, label: str = "person", box: Box | None = None) -> Iterator[Sight]:
    for whole in range(ROUNDS * ROUND):
        number, index = divmod(whole, ROUND)
        at_us = BEGIN_US + whole * STEP_US
        foot, plane = case.feet(index), None
        tracks = [] if foot is None else [track(number + 1, foot, at_us, BEGIN_US, label)]
        if box is not None:
            tracks = [Track(1, box, 0.9, label, BEGIN_US, at_us, True, True, 0.5)]
        if case.done is not None:
            noise = np.random.default_rng(whole).normal(0, 1.5, ground().shape)
            seen = case.done(index, ground().copy()) + noise
            plane = np.clip(seen, 0, 255).astype(np.uint8)
        yield Sight(tracks, at_us, plane)


def said(case: Case, **seen: Any) -> tuple[list[int], int]:
    """Return the looks in which the rule spoke, and how many hits were held back."""
    engine, looks, held_back = RuleEngine(Rulebook((cast(AnyRule, case.rule),))), [], 0
    for index, sight in enumerate(sights(case, **seen)):
        outcome = engine.update(sight)
        looks += [index] * len(outcome.hits)
        held_back += sum(outcome.held_back.values())
    return looks, held_back


@cache
def spoken(kind: str) -> tuple[int, ...]:
    """The looks in which the rule of a kind speaks by itself: once in each round, at the same."""
    looks, held_back = said(CASES[kind])
    assert held_back == 0
    assert len(looks) == ROUNDS
    assert looks[1] - looks[0] == pytest.approx(ROUND, abs=3)  # planes: twice or once a second
    return tuple(looks)


def test_the_table_has_every_kind_of_rule() -> None:
    assert {case.rule.kind for case in CASES.values()} == set(CASES)
    assert {type(case.rule) for case in CASES.values()} == set(get_args(AnyRule))
    assert set(HYSTERESIS) == set(CASES)


@pytest.mark.parametrize("kind", OVER_TRACKS)
def test_minimum_size_keeps_the_small_away(kind: str) -> None:
    assert said(CASES[kind].having(min_size=0.9 * AREA)) == ([*spoken(kind)], 0)
    assert said(CASES[kind].having(min_size=1.1 * AREA)) == ([], 0)


def test_minimum_and_greatest_size_of_what_is_left() -> None:
    share = 12 * 12 / (90 * 160)
    case = CASES["left_object"]
    looks = [*spoken("left_object")]
    assert said(case.having(min_size=0.7 * share, max_size=1.4 * share)) == (looks, 0)
    assert said(case.having(min_size=1.4 * share)) == ([], 0)
    assert said(case.having(max_size=0.7 * share)) == ([], 0)


@pytest.mark.parametrize("kind", OVER_TRACKS)
def test_class_filter_lets_through_whom_it_names_and_nobody_else(kind: str) -> None:
    case = CASES[kind].having(labels=frozenset({"person", "bus"}))
    for label in ("person", "bus"):
        assert said(case, label=label) == ([*spoken(kind)], 0)
    assert said(case, label="car") == ([], 0)


def test_owners_are_the_class_filter_of_what_is_left() -> None:
    box = Box(100 / 160, 48 / 90, 12 / 160, 12 / 90)
    case = CASES["left_object"].having(owners=frozenset({"person"}))
    assert said(case, box=box, label="person") == ([], 0)
    assert said(case, box=box, label="dog") == ([*spoken("left_object")], 0)


@pytest.mark.parametrize("field", ["min_size", "labels"])
def test_tampering_concerns_the_whole_picture_and_takes_no_filter_of_objects(field: str) -> None:
    assert field not in {one.name for one in msgspec.structs.fields(TamperRule)}


@pytest.mark.parametrize("kind", KINDS)
def test_cool_down_holds_back_what_comes_within_it_and_no_more(kind: str) -> None:
    first, second = spoken(kind)
    apart_s = (second - first) * STEP_US / 1e6
    assert said(CASES[kind].having(cool_down_s=apart_s + 0.1)) == ([first], 1)
    assert said(CASES[kind].having(cool_down_s=apart_s)) == ([first, second], 0)


@pytest.mark.parametrize("kind", KINDS)
def test_schedule_lets_through_what_lies_in_it_and_nothing_else(kind: str) -> None:
    def within(*windows: Window) -> list[int]:
        return said(CASES[kind].having(schedule=Schedule(windows)))[0]

    early = Window(frozenset({"mon"}), "07:00", "08:00")
    late = Window(frozenset({"mon"}), "08:00", "09:00")
    first, second = spoken(kind)
    assert within(early) == [first]
    # it begins anew at eight; looks at planes are then counted from there
    assert within(late) == [pytest.approx(second, abs=3)]
    assert within(early, late) == [first, second]
    assert within(Window(frozenset({"tue"}), "00:00", "24:00")) == []


def _over(kind: str, feet: Feet, **changes: Any) -> Case:
    return replace(CASES[kind].having(**changes), feet=feet)


def _steps(index: int, far: float) -> Point | None:
    """Comes in, stands, shifts by a share of its side, stands again."""
    if index < 20:
        return OUT
    return (0.75, 0.5) if index < 60 else (0.75 + far * 0.05, 0.5)


def _sways_out(index: int) -> Point | None:
    """Against the arrow, but for one look just outside the zone in every six."""
    return way(index, 0.49 if index % 6 == 5 else 0.75)


FLICKER = visits((20, 21), (22, 23), (24, 25))
TWICE = visits((20, 60), (63, 103))
INTERRUPTED = visits((20, 32), (33, 45), between=EDGE)

HYSTERESIS: dict[str, tuple[tuple[Case, int], tuple[Case, int]]] = {
    # of each kind the calmed rule, then the same without calm or with more cause; hits in a round
    "zone_enter": (
        (_over("zone_enter", FLICKER, settle_s=0.4), 0),
        (_over("zone_enter", FLICKER), 1),
    ),
    "zone_leave": (
        (_over("zone_leave", INTERRUPTED, margin=0.02), 1),
        (_over("zone_leave", INTERRUPTED), 2),
    ),
    "line_cross": (
        (_over("line_cross", visits((20, 25), (26, 31), between=EDGE), margin=0.02), 2),
        (_over("line_cross", visits((20, 25), (26, 31), between=EDGE)), 4),
    ),
    "dwell": (
        (_over("dwell", INTERRUPTED, margin=0.02), 1),
        (_over("dwell", INTERRUPTED), 0),
    ),
    "queue": ((_over("queue", TWICE, clear_s=10), 1), (_over("queue", TWICE), 2)),
    "crowd": ((_over("crowd", TWICE, clear_s=10), 1), (_over("crowd", TWICE), 2)),
    "stopped": (
        (_over("stopped", lambda index: _steps(index, 0.5), drift=0.3), 1),
        (_over("stopped", lambda index: _steps(index, 0.7), drift=0.3), 2),
    ),
    "wrong_way": (
        (_over("wrong_way", _sways_out, margin=0.02, min_distance=0.08), 1),
        (_over("wrong_way", _sways_out, min_distance=0.08), 0),
    ),
    "left_object": (
        (replace(CASES["left_object"], done=bag((40, 75), (85, 120))), 1),
        (replace(CASES["left_object"], done=bag((40, 70), (105, 140))), 2),
    ),
    "tamper": (
        (replace(CASES["tamper"], done=cloth((40, 70), (80, 120))), 1),
        (replace(CASES["tamper"], done=cloth((40, 70), (100, 140))), 2),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_hysteresis_keeps_a_flicker_from_being_told(kind: str) -> None:
    (calm, few), (plain, more) = HYSTERESIS[kind]
    assert len(said(calm)[0]) == few * ROUNDS
    assert len(said(plain)[0]) == more * ROUNDS

"""Rectangles that come, stay and go on a noisy background: what is said must be what was done."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.events import Box, Track
from analytics.geometry import corners, iou_matrix
from analytics.rulebook.book import LeftObjectRule, Zone
from analytics.rules.base import Hit, Sight
from analytics.rules.left_object import LeftObject
from tests.analytics.scenes import STEP_US, Rect, planes

BAG: Rect = (200, 100, 20, 24)
RULE = LeftObjectRule("left", after_s=10, learn_s=4)
FPS = 5


def run(
    rects: Callable[[int], list[Rect]],
    seconds: int = 60,
    rule: LeftObjectRule = RULE,
    tracks: Callable[[int], list[Track]] = lambda _: [],
    light: Callable[[int], float] = lambda _: 0.0,
) -> list[tuple[float, Hit]]:
    machine = LeftObject(rule)
    return [
        (index / FPS, hit)
        for index, (plane, at_us) in enumerate(planes(seconds * FPS, rects, light=light))
        for hit in machine.see(Sight(tracks(index), at_us, plane))
    ]


def test_left_object_is_told_once_with_its_place() -> None:
    hits = run(lambda index: [BAG] if index >= 10 * FPS else [])
    assert [hit.kind for _, hit in hits] == ["object_left"]
    at, hit = hits[0]
    assert at == pytest.approx(20, abs=1.2)
    x, y, w, h = BAG
    wanted = corners([Box(x / 320, y / 180, w / 320, h / 180)])
    assert iou_matrix(corners([hit.box]), wanted)[0, 0] > 0.6
    assert hit.track is None


def test_what_was_there_and_is_taken_away_is_removed() -> None:
    hits = run(lambda index: [BAG] if index < 20 * FPS else [])
    assert [hit.kind for _, hit in hits] == ["object_removed"]
    assert hits[0][0] == pytest.approx(30, abs=1.2)


def test_who_walks_through_or_puts_down_and_takes_up_again_is_not_told() -> None:
    assert run(lambda index: [(index * 3 % 300, 90, 16, 40)]) == []
    assert run(lambda index: [BAG] if 10 * FPS <= index < 18 * FPS else []) == []


def test_told_anew_when_it_is_left_again() -> None:
    def rects(index: int) -> list[Rect]:
        return [BAG] if 10 <= index / FPS < 25 or 35 <= index / FPS < 50 else []

    assert [hit.kind for _, hit in run(rects)] == ["object_left", "object_left"]


def test_person_who_stands_there_is_no_object() -> None:
    x, y, w, h = BAG
    box = Box(x / 320, y / 180, w / 320, h / 180)

    def stands(index: int) -> list[Track]:
        at_us = index * STEP_US
        return [Track(1, box, 0.9, "person", 0, at_us, True, True, 0.3)]

    assert run(lambda index: [BAG] if index >= 10 * FPS else [], tracks=stands) == []


def test_zone_and_sizes_filter() -> None:
    left_half = Zone("l", ((0.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.0, 1.0)))

    def rects(index: int) -> list[Rect]:
        return [BAG] if index >= 10 * FPS else []

    assert run(rects, rule=LeftObjectRule("r", after_s=10, learn_s=4, zone=left_half)) == []
    assert run(rects, rule=LeftObjectRule("r", after_s=10, learn_s=4, max_size=0.002)) == []
    assert run(rects, rule=LeftObjectRule("r", after_s=10, learn_s=4, min_size=0.03)) == []


def test_light_that_changes_leaves_nothing() -> None:
    assert run(lambda _: [], light=lambda index: min(index / FPS, 40.0)) == []


@settings(max_examples=12, deadline=None)
@given(
    st.integers(4, 280), st.integers(4, 140), st.integers(12, 30), st.integers(12, 30),
    st.integers(8, 20), st.integers(4, 30),
)  # fmt: skip
def test_told_exactly_if_it_stays_long_enough_wherever_it_is(
    x: int, y: int, w: int, h: int, begin: int, stay: int
) -> None:
    hits = run(
        lambda index: [(x, y, w, h)] if begin <= index / FPS < begin + stay else [], seconds=55
    )
    if stay >= 12:
        assert [hit.kind for _, hit in hits] == ["object_left"]
    if stay <= 9:
        assert hits == []

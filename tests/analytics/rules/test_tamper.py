"""Tampering put onto generated scenes: what is said must be exactly what was done, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytics.rulebook.book import TamperRule
from analytics.rules.base import Sight
from analytics.rules.tamper import Tamper
from ingest.simulator.scenes import SCENES, SceneSpec, render
from tests.analytics.scenes import planes as synthetic

Plane = NDArray[np.uint8]
SECOND = 1_000_000
BEGIN, END = 30, 60
"""Seconds in which the camera is tampered with."""


@cache
def second_by_second(scene: str, seconds: int = 20) -> tuple[Plane, ...]:
    """One grey plane a second of a generated scene."""
    rendering = render(SceneSpec(scene, 640, 360, 1, float(seconds), 1))
    return tuple(
        np.asarray(cv2.resize(i420[:360], (320, 180), interpolation=cv2.INTER_AREA), np.uint8)
        for i420 in rendering.pictures()
    )


def living(scene: str, seconds: int) -> Iterator[Plane]:
    """The scene over and over, with the noise of a sensor that never repeats itself."""
    rng = np.random.default_rng(5)
    for index in range(seconds):
        pictures = second_by_second(scene)
        noise = rng.normal(0, 1.5, pictures[0].shape)
        yield np.clip(pictures[index % len(pictures)] + noise, 0, 255).astype(np.uint8)


def noisy(plane: NDArray[np.float32], index: int) -> Plane:
    noise = np.random.default_rng(index).normal(0, 1.5, plane.shape)
    return np.clip(plane + noise, 0, 255).astype(np.uint8)


def covered(plane: Plane, index: int) -> Plane:
    return noisy(np.full(plane.shape, 90.0, np.float32), index)


def cloth(plane: Plane, index: int) -> Plane:
    """Something textured, so close that it is out of focus."""
    field = np.random.default_rng(1).normal(size=plane.shape).astype(np.float32)
    return noisy(110 + cv2.GaussianBlur(field, (0, 0), 30).astype(np.float32) * 400, index)


def defocused(plane: Plane, index: int) -> Plane:
    return noisy(cv2.GaussianBlur(plane.astype(np.float32), (0, 0), 5).astype(np.float32), index)


def moved(plane: Plane, index: int) -> Plane:
    return np.roll(plane, (35, 110), (0, 1))


def black(plane: Plane, index: int) -> Plane:
    return np.full(plane.shape, 16, np.uint8)


def says(pictures: Iterator[Plane], rule: TamperRule | None = None) -> list[tuple[int, str]]:
    machine = Tamper(rule or TamperRule("t", after_s=5, clear_s=5))
    return [
        (index, hit.kind)
        for index, plane in enumerate(pictures)
        for hit in machine.see(Sight([], index * SECOND, plane))
    ]


def tampered(scene: str, how: Callable[[Plane, int], Plane]) -> Iterator[Plane]:
    for index, plane in enumerate(living(scene, 90)):
        yield how(plane, index) if BEGIN <= index < END else plane


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_nothing_is_said_of_a_scene_that_nobody_touches(scene: str) -> None:
    assert says(living(scene, 120)) == []


@pytest.mark.parametrize("scene", ["traffic", "pedestrians", "counter_queue", "quiet"])
@pytest.mark.parametrize(
    ("how", "kind"),
    [
        (covered, "tamper_covered"),
        (cloth, "tamper_covered"),
        (defocused, "tamper_defocused"),
        (moved, "tamper_moved"),
    ],
)
def test_what_is_done_to_a_camera_is_told_once_and_by_its_name(
    scene: str, how: Callable[[Plane, int], Plane], kind: str
) -> None:
    assert says(tampered(scene, how)) == [(BEGIN + 5, kind)]


def test_frozen_is_told_after_the_first_repetition_and_black_is_not_frozen() -> None:
    held = next(living("quiet", 1))
    assert says(tampered("quiet", lambda plane, index: held)) == [(BEGIN + 6, "tamper_frozen")]
    dark = says(
        tampered("quiet", lambda plane, index: noisy(np.full(plane.shape, 8, np.float32), index))
    )
    assert dark == [(BEGIN + 5, "tamper_black")]


def test_light_that_changes_is_no_tampering() -> None:
    def light(index: int) -> float:
        return 60.0 if index >= 40 else 0.0

    assert says(plane for plane, _ in synthetic(90, light=light)) == []
    halved = (
        (plane * 0.5).astype(np.uint8) if i >= 40 else plane
        for i, (plane, _) in enumerate(synthetic(90))
    )
    assert says(halved) == []


def test_short_disturbance_is_not_told_and_the_next_one_after_it_is() -> None:
    def pictures() -> Iterator[Plane]:
        for index, plane in enumerate(living("traffic", 90)):
            yield covered(plane, index) if 30 <= index < 34 or 60 <= index < 70 else plane

    assert says(pictures()) == [(65, "tamper_covered")]


def test_new_view_of_a_moved_camera_is_watched_after_a_while() -> None:
    def pictures() -> Iterator[Plane]:
        for index, plane in enumerate(living("traffic", 180)):
            turned = moved(plane, index) if index >= 30 else plane
            yield covered(plane, index) if index >= 150 else turned

    assert says(pictures()) == [(35, "tamper_moved"), (155, "tamper_covered")]


def test_cool_down_holds_the_second_one_back_and_more_frames_change_nothing() -> None:
    rule = TamperRule("t", after_s=5, clear_s=5, cool_down_s=3600)
    machine = Tamper(rule)
    told: list[str] = []
    for index, plane in enumerate(living("quiet", 120)):
        shown = covered(plane, index) if 30 <= index < 50 or 80 <= index < 100 else plane
        for part in range(3):  # within a second only the first frame is looked at
            at_us = index * SECOND + part * 300_000
            told += [hit.kind for hit in machine.see(Sight([], at_us, shown))]
    assert told == ["tamper_covered"]
    assert machine.held_back == 1


def test_no_plane_and_a_plane_of_another_size_are_survived() -> None:
    machine = Tamper(TamperRule("t"))
    assert machine.see(Sight([], 0, None)) == []
    for index in range(40):
        shape = (180, 320) if index < 20 else (176, 144)
        plane = np.random.default_rng(index).integers(0, 255, shape, dtype=np.uint8)
        machine.see(Sight([], index * SECOND, plane))


def dark(plane: Plane, index: int) -> Plane:
    return noisy(np.full(plane.shape, 8, np.float32), index)


DONE: dict[str, Callable[[Plane, int], Plane]] = {
    "covered": covered,
    "defocused": defocused,
    "moved": moved,
    "black": dark,
}
CAUSES = [*sorted(DONE), "frozen"]


def put_upon(pictures: Iterator[Plane], script: Sequence[str]) -> Iterator[Plane]:
    """Do to each second's plane what the script says; "frozen" shows the last one again."""
    last = None
    for index, (plane, cause) in enumerate(zip(pictures, script, strict=True)):
        if cause != "frozen" or last is None:
            last = DONE[cause](plane, index) if cause in DONE else plane
        yield last


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(CAUSES),
    st.sampled_from(["quiet", "traffic", "pedestrians", "counter_queue"]),
    st.integers(15, 30),
    st.integers(1, 20),
    st.integers(2, 9),
)
def test_told_exactly_if_it_lasts_long_enough_whenever_it_begins(
    cause: str, scene: str, begin: int, lasts: int, after_s: int
) -> None:
    rule = TamperRule("t", after_s=after_s, clear_s=3, learn_s=8)
    script = [cause if begin <= second < begin + lasts else "" for second in range(begin + 25)]
    told = says(put_upon(living(scene, len(script)), script), rule)
    assert told == ([(begin + after_s, f"tamper_{cause}")] if lasts > after_s else [])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(CAUSES), st.integers(1, 12)), max_size=6))
def test_one_cause_at_a_time_and_never_two_alarms_without_a_clear_between(
    parts: list[tuple[str, int]],
) -> None:
    machine = Tamper(TamperRule("t", after_s=4, clear_s=5, learn_s=8))
    script = [""] * 12 + [cause for cause, seconds in parts for _ in range(seconds)]
    told: dict[str, int] = {}
    for index, shown in enumerate(put_upon(living("quiet", len(script)), script)):
        hits = machine.see(Sight([], index * SECOND, shown))
        assert len(hits) <= 1
        for hit in hits:
            kind = hit.kind.removeprefix("tamper_")
            assert script[index - 4 : index + 1] == [kind] * 5  # it had lasted
            calm = sum(one != kind for one in script[told[kind] : index]) if kind in told else 99
            assert calm >= 5
            told[kind] = index

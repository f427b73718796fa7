from __future__ import annotations

import pytest

from analytics.pixel_change import PixelChange
from tests.analytics.scenes import Rect, planes


def seen(rects: dict[int, list[Rect]], frames: int = 60, noise: float = 3.0) -> list[int]:
    change = PixelChange()
    shown = planes(frames, lambda index: rects.get(index, []), noise=noise)
    return [index for index, (plane, _) in enumerate(shown) if change.observe(plane)]


@pytest.mark.parametrize("noise", [0.0, 1.0, 3.0, 8.0])
def test_noise_is_no_movement(noise: float) -> None:
    assert seen({}, noise=noise) == []


def test_something_small_that_comes_and_goes_is_seen_both_times() -> None:
    assert seen({index: [(101, 53, 9, 9)] for index in range(30, 40)}) == [30, 40]


def test_something_that_moves_is_seen_in_every_look() -> None:
    steps = {index: [(5 * (index - 20), 60, 10, 20)] for index in range(20, 50)}
    assert set(range(22, 50)) <= set(seen(steps))


def test_a_change_of_the_light_is_none() -> None:
    change = PixelChange()
    shown = planes(40, light=lambda index: 12.0 if index >= 20 else 0.0, noise=1.0)
    assert not any(change.observe(plane) for plane, _ in shown)


def test_another_size_or_a_forgotten_picture_is_compared_with_nothing() -> None:
    change = PixelChange()
    (dark, _), (bright, _) = planes(2, lambda index: [(0, 0, 200, 180)] if index else [])
    change.observe(dark)
    change.forget_picture()
    assert not change.observe(bright)
    assert not change.observe(bright[:90, :160].copy())

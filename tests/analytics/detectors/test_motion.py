from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.detectors.motion import BackgroundModel, MotionConfig
from tests.analytics.scenes import planes, street

BLOCK = 4
CALM = np.zeros((45, 80), np.float32)


def learned(frames: int = 12, *, changed_frames: int = 5) -> BackgroundModel:
    model = BackgroundModel(BLOCK, MotionConfig(changed_frames=changed_frames))
    for plane, at_us in planes(frames):
        if model.ready(plane, at_us) is not None:
            model.update(plane, at_us, CALM, CALM)
    return model


def test_nothing_is_said_before_the_background_is_learned() -> None:
    model = BackgroundModel(BLOCK, MotionConfig(learn_s=1.6, learn_frames=6))
    known = [model.ready(plane, at_us) is not None for plane, at_us in planes(12)]
    assert known == [False] * 8 + [True] * 4


def test_object_that_passes_while_learning_leaves_no_ghost() -> None:
    model = BackgroundModel(BLOCK)
    for plane, at_us in planes(9, lambda i: [(i * 40, 60, 30, 50)], noise=0.0):
        result = model.ready(plane, at_us)
    assert result is not None
    assert np.abs(result[0].astype(int) - street()).max() <= 1.5


def test_noise_is_learned_from_the_flicker() -> None:
    levels = []
    for noise in (0.0, 10.0):
        model = BackgroundModel(BLOCK)
        for plane, at_us in planes(10, noise=noise):
            result = model.ready(plane, at_us)
        assert result is not None
        levels.append(float(result[1].mean()))
    assert levels[0] < 0.5
    assert 2.0 < levels[1] < 6.0


def test_background_follows_quickly_and_foreground_slowly() -> None:
    model = learned()
    bright, _ = next(iter(planes(1, light=lambda _: 40)))
    start = model.ready(bright, 12 * 200_000)
    assert start is not None
    busy = CALM.copy()
    busy[:, 40:] = 5.0  # less than changed_share
    for index in range(12, 32):  # four seconds
        assert model.ready(bright, index * 200_000) is not None
        model.update(bright, index * 200_000, busy, CALM)
    after = model.ready(bright, 32 * 200_000)
    assert after is not None
    gain = after[0].astype(float) - start[0]
    assert gain[:, :140].mean() > 20
    assert 0 < gain[:, 180:].mean() < 10


def test_scene_that_changed_as_a_whole_is_learned_anew() -> None:
    model = learned(changed_frames=3)
    full = np.full((45, 80), 9.0, np.float32)
    told = []
    for plane, at_us in planes(30, seed=9):
        later = at_us + 12 * 200_000
        if model.ready(plane, later) is None:
            break
        told.append(model.update(plane, later, full, full))
    assert told == [None, None, None]
    assert model.resets == 1


def test_blocks_that_change_from_frame_to_frame_are_active() -> None:
    model = BackgroundModel(BLOCK)
    found: dict[int, NDArray[np.bool_] | None] = {}
    for plane, at_us in planes(40, lambda i: [(100, 40, 40, 40), (4 * i, 120, 40, 40)]):
        known = model.ready(plane, at_us)
        if known is not None:
            usual = known[1].copy()
            found[at_us // 200_000] = model.update(plane, at_us, CALM, usual)
    active = found[30]
    assert active is not None
    assert active[10:20, 25:35].mean() < 0.02  # stands
    assert active[30:40, 39].all()  # the leading edge of what moves
    assert active.mean() < 0.05


def test_change_of_exposure_makes_no_block_active() -> None:
    model = BackgroundModel(BLOCK)
    for plane, at_us in planes(30, light=lambda i: 0.0 if i < 29 else 12.0):
        known = model.ready(plane, at_us)
        if known is not None:
            active = model.update(plane, at_us, CALM, known[1].copy())
    assert active is not None
    assert active.mean() < 0.01


@pytest.mark.parametrize("jump_us", [-1, 60_000_000])
def test_gap_or_clock_set_back_starts_the_learning_anew(jump_us: int) -> None:
    model = learned()
    plane, _ = next(iter(planes(1)))
    last_us = 11 * 200_000
    assert model.ready(plane, last_us + 200_000) is not None
    assert model.ready(plane, last_us + jump_us) is None


def test_other_size_starts_the_learning_anew() -> None:
    model = learned()
    plane, _ = next(iter(planes(1, shape=(120, 160))))
    assert model.ready(plane, 12 * 200_000) is None


def test_plane_that_is_no_multiple_of_the_block_is_taken() -> None:
    model = BackgroundModel(BLOCK)
    shape = (183, 326)
    for plane, at_us in planes(12, shape=shape):
        result = model.ready(plane, at_us)
        if result is not None:
            assert result[1].shape == (45, 81)
            model.update(plane, at_us, result[1] * 0, result[1] * 0)
    assert result is not None
    assert result[0].shape == shape

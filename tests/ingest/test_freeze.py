from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ingest.freeze import PictureWatch, Verdict
from ingest.options import IngestOptions

FRAME = 200_000
OPTIONS = IngestOptions(frozen_after_s=10.0, black_after_s=5.0)


def noisy(index: int, level: int = 100) -> NDArray[np.uint8]:
    noise = np.random.default_rng(index).integers(0, 3, (18, 32), dtype=np.uint8)
    return noise + np.uint8(level)


def flat(level: int) -> NDArray[np.uint8]:
    return np.full((18, 32), level, np.uint8)


def first_time(verdicts: list[Verdict], wanted: Verdict) -> float:
    return verdicts.index(wanted) * FRAME / 1_000_000


def test_a_quiet_but_noisy_scene_is_good() -> None:
    watch = PictureWatch(OPTIONS)
    assert {watch.observe(noisy(i), i * FRAME, 1) for i in range(200)} == {Verdict.GOOD}


def test_the_same_picture_is_frozen_after_its_time_and_good_at_once_when_it_moves() -> None:
    watch = PictureWatch(OPTIONS)
    verdicts = [watch.observe(noisy(7), i * FRAME, 1) for i in range(60)]
    assert first_time(verdicts, Verdict.FROZEN) == 10.0
    assert watch.observe(noisy(8), 60 * FRAME, 1) is Verdict.GOOD


def test_two_frames_far_apart_are_not_frozen() -> None:
    watch = PictureWatch(OPTIONS)
    assert [watch.observe(noisy(7), i * 30_000_000, 1) for i in range(4)] == [Verdict.GOOD] * 4


def test_black_is_told_from_frozen_and_from_night() -> None:
    watch = PictureWatch(OPTIONS)
    verdicts = [watch.observe(flat(16), i * FRAME, 1) for i in range(100)]
    assert first_time(verdicts, Verdict.BLACK) == 5.0
    assert Verdict.FROZEN not in verdicts
    assert watch.observe(noisy(1), 100 * FRAME, 1) is Verdict.GOOD
    night = PictureWatch(OPTIONS)
    lamp = noisy(0, 5)
    lamp[:4, :4] = 180
    dark = [night.observe(np.roll(lamp, i, axis=1), i * FRAME, 1) for i in range(100)]
    assert set(dark) == {Verdict.GOOD}


def test_black_with_the_noise_of_a_covered_lens() -> None:
    watch = PictureWatch(OPTIONS)
    verdicts = [watch.observe(noisy(i, 10), i * FRAME, 1) for i in range(60)]
    assert first_time(verdicts, Verdict.BLACK) == 5.0


def test_a_new_session_starts_afresh() -> None:
    watch = PictureWatch(OPTIONS)
    for i in range(60):
        watch.observe(noisy(7), i * FRAME, 1)
    assert watch.observe(noisy(7), 60 * FRAME, 2) is Verdict.GOOD


def test_keyframes_of_a_camera_at_rest_are_enough() -> None:
    second = 1_000_000
    watch = PictureWatch(OPTIONS)
    frozen = [watch.observe(noisy(7), i * 5 * second, 1) for i in range(4)]
    assert frozen == [Verdict.GOOD, Verdict.GOOD, Verdict.FROZEN, Verdict.FROZEN]
    watch = PictureWatch(OPTIONS)
    black = [watch.observe(noisy(i, 10), i * 2 * second, 1) for i in range(5)]
    assert black == [Verdict.GOOD] * 3 + [Verdict.BLACK] * 2
    watch = PictureWatch(OPTIONS)
    quiet = [watch.observe(noisy(i), i * 2 * second, 1) for i in range(60)]
    assert set(quiet) == {Verdict.GOOD}

"""What a lowered camera does, and that the states of gate and budget are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analytics.budget import Budget, Level
from analytics.detectors.detector import MovingObjectDetector
from analytics.metrics import FRAMES_INFERRED
from analytics.pool import AnalysisPool
from ingest.decoder import DECODED
from tests.analytics.camera import Camera
from tests.analytics.clips import clip


@pytest.fixture
def pool() -> Iterator[AnalysisPool]:
    made = AnalysisPool(2)
    yield made
    made.stop()


class Still:
    """A clock that stands, so that the budget judges nothing by itself."""

    def utc_us(self) -> int:
        return 0

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing sleeps here")


@pytest.mark.parametrize(
    ("level", "looks", "decoded", "fps"),
    [
        (Level.FULL, 20, 100, 5.0),
        (Level.HALF, 10, 100, 2.5),
        (Level.QUARTER, 5, 100, 1.25),
        (Level.KEYFRAMES, 4, 4, 1.0),
    ],
)
def test_a_lowered_camera_costs_less_and_says_so(
    pool: AnalysisPool, level: Level, looks: int, decoded: int, fps: float
) -> None:
    budget = Budget(lambda: pool.busy_s, pool.width, clock=Still())
    camera = Camera(pool, MovingObjectDetector(), budget=budget)
    camera.pipeline._share.level = level
    before = FRAMES_INFERRED._value.get(), DECODED._value.get()
    camera.feed(clip(4, size=(320, 180), gop=25))
    assert FRAMES_INFERRED._value.get() - before[0] == looks
    assert DECODED._value.get() - before[1] == decoded
    status = camera.pipeline.gate_status()
    assert (status.gate, status.reason, status.analysis_fps) == ("off", "gate_off", fps)
    camera.pipeline.stop()
    assert budget._shares == set()


def test_the_pool_knows_how_long_it_worked(pool: AnalysisPool) -> None:
    camera = Camera(pool, MovingObjectDetector())
    assert pool.busy_s == 0.0
    camera.feed(clip(2, size=(320, 180)))
    assert pool.busy_s > 0.0
    assert pool.width == 2

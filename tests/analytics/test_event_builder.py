from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.event_builder import EventBuilder, SnapshotLimits, snapshot
from analytics.events import Box, Track, decode_event, encode_event
from analytics.rules.base import Hit
from camera_registry.base.ids import is_id


@dataclass(frozen=True)
class Still:
    """A picture of random pixels: hardly to be compressed."""

    width: int = 1920
    height: int = 1080
    utc_us: int = 1_000_000
    arrival_us: int = 1_040_000
    noisy: bool = False

    def bgr(self, width: int = 0, height: int = 0) -> NDArray[np.uint8]:
        shape = (height or self.height, width or self.width, 3)
        if not self.noisy:
            return np.full(shape, 90, np.uint8)
        return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


class FixedClock:
    def utc_us(self) -> int:
        return 1_050_000

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the builder does not wait")


def size_of(image: bytes) -> tuple[int, int]:
    picture = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.shape[1], picture.shape[0]


def test_event_says_what_the_hit_and_the_frame_say() -> None:
    box = Box(0.1, 0.2, 0.3, 0.4)
    track = Track(7, box, 0.81234, "person-like", 0, 1_000_000, True, True, 0.3)
    builder = EventBuilder(
        camera_id="cam", unit_code="25807", model=lambda: "m@1", worker="w", clock=FixedClock()
    )
    message = builder.build(Hit("zone_enter", "gate", 3, "door", track), Still())
    event = message.event
    assert is_id(event.id)
    assert (event.at_us, event.arrival_us, event.emitted_us) == (1_000_000, 1_040_000, 1_050_000)
    assert (event.kind, event.rule, event.rule_version, event.zone) == (
        "zone_enter",
        "gate",
        3,
        "door",
    )
    assert (event.track_id, event.label, event.score, event.box) == (7, "person-like", 0.812, box)
    assert (event.camera_id, event.unit_code, event.model, event.worker) == (
        "cam",
        "25807",
        "m@1",
        "w",
    )
    assert size_of(message.snapshot) == (960, 540)
    assert decode_event(encode_event(message)) == message


def test_small_picture_is_not_enlarged() -> None:
    assert size_of(snapshot(Still(352, 288), SnapshotLimits())) == (352, 288)


@pytest.mark.parametrize("limit", [20_000, 60_000, 200_000])
def test_snapshot_stays_within_its_bytes(limit: int) -> None:
    image = snapshot(Still(noisy=True), SnapshotLimits(size=limit))
    assert 0 < len(image) <= limit


def test_picture_that_fits_nowhere_leaves_an_event_without_one() -> None:
    assert snapshot(Still(noisy=True), SnapshotLimits(size=10)) == b""

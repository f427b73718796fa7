"""The whole analysis on the simulator's scenes, against their ground truth, and on real clips."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytics.detectors.detector import CameraDetector, Look, MovingObjectDetector
from analytics.events import Box, Detection, EventMessage
from analytics.geometry import areas, corners, cover_matrix, intersections
from analytics.pool import AnalysisPool
from analytics.rulebook.book import Rulebook, ZoneEnterRule
from analytics.tracking.config import TrackerConfig
from ingest.simulator.encoder import default_kbps
from ingest.simulator.library import ClipSpec, build
from ingest.simulator.scenes import SceneSpec
from tests.analytics.camera import Camera
from tests.analytics.clips import START_US, packets_of
from tests.tools import shared_media

FPS = 25
SMALLEST = 0.0008
"""Of the picture; smaller objects are under nine blocks of the grid and are not promised."""
EVERYWHERE = Rulebook((ZoneEnterRule("entry", cool_down_s=0),))


class Recording:
    """The built-in detector, with its detections kept by time."""

    def __init__(self) -> None:
        self._inner = MovingObjectDetector()
        self._camera = self._inner.camera()
        self.label = self._inner.label
        self.found: dict[int, list[Detection]] = {}

    def camera(self) -> CameraDetector:
        return self

    @property
    def tracking(self) -> TrackerConfig:
        return self._camera.tracking

    @property
    def learning(self) -> bool:
        return self._camera.learning

    def detect(self, look: Look) -> list[Detection]:
        self.found[look.at_us] = self._camera.detect(look)
        return self.found[look.at_us]


@pytest.fixture
def pool() -> Iterator[AnalysisPool]:
    made = AnalysisPool(1)
    yield made
    made.stop()


def analyse(
    pool: AnalysisPool, path: Path
) -> tuple[dict[int, list[Detection]], list[EventMessage]]:
    detector = Recording()
    camera = Camera(pool, detector, EVERYWHERE)
    camera.feed(packets_of(path))
    assert camera.failures == []
    return detector.found, camera.events


def frame_of(at_us: int) -> int:
    return round((at_us - START_US) * FPS / 1e6)


def boxes_of(objects: list[dict[str, Any]]) -> Any:
    return corners([Box(*one["box"]) for one in objects])


@pytest.mark.parametrize(
    ("scene", "least_recall", "least_events", "least_true"),
    [
        ("traffic", 0.9, 8, 1.0),
        ("traffic_rain", 0.8, 8, 0.9),
        ("traffic_noise", 0.5, 6, 0.9),
        ("pedestrians", 0.9, 6, 1.0),
    ],
)
def test_scene_is_seen_as_it_is(
    pool: AnalysisPool,
    tmp_path: Path,
    scene: str,
    least_recall: float,
    least_events: int,
    least_true: float,
) -> None:
    spec = SceneSpec(scene, 640, 360, FPS, 12.0, 1)
    path = build(ClipSpec(spec, "vbr", default_kbps(640, 360, FPS)), tmp_path)
    truth = json.loads(path.with_suffix(".json").read_text())["frames"]
    found, events = analyse(pool, path)
    covered: list[bool] = []
    for at_us, detections in found.items():
        if frame_of(at_us) < 2 * FPS:  # the background is being learned
            continue
        objects = boxes_of(truth[frame_of(at_us)])
        objects = objects[areas(objects) >= SMALLEST]
        cover = cover_matrix(objects, corners([one.box for one in detections]))
        best = cover.max(axis=1) if detections else np.zeros(len(objects))
        covered += [bool(share > 0.5) for share in best]
    assert len(covered) > 200
    assert float(np.mean(covered)) >= least_recall
    assert len(events) >= least_events
    on_object = [
        intersections(
            corners([message.event.box]), boxes_of(truth[frame_of(message.event.at_us)])
        ).max()
        > 0
        for message in events
    ]
    assert np.mean(on_object) >= least_true


def test_quiet_scene_speaks_of_its_one_visitor_only(pool: AnalysisPool, tmp_path: Path) -> None:
    spec = SceneSpec("quiet", 640, 360, FPS, 20.0, 1)
    path = build(ClipSpec(spec, "vbr", default_kbps(640, 360, FPS)), tmp_path)
    truth = json.loads(path.with_suffix(".json").read_text())["frames"]
    _, events = analyse(pool, path)
    assert len(events) == len({one["id"] for frame in truth for one in frame}) == 1


def test_real_car_park_gives_one_event_for_each_car(pool: AnalysisPool) -> None:
    _, events = analyse(pool, shared_media("car-detection.mp4"))
    # seconds at which cars drive into the picture, seen by eye; the white car of the first makes
    # the camera's exposure control halve the brightness of everything
    seconds = [(message.event.at_us - START_US) / 1e6 for message in events]
    assert seconds == pytest.approx([4.6, 14.6, 15.4, 25.4], abs=0.8)
    assert {message.event.label for message in events} == {"vehicle-like"}

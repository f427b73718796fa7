from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from analytics.builtin import MANIFEST_PATH, MODEL_PATH
from analytics.detectors.detector import Look, MovingObjectDetector
from analytics.events import Box, Detection
from analytics.geometry import corners, iou_matrix
from analytics.model.manifest import Model, load_model
from analytics.model.ort_session import open_session
from camera_registry.base.errors import ConfigError
from tests.analytics.scenes import Rect, planes

ASPECT = 16 / 9


@pytest.fixture(scope="module")
def detector() -> MovingObjectDetector:
    return MovingObjectDetector()


def watch(
    detector: MovingObjectDetector,
    frames: int,
    rects: Callable[[int], list[Rect]] = lambda _: [],
    **scene: object,
) -> list[list[Detection]]:
    camera = detector.camera()
    shown = planes(frames, rects, **scene)  # type: ignore[arg-type]
    return [camera.detect(Look(plane, at_us, ASPECT)) for plane, at_us in shown]


def box_of(rect: Rect) -> Box:
    x, y, w, h = rect
    return Box(x / 320, y / 180, w / 320, h / 180)


@pytest.mark.parametrize("noise", [0.0, 4.0, 10.0])
def test_quiet_scene_gives_no_detection(detector: MovingObjectDetector, noise: float) -> None:
    assert sum(map(len, watch(detector, 80, noise=noise))) == 0


@pytest.mark.parametrize("noise", [1.0, 4.0, 10.0])
def test_moving_object_is_found_where_it_is(detector: MovingObjectDetector, noise: float) -> None:
    def rects(index: int) -> list[Rect]:
        return [] if index < 12 else [(6 * (index - 12), 70, 16, 32)]

    found = watch(detector, 60, rects, noise=noise)
    overlaps = []
    for index in range(14, 60):
        assert len(found[index]) == 1
        seen = corners([found[index][0].box])
        overlaps.append(float(iou_matrix(seen, corners([box_of(rects(index)[0])]))[0, 0]))
    assert float(np.median(overlaps)) > 0.5


def test_change_of_light_is_no_object(detector: MovingObjectDetector) -> None:
    found = watch(detector, 60, light=lambda i: 0.0 if i < 20 else min(30.0, 3.0 * (i - 20)))
    assert sum(map(len, found)) == 0


def test_exposure_control_that_darkens_the_picture_is_no_object(
    detector: MovingObjectDetector,
) -> None:
    camera = detector.camera()
    found: list[Detection] = []
    for index, (plane, at_us) in enumerate(planes(60)):
        gain = 1.0 if index < 20 else max(0.5, 1.0 - 0.1 * (index - 20))
        dimmed = (plane * gain).astype(np.uint8)
        found += camera.detect(Look(dimmed, at_us, ASPECT))
    assert found == []


def test_object_is_found_while_exposure_control_darkens_the_picture(
    detector: MovingObjectDetector,
) -> None:
    camera = detector.camera()
    hits = 0
    for index, (plane, at_us) in enumerate(
        planes(40, lambda i: [] if i < 20 else [(6 * (i - 20), 70, 16, 32)])
    ):
        dimmed = (plane * (1.0 if index < 20 else 0.6)).astype(np.uint8)
        hits += len(camera.detect(Look(dimmed, at_us, ASPECT)))
    assert 18 <= hits <= 20


def test_sudden_small_change_of_exposure_is_no_object(detector: MovingObjectDetector) -> None:
    assert sum(map(len, watch(detector, 40, light=lambda i: 0.0 if i < 20 else 15.0))) == 0


def test_shadow_counts_less_than_an_object_of_the_same_contrast(
    detector: MovingObjectDetector,
) -> None:
    background = np.full((180, 320), 100, np.uint8)
    noise = np.ones((45, 80), np.float32)
    shadow, lamp = background.copy(), background.copy()
    shadow[60:100, 100:140] = 82
    lamp[60:100, 100:140] = 118
    dark, _ = detector.infer(shadow, background, noise)
    bright, _ = detector.infer(lamp, background, noise)
    assert dark[20, 30] < 1.0 < bright[20, 30]


def test_parked_object_is_told_where_it_stands_and_leaves_no_ghost(
    detector: MovingObjectDetector,
) -> None:
    car = (100, 70, 40, 32)
    found = watch(detector, 800, lambda i: [car] if 12 <= i < 760 else [])
    assert all(len(one) == 1 for one in found[14:760])
    first, last = found[60][0], found[759][0]
    assert last == first
    assert (last.box.x * 320, last.box.y * 180) == pytest.approx((100, 70), abs=4)
    assert found[762:] == [[]] * len(found[762:])


def test_picture_that_changed_as_a_whole_is_no_flood(detector: MovingObjectDetector) -> None:
    camera = detector.camera()
    found: list[Detection] = []
    for seed in (1, 7):
        for plane, at_us in planes(40, seed=seed):
            found += camera.detect(Look(plane, at_us + seed * 10_000_000, ASPECT))
    assert found == []


def test_cameras_do_not_share_a_background(detector: MovingObjectDetector) -> None:
    def run(seed: int) -> list[list[Detection]]:
        return watch(
            detector, 40, lambda i: [] if i < 12 else [(6 * (i - 12), 70, 16, 32)], seed=seed
        )

    alone = [run(seed) for seed in (1, 2, 3, 4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, (1, 2, 3, 4))) == alone


def test_missing_provider_is_named_with_those_that_are_there() -> None:
    with pytest.raises(ConfigError, match="CUDAExecutionProvider") as caught:
        MovingObjectDetector(providers=["CUDAExecutionProvider"])
    assert "CPUExecutionProvider" in caught.value.hint
    with pytest.raises(ConfigError):
        MovingObjectDetector(providers=[])


def test_file_that_is_no_model_is_refused_in_one_line() -> None:
    manifest = load_model(MANIFEST_PATH).manifest
    with pytest.raises(ConfigError) as caught:
        open_session(Model(manifest, b"not a model"))
    assert caught.value.code == "model_refused"
    assert "\n" not in str(caught.value)


def test_manifest_of_another_decoder_is_refused(tmp_path: Path) -> None:
    shutil.copy(MODEL_PATH, tmp_path / MODEL_PATH.name)
    content = json.loads(MANIFEST_PATH.read_text())
    content["decoder"] = "yolox_grid"
    path = tmp_path / "m.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="yolox_grid"):
        MovingObjectDetector(path)

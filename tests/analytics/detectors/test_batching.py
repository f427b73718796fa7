"""Batches: every caller gets what is its own, whatever comes together; nothing waits for ever."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from analytics.detectors.batching import Batcher, Batching
from analytics.detectors.detector import Look
from analytics.detectors.object_detector import ObjectDetector
from analytics.model.manifest import Column, ImageSpec, Manifest, Model, Reading, TensorSpec, verify
from analytics.model.providers import CPU, batch_of
from analytics.pool import AnalysisPool
from camera_registry.base.errors import CamhubError, UnavailableError
from tests.analytics.graphs import Grey, model_of

BESIDE_THE_PROCESSOR = [name for name in ort.get_available_providers() if batch_of(name) > 1]
NOTHING_BESIDE = pytest.param(
    "", marks=pytest.mark.skip(reason="this build of onnxruntime runs on the processor only")
)

LONG_S = 30.0
"""A time-out that no test reaches: a batch that needs it would run into the test's own."""


class Engine:
    """Doubles numbers, and remembers what came together; refuses a batch with ``poison``."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.poison: int | None = None

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        if self.poison in items:
            raise UnavailableError("poisoned", code="model_failed")
        return [2 * item for item in items]


def test_callers_of_a_full_batch_get_their_own_results_from_one_run() -> None:
    engine = Engine()
    batcher = Batcher(engine, Batching(size=4, wait_s=LONG_S))
    for _ in range(4):
        batcher.join()
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(batcher, [3, 5, 7, 9])) == [6, 10, 14, 18]
    assert [sorted(batch) for batch in engine.batches] == [[3, 5, 7, 9]]


def test_time_out_pushes_a_batch_that_is_not_full() -> None:
    engine = Engine()
    batcher = Batcher(engine, Batching(size=8, wait_s=0.01))
    for _ in range(8):
        batcher.join()
    assert batcher(21) == 42
    assert engine.batches == [[21]]


def test_a_single_camera_waits_for_nobody() -> None:
    batcher = Batcher(Engine(), Batching(size=8, wait_s=LONG_S))
    batcher.join()
    assert [batcher(number) for number in (1, 2, 3)] == [2, 4, 6]


def test_camera_that_leaves_does_not_stall_the_batch_that_waited_for_it() -> None:
    engine = Engine()
    batcher = Batcher(engine, Batching(size=2, wait_s=LONG_S))
    batcher.join()
    batcher.join()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(batcher, 4)
        while batcher._filling is None:  # the other one waits by now
            threading.Event().wait(0.001)
        batcher.leave()
        assert waiting.result(10) == 8


def test_batches_are_never_larger_than_their_size() -> None:
    engine = Engine()
    batcher = Batcher(engine, Batching(size=3, wait_s=0.002))
    for _ in range(8):
        batcher.join()
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(batcher, range(200))) == [2 * item for item in range(200)]
    assert max(len(batch) for batch in engine.batches) <= 3
    assert sorted(item for batch in engine.batches for item in batch) == list(range(200))


def test_failure_strikes_only_the_camera_that_it_comes_from() -> None:
    engine = Engine()
    engine.poison = 5
    batcher = Batcher(engine, Batching(size=3, wait_s=LONG_S))
    for _ in range(3):
        batcher.join()
    with ThreadPoolExecutor(3) as threads:
        results = [threads.submit(batcher, item) for item in (4, 5, 6)]
        assert results[0].result(10) == 8
        assert results[2].result(10) == 12
        with pytest.raises(UnavailableError, match="poisoned"):
            results[1].result(10)


def test_unforeseen_failure_ends_the_leader_and_frees_the_others() -> None:
    def broken(items: Sequence[int]) -> list[int]:
        raise ZeroDivisionError

    batcher: Batcher[int, int] = Batcher(broken, Batching(size=2, wait_s=LONG_S))
    batcher.join()
    batcher.join()
    with ThreadPoolExecutor(2) as threads:
        errors = [threads.submit(batcher, item).exception for item in (1, 2)]
        kinds = {type(error(10)) for error in errors}
    assert kinds == {ZeroDivisionError, CamhubError}


def test_only_engines_beside_the_processor_batch_by_default() -> None:
    assert batch_of("CPUExecutionProvider") == 1
    for name in ("CUDAExecutionProvider", "TensorrtExecutionProvider", "OpenVINOExecutionProvider"):
        assert batch_of(name) > 1


def brightness_model(batch: int | str, *, mixes: bool = False) -> Model:
    """A model whose one box is as wide as its picture is bright: rows (batch, 1, 6)."""
    image = TensorSpec("image", "float32", (batch, 3, 64, 64))
    rows = TensorSpec("rows", "float32", (batch, 1, 6))
    weights: dict[str, NDArray[Any]] = {
        "none": np.array([0], np.int64),
        "one": np.array([1], np.int64),
        "flat": np.array([-1, 1, 1], np.int64),
        "scale": np.array([[[0, 0, 1, 0, 0, 0]]], np.float32),
        "rest": np.array([[[0, 0, 0, 64, 0.9, 0]]], np.float32),
    }
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3], keepdims=0),
            helper.make_node("Slice", ["mean", "none", "one"], ["first"]),
            helper.make_node("Reshape", ["first" if mixes else "mean", "flat"], ["column"]),
            helper.make_node("Mul", ["column", "scale"], ["scaled"]),
            helper.make_node("Add", ["scaled", "rest"], ["rows"]),
        ],
        "brightness",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, list(image.shape))],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, list(rows.shape))],
        [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    data = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    ).SerializeToString()
    manifest = Manifest(
        name="bright",
        version="1",
        file="model.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        licence="Apache-2.0",
        source="tests",
        decoder="nms_rows",
        inputs=(image,),
        outputs=(rows,),
        classes=("person",),
        image=ImageSpec(size=(64, 64), resize="stretch"),
        reading=Reading(),
    )
    return verify(manifest, data)


@pytest.mark.parametrize(("axis", "batch"), [("pictures", 4), (1, 1)])
def test_results_go_to_the_camera_whose_picture_it_was(axis: int | str, batch: int) -> None:
    detector = ObjectDetector(brightness_model(axis), batching=Batching(size=4, wait_s=0.05))
    assert detector.batch == batch
    shades = [8, 16, 24, 32, 40, 48, 56, 64] * 4
    cameras = [detector.camera() for _ in range(8)]

    def width(index: int) -> float:
        grey = Grey(64, 64, (shades[index],) * 3)
        (found,) = detector.look(grey)
        return found.box.w * 64

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(width, range(len(shades))))
    assert found == pytest.approx(shades, abs=0.01)
    assert cameras


@pytest.mark.parametrize("provider", [*BESIDE_THE_PROCESSOR] or [NOTHING_BESIDE])
def test_an_engine_of_this_build_finds_the_same_in_batches(provider: str) -> None:
    batching = Batching(size=batch_of(provider), wait_s=0.05)
    detector = ObjectDetector(brightness_model("n"), (provider, CPU), batching=batching)
    assert detector.provider == provider
    assert detector.batch == batching.size
    shades = [8, 16, 24, 32] * 4
    cameras = [detector.camera() for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        seen = threads.map(lambda shade: detector.look(Grey(64, 64, (shade,) * 3)), shades)
        assert [found[0].box.w * 64 for found in seen] == pytest.approx(shades, abs=0.05)
    assert cameras


def test_leaving_is_noticed_when_the_camera_is_forgotten() -> None:
    detector = ObjectDetector(brightness_model("n"), batching=Batching(size=2, wait_s=LONG_S))
    first, second = detector.camera(), detector.camera()
    assert detector._batcher is not None
    assert detector._batcher._users == 2
    del first
    assert detector._batcher._users == 1
    assert detector.look(Grey(64, 64, (32, 32, 32)))  # waits for nobody
    assert second


def test_axis_that_is_free_in_name_only_is_found_out() -> None:
    mixed = brightness_model("n", mixes=True)  # one row, however many pictures come in
    assert ObjectDetector(mixed, batching=Batching(size=4)).batch == 1


def test_batching_is_off_on_the_processor_unless_it_is_asked_for() -> None:
    assert ObjectDetector(brightness_model("n")).batch == 1


def test_rows_that_name_their_picture_are_told_apart() -> None:
    rows = np.array(
        [[0, 0, 0, 16, 64, 0.9, 0], [1, 0, 0, 32, 64, 0.9, 0], [-1, 0, 0, 0, 0, 0, 0]], np.float32
    )
    inputs = (TensorSpec("image", "float32", ("n", 3, 64, 64)),)
    columns: tuple[Column, ...] = ("batch", "x0", "y0", "x1", "y1", "score", "class")
    model = model_of(
        "nms_rows",
        {"rows": rows},
        inputs=inputs,
        roles={"rows": ""},
        reading=Reading(columns=columns),
    )
    detector = ObjectDetector(model, batching=Batching(size=2, wait_s=LONG_S))
    cameras = [detector.camera(), detector.camera()]
    with ThreadPoolExecutor(2) as threads:
        pictures = [Grey(64, 64), Grey(64, 64)]
        found = [seen[0].box.w * 64 for seen in threads.map(detector.look, pictures)]
    assert sorted(found) == [16, 32]
    assert cameras


def test_cameras_of_one_place_in_the_pool_share_a_batch() -> None:
    pool = AnalysisPool(1, spare=3)
    batching = Batching(size=4, wait_s=LONG_S, waiting=pool.waiting)
    detector = ObjectDetector(brightness_model("n"), batching=batching)
    ended = threading.Semaphore(0)

    class Camera:
        def __init__(self, shade: int) -> None:
            self.shade, self.width = shade, 0.0
            self.eye = detector.camera()

        def turn(self) -> bool:
            grey = Grey(64, 64, (self.shade,) * 3)
            plane = np.zeros((64, 64), np.uint8)
            (found,) = self.eye.detect(Look(plane, 1, 1.0, grey))
            self.width = found.box.w * 64
            ended.release()
            return False

    cameras = [Camera(shade) for shade in (8, 24, 40, 56)]
    for camera in cameras:
        pool.schedule(camera)
    for _ in cameras:  # only a full batch comes back in time: all four are in it
        assert ended.acquire(timeout=20)
    pool.stop()
    assert [camera.width for camera in cameras] == pytest.approx([8, 24, 40, 56], abs=0.01)

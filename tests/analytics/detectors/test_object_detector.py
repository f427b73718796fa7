from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.detectors.detector import Look
from analytics.detectors.object_detector import LoadLimits, ObjectDetector
from analytics.model.manifest import ImageSpec, Model, Reading, TensorSpec
from analytics.model.ort_session import run_session
from analytics.model.providers import CPU
from camera_registry.base.errors import ConfigError, UnavailableError
from tests.analytics.graphs import Grey, model_of

BOX = np.array([[[16, 16, 48, 48, 0.9, 0]]], np.float32)
ROWS = {"rows": BOX}


def changed(model: Model, **changes: object) -> Model:
    return Model(msgspec.structs.replace(model.manifest, **changes), model.data)


def code_of(model: Model, limits: LoadLimits | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        ObjectDetector(model, limits=limits)
    assert "\n" not in str(caught.value)
    return caught.value.code


def test_letterboxed_boxes_come_back_in_picture_coordinates_cut_to_the_picture() -> None:
    image = ImageSpec(size=(64, 64))  # 640 x 320 lies in rows 16 to 48
    detector = ObjectDetector(model_of("nms_rows", ROWS, image=image))
    (found,) = detector.look(Grey(640, 320))
    assert (found.box.x, found.box.y, found.box.w, found.box.h) == (0.25, 0.0, 0.5, 1.0)
    high = np.array([[[0, 0, 64, 20, 0.9, 0], [0, 50, 64, 60, 0.9, 1]]], np.float32)
    detector = ObjectDetector(model_of("nms_rows", {"rows": high}, image=image))
    (found,) = detector.look(Grey(640, 320))  # the other lies in the padding
    assert (found.box.y, found.box.h) == (0.0, 0.125)


def test_a_camera_sees_the_picture_of_its_look() -> None:
    detector = ObjectDetector(model_of("nms_rows", ROWS))
    plane = np.zeros((36, 64), np.uint8)
    found = detector.camera().detect(Look(plane, 0, 16 / 9, Grey(640, 360)))
    assert [one.label for one in found] == ["person"]
    assert detector.label == "made@1"
    assert detector.provider == CPU
    with pytest.raises(ValueError, match="picture"):
        detector.camera().detect(Look(plane, 0, 16 / 9))


def test_cameras_in_several_threads_get_their_own_pictures() -> None:
    """The graph gives back the mean colour as the score of its only box."""
    detector = ObjectDetector(mean_model())
    pictures = [Grey(64, 64, (value, value, value)) for value in range(5, 250, 5)]
    with ThreadPoolExecutor(4) as pool:
        scores = [found[0].score for found in pool.map(detector.look, pictures)]
    np.testing.assert_allclose(scores, [p.rgb[0] / 255 for p in pictures], atol=1e-4)


def mean_model() -> Model:
    from onnx import TensorProto, helper, numpy_helper

    base = model_of(
        "nms_rows",
        {"rows": np.zeros((1, 1, 6), np.float32)},
        image=ImageSpec(size=(64, 64), scale=1 / 255, resize="stretch"),
        reading=Reading(score=0),
    )
    left = numpy_helper.from_array(np.array([[[8, 8, 40, 40]]], np.float32), "left")
    right = numpy_helper.from_array(np.array([[[0]]], np.float32), "right")
    shape = numpy_helper.from_array(np.array([1, 1, 1]), "shape")
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0),
        helper.make_node("Reshape", ["mean", "shape"], ["score"]),
        helper.make_node("Concat", ["left", "score", "right"], ["rows"], axis=2),
    ]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [1, 1, 6])],
        [left, right, shape],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return Model(base.manifest, model.SerializeToString())


def ticking(step: float) -> LoadLimits:
    ticks = itertools.count()
    return LoadLimits(seconds=0.2, timer=lambda: next(ticks) * step)


def test_slow_model_is_refused_with_both_figures() -> None:
    model = model_of("nms_rows", ROWS)
    with pytest.raises(ConfigError, match=r"300 ms .* 200 ms") as caught:
        ObjectDetector(model, limits=ticking(0.3))
    assert caught.value.code == "model_slow"
    assert ObjectDetector(model, limits=ticking(0.1)).seconds == pytest.approx(0.1)


def test_a_busy_machine_refuses_no_fast_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*given: Any) -> Any:
        time.sleep(0.06)  # others have the processor
        return run_session(*given)

    monkeypatch.setattr("analytics.detectors.object_detector.run_session", late)
    detector = ObjectDetector(model_of("nms_rows", ROWS), limits=LoadLimits(seconds=0.05))
    assert detector.seconds < 0.05


def test_model_other_than_its_manifest_is_refused() -> None:
    model = model_of("nms_rows", ROWS)
    manifest = model.manifest
    other = TensorSpec("image", "float32", (1, 3, 32, 32))
    small = ImageSpec(size=(32, 32))
    assert code_of(changed(model, inputs=(other,), image=small)) == "model_tensors"
    assert code_of(changed(model, inputs=(other,))) == "model_tensors"
    assert code_of(changed(model, outputs=())) == "model_manifest"
    rows = msgspec.structs.replace(manifest.outputs[0], shape=(1, 2, 6))
    assert code_of(changed(model, outputs=(rows,))) == "model_tensors"
    assert code_of(changed(model, decoder="yolo_v9")) == "model_decoder"
    assert code_of(changed(model, decoder="fastestdet")) == "model_manifest"
    assert code_of(changed(model, image=None)) == "model_manifest"
    assert code_of(changed(model, classes=("", ""))) == "model_manifest"
    assert code_of(changed(model, keep=("horse",))) == "model_manifest"
    assert code_of(changed(model, groups=(("horse", "car"),))) == "model_manifest"
    assert code_of(Model(manifest, b"nothing")) == "model_refused"
    assert code_of(Model(manifest, model.data[: len(model.data) // 2])) == "model_refused"


@pytest.mark.parametrize("word", ["car\r", "a\nb", "x" * 65, "\x00"])
def test_words_that_no_event_may_carry_are_refused(word: str) -> None:
    assert code_of(model_of("nms_rows", ROWS, classes=("person", word))) == "model_manifest"
    assert code_of(model_of("nms_rows", ROWS, version=word)) == "model_manifest"


def test_inputs_that_nobody_can_fill_are_refused() -> None:
    inputs = (
        TensorSpec("image", "float32", (1, 3, 64, 64), "image"),
        TensorSpec("mask", "int64", (1, 64, 64)),
    )
    assert code_of(model_of("nms_rows", ROWS, inputs=inputs)) == "model_manifest"
    both = (
        TensorSpec("image", "float32", (1, 3, 64, 64), "image"),
        TensorSpec("scale_factor", "float32", (1, 2), "scale"),
    )
    (found,) = ObjectDetector(model_of("nms_rows", ROWS, inputs=both)).look(Grey(64, 64))
    assert found.label == "person"


def test_bytes_are_not_normalised() -> None:
    inputs = (TensorSpec("image", "uint8", (1, 3, 64, 64)),)
    image = ImageSpec(size=(64, 64), scale=1 / 255)
    assert code_of(model_of("nms_rows", ROWS, inputs=inputs, image=image)) == "model_manifest"


def endless_model() -> Model:
    """A model whose loop goes on for ever where the first pixel is not black."""
    from onnx import TensorProto, helper, numpy_helper

    base = model_of("nms_rows", ROWS)
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["goes_on"]),
            helper.make_node("Identity", ["value"], ["carried"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", TensorProto.FLOAT, [1, 1, 6]),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carried", TensorProto.FLOAT, [1, 1, 6]),
        ],
    )
    nodes = [
        helper.make_node("ReduceMax", ["image"], ["most"], keepdims=0),
        helper.make_node("Greater", ["most", "black"], ["bright"]),
        helper.make_node("Loop", ["", "bright", "box"], ["rows"], body=body),
    ]
    graph = helper.make_graph(
        nodes,
        "endless",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [1, 1, 6])],
        [
            numpy_helper.from_array(np.array(0, np.float32), "black"),
            numpy_helper.from_array(BOX, "box"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return Model(base.manifest, model.SerializeToString())


def test_a_model_that_does_not_end_is_stopped_and_not_tried_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detector = ObjectDetector(endless_model())
    (found,) = detector.look(Grey(64, 64, (0, 0, 0)))
    assert found.label == "person"
    monkeypatch.setattr(detector, "_limit_s", 0.1)
    with pytest.raises(UnavailableError) as caught:
        detector.look(Grey(64, 64))
    assert caught.value.code == "model_hangs"
    monkeypatch.setattr(detector, "_session", None)  # what runs now would fail
    with pytest.raises(UnavailableError) as again:
        detector.look(Grey(64, 64, (0, 0, 0)))
    assert again.value.code == "model_hangs"


def test_a_model_that_does_not_end_when_it_is_tried_out_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("analytics.detectors.object_detector.RUN_LIMIT_S", 0.1)
    monkeypatch.setattr(ObjectDetector, "_empty", lambda *_: np.ones((1, 3, 64, 64), np.float32))
    assert code_of(endless_model()) == "model_hangs"


def test_failure_in_the_run_is_one_line() -> None:
    detector = ObjectDetector(model_of("nms_rows", ROWS))
    wrong: NDArray[np.float32] = np.zeros((1, 3, 9, 9), np.float32)
    with pytest.raises(UnavailableError) as caught:
        run_session(detector._session, "made@1", ["rows"], {"image": wrong})
    assert caught.value.code == "model_failed"
    assert "\n" not in str(caught.value)

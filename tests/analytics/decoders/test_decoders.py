"""Each decoder on graphs whose outputs are known, through onnxruntime and the whole detector."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.decoders import DECODERS, ModelShape
from analytics.detectors.object_detector import ObjectDetector
from analytics.events import Detection
from analytics.model.manifest import ImageSpec, Model, Reading, TensorSpec
from camera_registry.base.errors import ConfigError
from tests.analytics.graphs import Grey, model_of

# in a square input of 64 pixels, as corners in pixels
PERSON = (8.0, 16.0, 24.0, 48.0)
CAR = (32.0, 40.0, 64.0, 56.0)
WANTED = [("person", 0.9, PERSON), ("car", 0.6, CAR)]


def floats(value: Any) -> NDArray[np.float32]:
    return np.asarray(value, np.float32)


def logit(share: float) -> float:
    return math.log(share / (1 - share))


def centre(box: tuple[float, ...], unit: float = 1.0) -> list[float]:
    x0, y0, x1, y1 = box
    return [(x0 + x1) / 2 / unit, (y0 + y1) / 2 / unit, (x1 - x0) / unit, (y1 - y0) / unit]


def seen(model: Model) -> list[Detection]:
    return ObjectDetector(model).look(Grey(640, 360))


def check(found: list[Detection], wanted: Any = WANTED) -> None:
    assert [one.label for one in found] == [label for label, _, _ in wanted]
    for one, (_, score, box) in zip(found, wanted, strict=True):
        assert one.score == pytest.approx(score, abs=1e-5)
        corners = (one.box.x, one.box.y, one.box.x + one.box.w, one.box.y + one.box.h)
        assert corners == pytest.approx([side / 64 for side in box], abs=1e-5)


def yolox_rows(activation: str) -> NDArray[np.float32]:
    cells = 8 * 8 + 4 * 4 + 2 * 2
    rows = np.full((1, cells, 8), -20.0 if activation == "sigmoid" else 0.0, np.float32)
    rows[..., :4] = 0.0

    def put(index: int, column: int, row: int, stride: int, box: Any, scores: list[float]) -> None:
        cx, cy, w, h = centre(box)
        given = [logit(s) if activation == "sigmoid" else s for s in scores]
        rows[0, index] = [
            cx / stride - column, cy / stride - row, math.log(w / stride), math.log(h / stride),
            *given,
        ]  # fmt: skip

    put(8 * 4 + 2, 2, 4, 8, PERSON, [0.95, 0.9 / 0.95, 0.01, 0.01])
    put(64 + 4 * 3 + 3, 3, 3, 16, CAR, [0.8, 0.01, 0.75, 0.01])
    return rows


@pytest.mark.parametrize("activation", ["none", "sigmoid"])
def test_yolox_grid(activation: Any) -> None:
    rows = yolox_rows(activation)
    check(seen(model_of("yolox_grid", {"rows": rows}, reading=Reading(activation=activation))))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("boxes", ["pixels", "unit"])
def test_yolo_v8(turned: bool, boxes: Any) -> None:
    unit = 64.0 if boxes == "unit" else 1.0
    rows = np.zeros((1, 84, 7), np.float32)
    rows[0, 10] = [*centre(PERSON, unit), 0.9, 0.0, 0.1]
    rows[0, 70] = [*centre(CAR, unit), 0.0, 0.6, 0.2]
    given = rows if turned else rows.transpose(0, 2, 1).copy()
    check(seen(model_of("yolo_v8", {"rows": given}, reading=Reading(boxes=boxes))))


def test_yolo_v8_with_logits() -> None:
    rows = np.full((1, 7, 20), -20.0, np.float32)
    rows[0, :, 3] = [*centre(PERSON), logit(0.9), -20, -20]
    rows[0, :, 9] = [*centre(CAR), -20, logit(0.6), -20]
    check(seen(model_of("yolo_v8", {"rows": rows}, reading=Reading(activation="sigmoid"))))


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_detr_logits(activation: Any) -> None:
    boxes = np.zeros((1, 30, 4), np.float32)
    boxes[0, 4], boxes[0, 20] = centre(PERSON, 64), centre(CAR, 64)
    if activation == "sigmoid":
        logits = np.full((1, 30, 3), -20.0, np.float32)
        logits[0, 4, 0], logits[0, 20, 1] = logit(0.9), logit(0.6)
    else:  # the last logit means "no object"
        logits = np.full((1, 30, 4), -20.0, np.float32)
        logits[0, :, 3] = 0.0
        logits[0, 4, :] = [math.log(0.9), -20, -20, math.log(0.1)]
        logits[0, 20, :] = [-20, math.log(0.6), -20, math.log(0.4)]
    outputs = {"logits": logits, "boxes": boxes}
    check(seen(model_of("detr_logits", outputs, reading=Reading(activation=activation))))


def test_detr_post_is_given_the_size_of_its_input() -> None:
    inputs = (
        TensorSpec("images", "float32", ("n", 3, 64, 64), "image"),
        TensorSpec("orig_target_sizes", "int64", ("n", 2), "sizes"),
    )
    outputs: dict[str, NDArray[Any]] = {
        "labels": np.array([[1, 0, 2]], np.int64),
        "boxes": floats([[CAR, PERSON, (0, 0, 9, 9)]]),
        "scores": floats([[0.6, 0.9, 0.1]]),
    }
    detector = ObjectDetector(model_of("detr_post", outputs, inputs=inputs))
    check(detector.look(Grey(640, 360)))
    assert detector._fixed["orig_target_sizes"].tolist() == [[64, 64]]
    assert detector._fixed["orig_target_sizes"].dtype == np.int64


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (("x0", "y0", "x1", "y1", "score", "class"), [[*CAR, 0.6, 1], [*PERSON, 0.9, 0]]),
        (("class", "score", "x0", "y0", "x1", "y1"), [[1, 0.6, *CAR], [0, 0.9, *PERSON]]),
        (
            ("batch", "cx", "cy", "w", "h", "class", "score"),
            [[0, *centre(CAR), 1, 0.6], [0, *centre(PERSON), 0, 0.9], [-1, *centre(CAR), 0, 0.99]],
        ),
    ],
)
def test_nms_rows(columns: Any, rows: Any) -> None:
    given = floats(rows) if "batch" in columns else floats([rows])
    check(seen(model_of("nms_rows", {"rows": given}, reading=Reading(columns=columns))))


def test_nms_rows_without_a_box_are_refused() -> None:
    model = model_of(
        "nms_rows", {"rows": floats([[[1, 2]]])}, reading=Reading(columns=("score", "class"))
    )
    with pytest.raises(ConfigError, match="make no box"):
        ObjectDetector(model)


def test_ssd_4out_counts_its_rows_and_its_classes_from_one() -> None:
    def tlbr(box: tuple[float, ...]) -> list[float]:
        return [box[1] / 64, box[0] / 64, box[3] / 64, box[2] / 64]

    inputs = (TensorSpec("image", "uint8", (1, 64, 64, 3)),)
    outputs = {
        "boxes": floats([[tlbr(PERSON), tlbr(CAR), [0, 0, 0.5, 0.5]]]),
        "classes": floats([[1, 2, 1]]),
        "scores": floats([[0.9, 0.6, 0.99]]),
        "count": floats([2]),
    }
    model = model_of(
        "ssd_4out",
        outputs,
        inputs=inputs,
        image=ImageSpec(size=(64, 64), layout="NHWC", resize="stretch"),
        reading=Reading(first_class=1),
    )
    check(seen(model))


def test_fastestdet() -> None:
    grid = np.zeros((1, 8, 4, 4), np.float32)

    def put(column: int, row: int, box: tuple[float, ...], scores: list[float]) -> None:
        cx, cy, w, h = centre(box, 64)
        grid[0, 1:5, row, column] = [
            math.atanh(cx * 4 - column), math.atanh(cy * 4 - row), logit(w), logit(h),
        ]  # fmt: skip
        grid[0, 0, row, column] = scores[0]
        grid[0, 5:, row, column] = scores[1:]

    put(1, 2, PERSON, [0.9, 1.0, 0.0, 0.0])
    put(3, 3, CAR, [0.75, 0.0, 0.8, 0.2])
    check(seen(model_of("fastestdet", {"map": grid})))


SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "yolox_grid": {"rows": (1, 84, 8)},
    "yolo_v8": {"rows": (1, 7, 84)},
    "detr_logits": {"logits": (1, 30, 3), "boxes": (1, 30, 4)},
    "detr_post": {"labels": (1, 30), "boxes": (1, 30, 4), "scores": (1, 30)},
    "nms_rows": {"rows": (1, 30, 6)},
    "ssd_4out": {"boxes": (1, 30, 4), "classes": (1, 30), "scores": (1, 30), "count": (1,)},
    "fastestdet": {"map": (1, 8, 4, 4)},
}


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30, -1e30, 0.0])
def test_nonsense_gives_no_detection_and_no_warning(decoder: str, value: float) -> None:
    outputs = {name: np.full(shape, value, np.float32) for name, shape in SHAPES[decoder].items()}
    for one in seen(model_of(decoder, outputs)):
        assert 0 < one.box.w <= 1
        assert 0 <= one.score <= 1


@pytest.mark.parametrize("decoder", DECODERS)
def test_outputs_of_another_shape_are_refused(decoder: str) -> None:
    for wrong, shape in SHAPES[decoder].items():
        if wrong == "count":
            continue
        outputs = {name: np.zeros(given, np.float32) for name, given in SHAPES[decoder].items()}
        outputs[wrong] = np.zeros((*shape, 2), np.float32)
        with pytest.raises(ConfigError) as caught:
            ObjectDetector(model_of(decoder, outputs))
        assert caught.value.code == "model_outputs"
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("decoder", DECODERS)
def test_no_object_gives_no_detection(decoder: str) -> None:
    outputs = {name: np.zeros(shape, np.float32) for name, shape in SHAPES[decoder].items()}
    assert seen(model_of(decoder, outputs)) == []


def test_classes_that_are_no_whole_numbers_are_those_next_to_them_or_none() -> None:
    rows = floats([[*CAR, 0.9, 2.6], [*CAR, 0.8, 1.6], [*CAR, 0.7, -0.4], [*CAR, 0.6, -0.6]])
    found = DECODERS["nms_rows"].read({"rows": rows}, ModelShape(64, 64, 3, Reading()))
    assert found.classes.tolist() == [2, 0]


def test_a_grid_without_cells_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        ObjectDetector(model_of("fastestdet", {"map": np.zeros((1, 8, 0, 0), np.float32)}))
    assert caught.value.code == "model_outputs"


def test_scores_below_the_threshold_and_unknown_classes_are_dropped() -> None:
    rows = floats([[*PERSON, 0.5, 0], [*CAR, 0.49, 1], [*CAR, 0.9, 3], [*CAR, 0.9, -1]])
    shape = ModelShape(64, 64, 3, Reading(score=0.5))
    found = DECODERS["nms_rows"].read({"rows": rows}, shape)
    assert found.scores.tolist() == [0.5]
    assert found.classes.tolist() == [0]

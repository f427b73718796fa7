from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.detectors.class_groups import MOST_CANDIDATES, group_of_classes, suppress
from analytics.detectors.object_detector import ObjectDetector
from analytics.geometry import iou_matrix
from analytics.model.coco import CLASSES, GROUPS, STREET
from analytics.model.manifest import Reading
from tests.analytics.graphs import Grey, model_of

ONE = [10.0, 10.0, 30.0, 30.0]
SAME = [11.0, 10.0, 31.0, 30.0]
AWAY = [40.0, 40.0, 60.0, 60.0]


def rows(*given: tuple[list[float], float, int]) -> dict[str, np.ndarray]:
    return {"rows": np.array([[[*box, score, label] for box, score, label in given]], np.float32)}


def labels(outputs: dict[str, np.ndarray], **more: object) -> list[str]:
    model = model_of("nms_rows", outputs, reading=Reading(iou=0.5), **more)  # type: ignore[arg-type]
    return [one.label for one in ObjectDetector(model).look(Grey(64, 64))]


def test_car_that_is_a_truck_as_well_is_told_once_and_by_its_better_name() -> None:
    doubled = rows((ONE, 0.5, 1), (SAME, 0.8, 2), (AWAY, 0.4, 1), (ONE, 0.3, 0))
    assert labels(doubled, groups=(("car", "truck"),)) == ["truck", "car", "person"]
    assert labels(doubled) == ["truck", "car", "car", "person"]


def test_class_that_is_not_kept_still_suppresses() -> None:
    doubled = rows((ONE, 0.5, 1), (SAME, 0.8, 2))
    assert labels(doubled, groups=(("car", "truck"),), keep=("car",)) == []
    assert labels(doubled, keep=("car",)) == ["car"]


def test_groups_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="'bus'"):
        group_of_classes(("car",), (("car", "bus"),))
    with pytest.raises(ValueError, match="two groups"):
        group_of_classes(("a", "b", "c"), (("a", "b"), ("b", "c")))


def test_groups_of_coco() -> None:
    groups = group_of_classes(CLASSES, GROUPS)
    assert len(CLASSES) == len(set(CLASSES)) == 80
    assert set(STREET) < set(CLASSES)
    car, bus, person = (groups[CLASSES.index(word)] for word in ("car", "bus", "person"))
    assert car == bus != person


boxes = st.lists(
    st.tuples(
        st.integers(0, 40), st.integers(0, 40), st.integers(1, 30), st.integers(1, 30),
        st.floats(0, 1), st.integers(0, 3),
    ),
    min_size=1, max_size=40,
)  # fmt: skip


@given(boxes, st.floats(0.1, 0.9), st.integers(1, 50))
def test_suppression_keeps_the_best_and_no_rivals(
    given: list[tuple[int, int, int, int, float, int]], iou: float, most: int
) -> None:
    corners = np.array([(x, y, x + w, y + h) for x, y, w, h, _, _ in given], np.float64)
    scores = np.array([row[4] for row in given])
    groups = np.array([row[5] for row in given])
    kept = suppress(corners, scores, groups, iou, most)
    assert len(kept) <= most
    assert scores[kept[0]] == scores.max()
    assert (np.diff(scores[kept]) <= 0).all()
    shared = iou_matrix(corners, corners)
    for i, a in enumerate(kept):
        for b in kept[i + 1 :]:
            assert groups[a] != groups[b] or shared[a, b] <= iou
    if len(kept) < most:  # each that went had a better one of its group over it
        for gone in set(range(len(given))) - set(kept.tolist()):
            assert any(
                groups[k] == groups[gone] and shared[k, gone] > iou and scores[k] >= scores[gone]
                for k in kept
            )


def test_flood_of_boxes_is_bounded() -> None:
    many = np.tile(np.array([[0.0, 0.0, 1.0, 1.0]]), (5000, 1)) + 2.0 * np.arange(5000)[:, None]
    kept = suppress(many, np.linspace(0, 1, 5000), np.zeros(5000, int), 0.5, 10_000)
    assert len(kept) == MOST_CANDIDATES
    assert kept[0] == 4999

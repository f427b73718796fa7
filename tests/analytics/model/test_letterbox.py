from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.model.letterbox import Placement, place

sizes = st.tuples(st.integers(1, 8192), st.integers(1, 8192))
targets = st.tuples(st.integers(16, 1280), st.integers(16, 1280))
resizes: st.SearchStrategy[Literal["letterbox", "stretch"]] = st.sampled_from(
    ["letterbox", "stretch"]
)
anchors: st.SearchStrategy[Literal["centre", "corner"]] = st.sampled_from(["centre", "corner"])


@given(sizes, targets, resizes, anchors)
def test_picture_lies_inside_fills_one_direction_and_keeps_its_shape(
    picture: tuple[int, int],
    target: tuple[int, int],
    resize: Literal["letterbox", "stretch"],
    anchor: Literal["centre", "corner"],
) -> None:
    where = place(picture, target, resize, anchor)
    assert where.x >= 0
    assert where.y >= 0
    assert where.x + where.width <= target[0]
    assert where.y + where.height <= target[1]
    assert where.width == target[0] or where.height == target[1]
    if resize == "stretch":
        assert where == Placement(0, 0, *target)
        return
    ratio = min(target[0] / picture[0], target[1] / picture[1])
    assert abs(where.width - max(1, ratio * picture[0])) <= 0.5 + 1e-6
    assert abs(where.height - max(1, ratio * picture[1])) <= 0.5 + 1e-6
    if anchor == "corner":
        assert (where.x, where.y) == (0, 0)
    else:  # the halves of the padding differ by a pixel at most
        assert target[0] - where.width - 2 * where.x in {0, 1}
        assert target[1] - where.height - 2 * where.y in {0, 1}


@given(
    sizes,
    targets,
    resizes,
    anchors,
    st.lists(st.tuples(*[st.floats(-0.5, 1.5)] * 4), min_size=1, max_size=8),
)
def test_boxes_go_there_and_back(
    picture: tuple[int, int],
    target: tuple[int, int],
    resize: Literal["letterbox", "stretch"],
    anchor: Literal["centre", "corner"],
    boxes: list[tuple[float, float, float, float]],
) -> None:
    where = place(picture, target, resize, anchor)
    given_boxes = np.array(boxes)
    back = where.to_picture(where.to_input(given_boxes))
    np.testing.assert_allclose(back, given_boxes, atol=1e-9)


@given(sizes, targets, resizes, anchors)
def test_corners_of_the_picture_are_corners_of_its_place(
    picture: tuple[int, int],
    target: tuple[int, int],
    resize: Literal["letterbox", "stretch"],
    anchor: Literal["centre", "corner"],
) -> None:
    where = place(picture, target, resize, anchor)
    whole = where.to_input(np.array([[0.0, 0.0, 1.0, 1.0]]))[0]
    edges = [where.x, where.y, where.x + where.width, where.y + where.height]
    assert whole.tolist() == pytest.approx(edges)


def test_known_placements() -> None:
    assert place((1280, 720), (416, 416), "letterbox") == Placement(0, 91, 416, 234)
    assert place((1280, 720), (416, 416), "letterbox", "corner") == Placement(0, 0, 416, 234)
    assert place((720, 1280), (640, 384), "letterbox") == Placement(212, 0, 216, 384)
    assert place((8192, 1), (64, 64), "letterbox") == Placement(0, 31, 64, 1)

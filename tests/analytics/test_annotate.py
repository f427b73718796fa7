from __future__ import annotations

import numpy as np

from analytics.annotate import annotate
from analytics.events import Box, Detection


def test_box_is_drawn_where_it_is_and_nothing_else_is_touched() -> None:
    black = np.zeros((400, 600, 3), np.uint8)
    seen = annotate(black.copy(), [Detection(Box(0.5, 0.5, 0.25, 0.25), 0.9, "person")])
    assert seen[200, 320:440].any(axis=-1).all()
    assert seen[220:290, 300].any(axis=-1).all()
    assert not seen[210:290, 310:440].any()
    assert not seen[:150].any()
    assert not annotate(black, []).any()


def test_label_keeps_its_colour_and_box_beyond_the_edge_is_no_error() -> None:
    black = np.zeros((100, 100, 3), np.uint8)
    one = annotate(black.copy(), [Detection(Box(0, 0, 1, 1), 0.5, "car")])
    two = annotate(black.copy(), [Detection(Box(0, 0, 1, 1), 0.7, "car")])
    assert (one[99, 50] == two[99, 50]).all()
    assert one[99, 50].any()

"""YOLOX as exported without decoding: offsets in a grid per stride.

Source: Ge et al., "YOLOX: Exceeding YOLO Series in 2021", and the export of its authors: a row is
(dx, dy, log w, log h, objectness, classes…) in units of the stride, all grids one after another.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from analytics.decoders.base import (
    Candidates,
    Floats,
    ModelShape,
    Outputs,
    activated,
    best_class,
    candidates,
    expect,
    from_centres,
)

_MAX_LOG = 12.0  # e^12 strides is wider than any picture; more would only overflow


def yolox_grid(outputs: Outputs, shape: ModelShape) -> Candidates:
    """Read ``rows`` (cells, 5 + classes)."""
    cells = _cells(shape.width, shape.height, shape.reading.strides)
    rows = expect(outputs["rows"], (len(cells), 5 + shape.classes), "rows")
    stride = cells[:, 2:3]
    middle = (rows[:, :2] + cells[:, :2]) * stride
    size = np.exp(np.minimum(rows[:, 2:4], _MAX_LOG)) * stride
    scores, classes = best_class(activated(rows[:, 5:], shape))
    scores = scores * activated(rows[:, 4:5], shape)[:, 0]
    boxes = from_centres(np.concatenate([middle, size], axis=1))
    return candidates(boxes, scores, classes, shape)


@lru_cache(maxsize=32)
def _cells(width: int, height: int, strides: tuple[int, ...]) -> Floats:
    """Column, row and stride of every cell, (cells, 3), row by row, stride by stride."""
    grids = []
    for stride in strides:
        rows, columns = np.mgrid[0 : height // stride, 0 : width // stride]
        grids.append(np.stack([columns.ravel(), rows.ravel(), np.full(rows.size, stride)], axis=1))
    cells = np.concatenate(grids).astype(np.float64)
    cells.flags.writeable = False
    return cells

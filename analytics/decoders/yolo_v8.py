"""Anchor-free heads that give (4 + classes) values per cell, without objectness.

The layout of YOLOv8 and later, which models under other licences use as well: cx, cy, w, h, then
the scores of the classes; channels first, or a row per cell.
"""

from __future__ import annotations

from analytics.decoders.base import (
    Candidates,
    ModelShape,
    Outputs,
    activated,
    best_class,
    candidates,
    expect,
    from_centres,
    in_pixels,
)


def yolo_v8(outputs: Outputs, shape: ModelShape) -> Candidates:
    """Read ``rows`` (4 + classes, cells) or (cells, 4 + classes)."""
    given = outputs["rows"]
    channels = 4 + shape.classes
    if given.ndim == 2 and given.shape[0] == channels:
        given = given.T
    rows = expect(given, (None, channels), "rows")
    scores, classes = best_class(activated(rows[:, 4:], shape))
    boxes = in_pixels(from_centres(rows[:, :4]), shape)
    return candidates(boxes, scores, classes, shape)

"""Models that suppress doubles themselves and give one row per object, in an order of their own."""

from __future__ import annotations

import numpy as np

from analytics.decoders.base import (
    Candidates,
    Floats,
    ModelShape,
    Outputs,
    candidates,
    expect,
    from_centres,
    in_pixels,
    wrong_output,
)


def nms_rows(outputs: Outputs, shape: ModelShape) -> Candidates:
    """Read ``rows`` (n, columns); the manifest says what the columns are.

    A row with a ``batch`` other than 0 belongs to no picture and is padding.
    """
    columns = shape.reading.columns
    rows = expect(outputs["rows"], (None, len(columns)), "rows")
    if "batch" in columns:
        rows = rows[rows[:, columns.index("batch")] == 0]

    def values(*names: str) -> Floats | None:
        if not all(name in columns for name in names):
            return None
        return rows[:, [columns.index(name) for name in names]]

    boxes = values("x0", "y0", "x1", "y1")
    centred = values("cx", "cy", "w", "h")
    rest = values("score", "class")
    if boxes is None and centred is not None:
        boxes = from_centres(centred)
    if boxes is None or rest is None:
        raise wrong_output(f"has the columns {', '.join(columns)}, which make no box")
    classes = rest[:, 1] - shape.reading.first_class
    return candidates(in_pixels(np.asarray(boxes), shape), rest[:, 0], classes, shape)

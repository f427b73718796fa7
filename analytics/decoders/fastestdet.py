"""FastestDet: one grid, one box for each cell.

Source: the post-processing that its author publishes with the model
(github.com/dog-qiuqiu/FastestDet). Channels are (objectness, dx, dy, w, h, classes…); objectness
and classes are activated in the graph. The middle is the cell plus tanh of the offset, the size is
the sigmoid as a share of the picture, the score is objectness times the best class.
"""

from __future__ import annotations

import numpy as np

from analytics.decoders.base import (
    Candidates,
    ModelShape,
    Outputs,
    best_class,
    candidates,
    expect,
    from_centres,
    sigmoid,
)


def fastestdet(outputs: Outputs, shape: ModelShape) -> Candidates:
    """Read ``map`` (5 + classes, rows, columns)."""
    grid = expect(outputs["map"], (5 + shape.classes, None, None), "map", empty=False)
    _, rows, columns = grid.shape
    cells = grid.reshape(len(grid), -1).T
    row, column = np.divmod(np.arange(rows * columns), columns)
    middle = np.tanh(cells[:, 1:3]) + np.stack([column, row], axis=1)
    middle *= (shape.width / columns, shape.height / rows)
    size = sigmoid(cells[:, 3:5]) * (shape.width, shape.height)
    scores, classes = best_class(cells[:, 5:])
    boxes = from_centres(np.concatenate([middle, size], axis=1))
    return candidates(boxes, scores * cells[:, 0], classes, shape)

"""Reads the grid of the ``moving-object`` model: foreground blocks to detections."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.events import Box, Detection

BLOCK = 4
"""Side of a block of the grid in pixels of the plane; the graph is generated with it."""

PERSON_LIKE, VEHICLE_LIKE, OBJECT = "person-like", "vehicle-like", "object"


@dataclass(frozen=True, slots=True)
class GridConfig:
    """How blobs are read. ``weak``: from this foreground value on a block belongs to a blob,
    ``strong``: a blob needs a block of at least this; ``min_blocks``: smaller blobs are noise;
    ``active_share``: a blob with fewer active blocks stands still and scores ``still_score`` at
    most, which is too little to begin a track.
    """

    weak: float = 0.7
    strong: float = 1.3
    min_blocks: int = 3
    active_share: float = 0.1
    still_score: float = 0.3
    max_detections: int = 64


def read_grid(
    foreground: NDArray[np.float32],
    active: NDArray[np.bool_],
    plane_size: tuple[int, int],
    aspect: float,
    config: GridConfig,
) -> list[Detection]:
    """Turn a grid (rows, columns) of foreground values into detections, the largest first.

    ``active`` marks the blocks that changed since the last frame: what a parked car or a person who
    left uncovers differs from the background, yet nothing moves there. ``plane_size`` is (height,
    width) of the plane in pixels, ``aspect`` the width of the camera's picture over its height. The
    score is half the mean foreground value of the blob, at most 1: a measure of contrast against
    noise, not a probability. Labels are hints from shape.
    """
    mask = (foreground >= config.weak).astype(np.uint8)
    if not mask.any():
        return []
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    height, width = plane_size
    found: list[tuple[int, Detection]] = []
    for index in range(1, count):
        column, row, columns, rows, blocks = (int(value) for value in stats[index])
        if blocks < config.min_blocks:
            continue
        part = slice(row, row + rows), slice(column, column + columns)
        inside = (labels[part] == index) & (mask[part] > 0)
        values = foreground[part][inside]
        if float(values.max()) < config.strong:
            continue
        box = Box(
            column * BLOCK / width,
            row * BLOCK / height,
            columns * BLOCK / width,
            rows * BLOCK / height,
        )
        moves = float(active[part][inside].mean()) >= config.active_share
        score = min(1.0 if moves else config.still_score, float(values.mean()) / 2)
        found.append((blocks, Detection(box, score, shape_hint(box, aspect))))
    found.sort(key=lambda pair: -pair[0])
    return [detection for _, detection in found[: config.max_detections]]


def shape_hint(box: Box, aspect: float) -> str:
    """Guess from the shape on the screen; an upright blob is also what a motorcycle rider makes."""
    ratio = box.w * aspect / max(box.h, 1e-9)
    if ratio <= 0.75:
        return PERSON_LIKE
    if ratio >= 1.15:
        return VEHICLE_LIKE
    return OBJECT

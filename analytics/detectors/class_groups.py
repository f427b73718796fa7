"""Suppression of boxes that mean the same object, within groups of classes.

A small detector calls one lorry ``car``, ``truck`` and ``bus`` at once, each with a box of its own;
suppression class by class would keep all three.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analytics.geometry import iou_matrix
from analytics.model.letterbox import Boxes

MOST_CANDIDATES = 400
"""More is noise; the bound keeps the cost of a picture full of it in check."""


def group_of_classes(classes: Sequence[str], groups: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Return the number of the group of each class; a class in none of them is a group of its own.

    Raises ValueError for a group that names an unknown class, or a class in two groups.
    """
    found = np.arange(len(classes), dtype=np.int64)
    placed: set[str] = set()
    for group in groups:
        for word in group:
            if word not in classes or not word:
                raise ValueError(f"a group names {word!r}, which is no class")
            if word in placed:
                raise ValueError(f"{word!r} is in two groups")
            placed.add(word)
            found[classes.index(word)] = classes.index(group[0])
    return found


def suppress(
    boxes: Boxes,
    scores: NDArray[np.float64],
    groups: NDArray[np.int64],
    iou: float,
    most: int,
) -> NDArray[np.int64]:
    """Return the indices of the boxes that remain, by falling score, at most ``most``.

    A box goes when a better one of its group overlaps it by more than ``iou``. Ties keep the order
    that the boxes came in.
    """
    order = np.argsort(-scores, kind="stable")[:MOST_CANDIDATES]
    rivals = iou_matrix(boxes[order], boxes[order]) > iou
    rivals &= groups[order][:, None] == groups[order][None, :]
    alive = np.ones(len(order), bool)
    for index in range(len(order)):
        if alive[index]:
            alive[index + 1 :] &= ~rivals[index, index + 1 :]
    kept: NDArray[np.int64] = order[alive][:most].astype(np.int64)
    return kept

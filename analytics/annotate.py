"""Draws what a detector found, for a person to look at. Events never carry drawn pictures."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.events import Detection

_COLOURS = ((60, 200, 60), (60, 120, 250), (250, 160, 40), (200, 80, 220), (40, 210, 240))


def annotate(picture: NDArray[np.uint8], found: Sequence[Detection]) -> NDArray[np.uint8]:
    """Draw boxes, labels and scores into a picture (height, width, 3) in blue, green, red.

    The picture itself is changed and returned. A label has the same colour everywhere.
    """
    height, width = picture.shape[:2]
    size = max(0.4, height / 1000)
    for one in found:
        colour = _COLOURS[zlib.crc32(one.label.encode()) % len(_COLOURS)]
        left, top = round(one.box.x * width), round(one.box.y * height)
        right = min(round((one.box.x + one.box.w) * width), width - 1)
        bottom = min(round((one.box.y + one.box.h) * height), height - 1)
        cv2.rectangle(picture, (left, top), (right, bottom), colour, 2)
        words = f"{one.label} {one.score:.2f}"
        place = (left + 2, max(top - 4, round(24 * size)))
        cv2.putText(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 3)
        cv2.putText(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1)
    return picture

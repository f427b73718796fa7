"""Where a picture lies in a model's input, to the pixel, and the way back.

The picture takes a rectangle of whole pixels; boxes go back over exactly that rectangle, not over
the ratio that it was rounded from, so that rounding shifts no box.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""Rows x0, y0, x1, y1."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The rectangle (pixels of the input) that shows the whole picture; the rest is padding."""

    x: int
    y: int
    width: int
    height: int

    def to_picture(self, boxes: Boxes) -> Boxes:
        """Turn boxes in pixels of the input into picture coordinates 0..1, not yet cut to it."""
        low = np.array([self.x, self.y, self.x, self.y], np.float64)
        size = np.array([self.width, self.height, self.width, self.height], np.float64)
        found: Boxes = (boxes - low) / size
        return found

    def to_input(self, boxes: Boxes) -> Boxes:
        """Turn boxes in picture coordinates 0..1 into pixels of the input."""
        low = np.array([self.x, self.y, self.x, self.y], np.float64)
        size = np.array([self.width, self.height, self.width, self.height], np.float64)
        found: Boxes = boxes * size + low
        return found


def place(
    picture: tuple[int, int],
    target: tuple[int, int],
    resize: Literal["letterbox", "stretch"],
    anchor: Literal["centre", "corner"] = "centre",
) -> Placement:
    """Return where a picture of (width, height) lies in an input of (width, height).

    ``letterbox`` fills one direction and keeps the shape of the picture to half a pixel.
    """
    width, height = target
    if resize == "stretch":
        return Placement(0, 0, width, height)
    own_width, own_height = max(picture[0], 1), max(picture[1], 1)
    if own_width * height >= own_height * width:
        inner_width, inner_height = width, _share(own_height, width, own_width)
    else:
        inner_width, inner_height = _share(own_width, height, own_height), height
    if anchor == "corner":
        return Placement(0, 0, inner_width, inner_height)
    return Placement(
        (width - inner_width) // 2, (height - inner_height) // 2, inner_width, inner_height
    )


def _share(part: int, of: int, whole: int) -> int:
    """``part * of / whole`` rounded half up, in whole numbers; a sliver still has a pixel."""
    return max(1, (2 * part * of + whole) // (2 * whole))

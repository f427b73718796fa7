"""Whether something stands in a place or was taken from it: its outline tells."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]


def rim_ratio(patch: NDArray[np.bool_], seen: Pixels, ground: Pixels, block: int) -> float:
    """Strength of the edges along the rim of a patch now over their strength in the ground.

    ``patch`` is in blocks of ``block`` pixels, ``seen`` and ``ground`` (height, width) in pixels.
    An object has an outline and the ground behind it has none: above 1 something was put there,
    under 1 it was taken away. A patch without a rim inside the picture gives 1.
    """
    height, width = seen.shape
    mask = cv2.resize(patch.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    kernel = np.ones((2 * block + 1, 2 * block + 1), np.uint8)
    rim = (cv2.dilate(mask, kernel) > 0) & (cv2.erode(mask, kernel) == 0)
    if not rim.any():
        return 1.0
    return float(_slope(seen)[rim].mean()) / max(float(_slope(ground)[rim].mean()), 1e-3)


def _slope(plane: Pixels) -> Pixels:
    smooth = cv2.GaussianBlur(plane, (3, 3), 0)
    across = np.abs(cv2.Sobel(smooth, cv2.CV_32F, 1, 0))
    return np.asarray(across + np.abs(cv2.Sobel(smooth, cv2.CV_32F, 0, 1)), np.float32)

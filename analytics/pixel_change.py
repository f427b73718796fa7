"""Whether something moves between two looks at a camera, from its small grey planes.

Independent of the detector: it confirms or refutes what the activity gate took from packet sizes.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

_SHRINK = 4
_LEAST_STEP = 5.0
_NOISE_TIMES = 4.0
_NOISE_RATE = 0.1
_NOISE_MAX = 10.0
_TOGETHER = np.ones((2, 2), np.uint8)


class PixelChange:
    """Compares each plane with the one before it, at a quarter of its size.

    A point has changed when it differs by more than ``_LEAST_STEP`` grey levels and four times its
    usual step, after the change of the whole picture's brightness is taken out; something moves
    where two by two such points lie together (8 x 8 pixels of the plane, 0.1 % of it). Usual steps
    are learned only where nothing moves. Not thread-safe.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._noise: NDArray[np.float32] | None = None

    def forget_picture(self) -> None:
        """Compare the next plane with none; what is known of the noise stays."""
        self._last = None

    def observe(self, plane: Plane) -> bool:
        """Take the next plane and say whether something moved since the last one."""
        height, width = plane.shape
        size = (max(1, width // _SHRINK), max(1, height // _SHRINK))
        small = np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
        last, self._last = self._last, small
        if last is None or last.shape != small.shape:
            return False
        step = small - last
        some = step[::_SHRINK, ::_SHRINK].ravel()
        step -= np.partition(some, some.size // 2)[some.size // 2]  # the upper median
        np.abs(step, out=step)
        if self._noise is None or self._noise.shape != small.shape:
            self._noise = np.minimum(step, np.float32(1.0))
        changed = (step > _LEAST_STEP + _NOISE_TIMES * self._noise).astype(np.uint8)
        moving = bool(cv2.erode(changed, _TOGETHER, borderValue=0).any())
        if not moving:
            usual = np.minimum(step, np.float32(_NOISE_MAX))
            self._noise += _NOISE_RATE * (usual - self._noise)
        return moving

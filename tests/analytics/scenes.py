"""Synthetic grey planes for tests: a textured background, noise, moving rectangles."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
Shape = tuple[int, int]
Rect = tuple[int, int, int, int]
"""x, y, w, h in pixels."""

STEP_US = 200_000


def street(shape: Shape = (180, 320), seed: int = 1) -> NDArray[np.float32]:
    """A background with large and small structure, grey levels 50 to 190."""
    rng = np.random.default_rng(seed)
    field = rng.normal(size=shape).astype(np.float32)
    mixed = cv2.GaussianBlur(field, (0, 0), 12) * 12 + cv2.GaussianBlur(field, (0, 0), 2)
    low, high = float(mixed.min()), float(mixed.max())
    return ((mixed - low) / (high - low) * 140 + 50).astype(np.float32)


def planes(
    frames: int,
    rects: Callable[[int], list[Rect]] = lambda _: [],
    *,
    noise: float = 3.0,
    light: Callable[[int], float] = lambda _: 0.0,
    level: int = 235,
    shape: Shape = (180, 320),
    seed: int = 1,
) -> Iterator[tuple[Plane, int]]:
    """Yield (plane, UTC microseconds) at five frames a second; ``light`` is added to a frame."""
    rng = np.random.default_rng(seed + 1)
    ground = street(shape, seed)
    for index in range(frames):
        picture = ground.copy()
        for x, y, w, h in rects(index):
            picture[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)] = level
        picture += light(index) + rng.normal(0, noise, shape)
        yield np.clip(picture, 0, 255).astype(np.uint8), index * STEP_US

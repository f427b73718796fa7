"""The background of one camera: its picture when nothing moves, and how much that flickers.

The first seconds are gathered and their median is the first background, so that what drives
through the picture meanwhile leaves no ghost. Then each pixel follows the frame at a speed that
depends on its block: quickly where there is background, slowly where there is something, a little
faster where that something stands still (a parked vehicle becomes part of the street, and the patch
that it leaves uncovered too). Speeds are times, not frames: the analysis rate may change.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
Grid = NDArray[np.float32]

_RIM = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class MotionConfig:
    """Times in seconds, differences in grey levels.

    ``learn_s`` and ``learn_frames``: the first background needs both. ``background_s``,
    ``moving_s``, ``still_s``: time constants of pixels in background, in moving and in standing
    foreground. ``still_level``: a block whose frames differ less than this, beyond noise, stands.
    ``noise_s``: time constant of the usual difference. ``changed_share``: with more foreground than
    this the scene itself has changed (a lamp, an infrared filter, the camera was turned), and after
    ``changed_frames`` such frames the background is learned anew. A gap over ``gap_s`` between
    frames does that at once; a camera at rest is looked at once in ten seconds or more often.
    """

    learn_s: float = 1.6
    learn_frames: int = 6
    background_s: float = 4.0
    moving_s: float = 120.0
    still_s: float = 20.0
    still_level: float = 3.0
    noise_s: float = 6.0
    noise_max: float = 12.0
    changed_share: float = 0.6
    changed_frames: int = 5
    gap_s: float = 12.0


@dataclass(slots=True)
class _Scene:
    """What was learned: background per pixel, usual difference per block."""

    mean: NDArray[np.float32]
    noise: Grid


class BackgroundModel:
    """Background and noise of one camera. Not thread-safe."""

    def __init__(self, block: int, config: MotionConfig | None = None) -> None:
        self._block = block
        self._config = config or MotionConfig()
        self._learning: deque[tuple[int, Plane]] = deque(maxlen=32)
        self._scene: _Scene | None = None
        self._last: Plane | None = None
        self._at_us = 0
        self._changed = 0
        self.resets = 0
        """How often a changed scene made it learn anew."""

    @property
    def known(self) -> bool:
        """Whether there is a background."""
        return self._scene is not None

    def ready(self, plane: Plane, at_us: int) -> tuple[Plane, Grid] | None:
        """Return background and noise for a frame, or None while they are still being learned.

        A frame of another size, from before the last one or long after it starts the learning anew.
        """
        if self._last is not None:
            gap = (at_us - self._at_us) / 1e6
            if plane.shape != self._last.shape or not 0 <= gap <= self._config.gap_s:
                self.reset()
        if self._scene is None:
            self._scene = self._learn(plane, at_us)
            self._last, self._at_us = plane, at_us
        if self._scene is None:
            return None
        return np.rint(self._scene.mean).astype(np.uint8), self._scene.noise

    def update(
        self, plane: Plane, at_us: int, foreground: Grid, difference: Grid
    ) -> NDArray[np.bool_] | None:
        """Learn from a frame for which :meth:`ready` gave a background and the model gave grids.

        Returns the blocks that differ from the last frame (foreground without such blocks stands
        still), or None where the picture as a whole has changed: its foreground is no object.
        """
        config, scene = self._config, self._scene
        if scene is None:
            raise RuntimeError("update() before ready() gave a background")
        elapsed = (at_us - self._at_us) / 1e6
        last, self._last, self._at_us = self._last, plane, at_us
        moving = foreground >= 1.0
        if np.count_nonzero(moving) > config.changed_share * moving.size:
            self._changed += 1
            if self._changed >= config.changed_frames:
                self.resets += 1
                self.reset()
            return None
        self._changed = 0
        # foreground teaches nothing of noise; else a waiting crowd would become noise
        rates = np.where(moving, 0.0, _rate(elapsed, config.noise_s)).astype(np.float32)
        usual = np.minimum(difference, np.float32(config.noise_max))
        scene.noise += rates * (usual - scene.noise)
        # a rim of one block around an object belongs to it
        busy = cv2.dilate((foreground >= 0.7).view(np.uint8), _RIM) > 0
        rates = np.full(foreground.shape, _rate(elapsed, config.background_s), np.float32)
        rates[busy] = _rate(elapsed, config.moving_s)
        active = self._active(plane, last, scene.noise)
        rates[busy & ~active] = _rate(elapsed, config.still_s)
        step = cv2.subtract(plane, scene.mean, dtype=cv2.CV_32F)
        step = cv2.multiply(step, self._spread(rates, plane.shape), step)
        scene.mean = np.asarray(cv2.add(scene.mean, step, scene.mean), np.float32)
        return active

    def pixels_of(self, window: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return a copy of the background in a window of blocks."""
        return self._known().mean[self._pixels(window)].copy()

    def noise_of(self, window: tuple[slice, slice]) -> Grid:
        """Return the usual difference of the blocks of a window."""
        return self._known().noise[window]

    def samples(self) -> NDArray[np.float32]:
        """Return a copy of one pixel in eight each way: enough to tell how bright it is."""
        return self._known().mean[::8, ::8].copy()

    def put(
        self, window: tuple[slice, slice], mask: NDArray[np.bool_], pixels: NDArray[np.float32]
    ) -> None:
        """Make pixels the background in the blocks of a window that ``mask`` names."""
        where = mask.repeat(self._block, axis=0).repeat(self._block, axis=1)
        np.copyto(self._known().mean[self._pixels(window)], pixels, where=where)

    def _known(self) -> _Scene:
        if self._scene is None:
            raise RuntimeError("there is no background yet")
        return self._scene

    def _pixels(self, window: tuple[slice, slice]) -> tuple[slice, slice]:
        rows, columns = window
        block = self._block
        return (
            slice(rows.start * block, rows.stop * block),
            slice(columns.start * block, columns.stop * block),
        )

    def reset(self) -> None:
        """Forget everything and learn anew."""
        self._learning.clear()
        self._scene = self._last = None
        self._changed = 0

    def _learn(self, plane: Plane, at_us: int) -> _Scene | None:
        config = self._config
        self._learning.append((at_us, plane))
        if len(self._learning) < config.learn_frames:
            return None
        if at_us - self._learning[0][0] < config.learn_s * 1e6:
            return None
        stack = np.stack([kept for _, kept in self._learning])
        self._learning.clear()
        mean = np.median(stack, axis=0).astype(np.float32)
        # blurred as in the model, and the median over time, for an object that passes is no noise;
        # 1.2 is what the mean of a normal distribution's magnitude has over its median
        deviation = np.stack([np.abs(cv2.blur(kept - mean, (3, 3))) for kept in stack])
        usual = 1.2 * np.median(deviation, axis=0).astype(np.float32)
        return _Scene(mean, np.minimum(self._blocks(usual), np.float32(config.noise_max)))

    def _blocks(self, plane: NDArray[np.float32]) -> Grid:
        """Mean over blocks; a rest at the right or below is cut off, as in the model."""
        rows, columns = (side // self._block for side in plane.shape)
        covered = plane[: rows * self._block, : columns * self._block]
        # by a whole number this is the mean exactly, and ten times as fast as numpy's
        grid = cv2.resize(covered, (columns, rows), interpolation=cv2.INTER_AREA)
        return np.asarray(grid, np.float32)

    def _active(self, plane: Plane, last: Plane | None, noise: Grid) -> NDArray[np.bool_]:
        if last is None:
            return np.zeros(noise.shape, np.bool_)
        step = np.asarray(cv2.subtract(plane, last, dtype=cv2.CV_32F), np.float32)
        step -= _middle(step[:: self._block, :: self._block])  # a change of exposure
        np.abs(step, out=step)
        # white noise steps 4.2 times as far from frame to frame as its blurred mean deviates
        active: NDArray[np.bool_] = self._blocks(step) >= self._config.still_level + 5 * noise
        return active

    def _spread(self, grid: Grid, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Give each pixel the value of its block; the rest at the edges takes its neighbour's."""
        rows, columns = (side * self._block for side in grid.shape)
        wide = cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_NEAREST)
        full: NDArray[np.float32] = np.asarray(wide, np.float32)
        rest = ((0, shape[0] - rows), (0, shape[1] - columns))
        return np.pad(full, rest, "edge") if full.shape != shape else full


def _middle(values: NDArray[np.float32]) -> float:
    """The upper median: numpy's own takes longer over its arguments than over the values."""
    flat = values.ravel()
    return float(np.partition(flat, flat.size // 2)[flat.size // 2])


def _rate(elapsed: float, time_constant: float) -> float:
    return 1.0 - math.exp(-elapsed / time_constant)

"""A place where something rests, and the ground below it: what differs from it, and who is there.

Places are windows of blocks of the built-in model's grid, and a mask of those that count.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.builtin.moving_object import BLOCK, PERSON_LIKE
from analytics.detectors.motion import BackgroundModel, Grid, Plane
from analytics.events import Box, Detection
from analytics.geometry import corners, cover_matrix

Mask = NDArray[np.bool_]
Pixels = NDArray[np.float32]
Window = tuple[slice, slice]

_VALLEY = 0.2
_UPRIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Place:
    """``window`` are the blocks of a place and a rim around it, ``mask`` those that count, ``grid``
    the rows and columns of the whole picture.
    """

    window: Window
    mask: Mask
    grid: tuple[int, int]

    @classmethod
    def of(cls, box: Box, foreground: Grid) -> Place:
        """Return the blocks of a box that are foreground, closed and with a rim."""
        rows, columns = foreground.shape
        top, left = round(box.y * rows), round(box.x * columns)
        bottom, right = round((box.y + box.h) * rows), round((box.x + box.w) * columns)
        window = (
            slice(max(0, top - 2), min(rows, bottom + 2)),
            slice(max(0, left - 2), min(columns, right + 2)),
        )
        seen = (foreground[window] >= 0.7).astype(np.uint8)
        return cls(window, cv2.dilate(seen, np.ones((3, 3), np.uint8)) > 0, (rows, columns))

    def seen_in(self, plane: Plane) -> Pixels:
        """Return what a plane shows of the window."""
        return plane[pixels(self.window)].astype(np.float32)

    def share(self, blocks: Mask) -> float:
        """Share of the blocks that count which are among those of a whole grid."""
        return float(blocks[self.window][self.mask].mean())


@dataclass(slots=True)
class Hold:
    """A place and the ground below what is there.

    ``below`` is the ground in pixels and ``around`` samples of the whole background of that time,
    which tell how the light has changed. ``resting`` says that what is there is part of the
    background now.
    """

    box: Box
    label: str
    score: float
    place: Place
    below: Pixels
    around: Pixels
    since_us: int
    resting: bool

    def ground(self, background: BackgroundModel) -> Pixels:
        """Return the ground as it looks in the light of now, by the median of samples."""
        lighter = (background.samples() + 8.0) / (self.around + 8.0)
        return self.below * np.float32(np.median(lighter))

    def cover(self, blob: Detection) -> float:
        """Share of a blob that lies in the box of the place."""
        return float(cover_matrix(corners([blob.box]), corners([self.box]))[0, 0])

    def lies_in(self, box: Box) -> bool:
        """Say whether most of the place is in a box."""
        return bool(cover_matrix(corners([self.box]), corners([box]))[0, 0] >= 0.5)


def unlikeness(window: Window, seen: Pixels, ground: Pixels, limit: Grid) -> Grid:
    """How much each block of a window differs from the ground; from 1 on it is foreground.

    ``limit`` (rows, columns of the window) are the grey levels that noise may explain.
    """
    difference = np.abs(cv2.blur(seen - ground, (3, 3)))
    rows, columns = (side.stop - side.start for side in window)
    blocks = difference.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))
    return np.asarray(blocks / limit, np.float32)


def parted(hold: Hold, unlike: Mask) -> list[Hold]:
    """Part people who came to rest side by side and are one blob; else return the hold alone.

    ``unlike`` are the blocks of the window that differ from the ground. Where but shadows or an arm
    touch there are all but empty columns between upright figures.
    """
    cuts = _valleys((unlike & hold.place.mask).sum(axis=0))
    if not cuts:
        return [hold]
    edges = [0, *cuts, unlike.shape[1]]
    parts = [_part(hold, slice(begin, end), unlike) for begin, end in itertools.pairwise(edges)]
    return [part for part in parts if part is not None]


def _valleys(heights: NDArray[np.integer]) -> list[int]:
    """Return the columns at which to cut: in the middle of what lies between upright figures."""
    tall = heights >= max(heights.max(initial=0) / 2, 1)
    steps = np.flatnonzero(np.diff(np.concatenate([[False], tall, [False]]).astype(np.int8)))
    runs = [(int(begin), int(end)) for begin, end in steps.reshape(-1, 2)]
    if any(heights[begin:end].max() < _UPRIGHT * (end - begin) for begin, end in runs):
        return []
    cuts = []
    for (begin, end), (after, last) in itertools.pairwise(runs):
        between = heights[end:after]
        lower = min(heights[begin:end].max(), heights[after:last].max())
        if between.min() <= _VALLEY * lower:
            lowest = np.flatnonzero(between == between.min())
            cuts.append(end + int(lowest[len(lowest) // 2]))
    return cuts


def _part(hold: Hold, columns: slice, unlike: Mask) -> Hold | None:
    rows, whole = hold.place.window
    window = rows, slice(whole.start + columns.start, whole.start + columns.stop)
    mask = hold.place.mask[:, columns]
    held = np.argwhere(unlike[:, columns] & mask)
    if not len(held):
        return None
    (top, left), (bottom, right) = held.min(axis=0), held.max(axis=0) + 1
    all_rows, all_columns = hold.place.grid
    box = Box(
        (window[1].start + int(left)) / all_columns,
        (rows.start + int(top)) / all_rows,
        int(right - left) / all_columns,
        int(bottom - top) / all_rows,
    )
    below = hold.below[:, columns.start * BLOCK : columns.stop * BLOCK].copy()
    place = Place(window, mask, hold.place.grid)
    return replace(hold, box=box, label=PERSON_LIKE, place=place, below=below)


def joined(now: Pixels, window: Window, known: Pixels, known_window: Window) -> Pixels:
    """Return pixels of a window with those of another window put in where the two overlap."""
    (rows, columns), (known_rows, known_columns) = pixels(window), pixels(known_window)
    top, bottom = max(rows.start, known_rows.start), min(rows.stop, known_rows.stop)
    left, right = max(columns.start, known_columns.start), min(columns.stop, known_columns.stop)
    if top < bottom and left < right:
        now[
            top - rows.start : bottom - rows.start, left - columns.start : right - columns.start
        ] = known[
            top - known_rows.start : bottom - known_rows.start,
            left - known_columns.start : right - known_columns.start,
        ]
    return now


def pixels(window: Window) -> Window:
    """Return the pixels of a window of blocks."""
    rows, columns = window
    return (
        slice(rows.start * BLOCK, rows.stop * BLOCK),
        slice(columns.start * BLOCK, columns.stop * BLOCK),
    )

"""Who stands still is kept: a memory of the ground under what has come to rest in a background.

A background model sees what differs from it and learns what stays; who waits for minutes would
become part of the room. Here a blob that has come to rest is put into the background at once, so
that whoever passes in front of it is a blob of their own, while the ground *below* it is
remembered. From then on it is told in every look, as long as its place does not look like that
ground again. When something moves in its place the ground is put back, and what moves is seen whole
against it: nobody leaves a ghost behind.

Two layers of background are an old idea (Kim et al., "Real-time foreground-background segmentation
using codebook model", 2005, section 5); the tests by block are those of the built-in model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.builtin.moving_object import BLOCK
from analytics.events import Box, Detection
from analytics.geometry import corners, cover_matrix, iou_matrix
from analytics.motion import BackgroundModel, Grid, Plane
from analytics.outline import rim_ratio

_Mask = NDArray[np.bool_]
_Window = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class StandingConfig:
    """Times in seconds, shares of the blocks of a place.

    ``rest_s``: a blob that stays where it is and does not move for so long has come to rest;
    ``linger_s``: one that stays but moves (who shifts from foot to foot) has its ground remembered
    after that. ``same``: IoU of a blob in place with itself. ``still_share``: with fewer blocks
    active nothing moves; ``wake_share``: with more, what rests moves. ``there_share``: with fewer
    blocks unlike the ground, it is gone. ``outline``: a place whose rim has edges weaker than this
    times those of the ground below is where something was taken away, and is nobody. ``longest_s``:
    after that it belongs to the room.
    """

    rest_s: float = 2.0
    linger_s: float = 4.0
    same: float = 0.5
    still_share: float = 0.1
    wake_share: float = 0.25
    there_share: float = 0.3
    outline: float = 0.7
    longest_s: float = 3600.0
    floor: float = 6.0
    noise_gain: float = 3.0
    max_holds: int = 32


@dataclass(slots=True)
class _Candidate:
    """A blob that stays where it is: since when, since when nothing moves in it, and the ground
    below its window as it was in the beginning, before the background took from the blob.
    """

    box: Box
    since_us: int
    still_us: int
    moved: bool
    window: _Window
    below: NDArray[np.float32]


@dataclass(slots=True)
class _Hold:
    """A place and the ground below what is there.

    ``window`` are its blocks, ``mask`` those of them that count, ``below`` the ground in pixels and
    ``around`` samples of the whole background of that time, which tell how the light has changed.
    ``resting`` says that it is part of the background now.
    """

    box: Box
    label: str
    score: float
    window: _Window
    mask: _Mask
    below: NDArray[np.float32]
    around: NDArray[np.float32]
    since_us: int
    resting: bool


class Standing:
    """What rests in the picture of one camera. Not thread-safe.

    Memory is bounded by ``max_holds`` planes.
    """

    def __init__(self, config: StandingConfig | None = None) -> None:
        self._config = config or StandingConfig()
        self._candidates: list[_Candidate] = []
        self._holds: list[_Hold] = []

    @property
    def resting(self) -> int:
        """How many rest now."""
        return sum(hold.resting for hold in self._holds)

    def reset(self) -> None:
        """Forget everything: the background is learned anew."""
        self._candidates, self._holds = [], []

    def observe(
        self,
        plane: Plane,
        at_us: int,
        grids: tuple[Grid, _Mask],
        found: Sequence[Detection],
        background: BackgroundModel,
    ) -> list[Detection]:
        """Take a look after the background has learned from it; return what is there.

        ``grids`` are the foreground and the active blocks of this look, ``found`` the blobs that
        were read from them.
        """
        foreground, active = grids
        told, blobs = self._follow_holds(plane, at_us, active, list(found), background)
        self._follow_blobs(plane, at_us, (foreground, active), blobs, background)
        return blobs + told

    def _follow_holds(
        self,
        plane: Plane,
        at_us: int,
        active: _Mask,
        blobs: list[Detection],
        background: BackgroundModel,
    ) -> tuple[list[Detection], list[Detection]]:
        """Return those who rest, and the blobs that are not pieces of them."""
        kept: list[_Hold] = []
        told: list[Detection] = []
        for hold in self._holds:
            ground = hold.below * _light(hold.around, background)
            gone = self._unlike(hold, plane, ground, background) < self._config.there_share
            if gone:
                background.put(hold.window, hold.mask, ground)
                blobs = [blob for blob in blobs if _cover(blob, hold) < 0.5]
                continue
            if at_us - hold.since_us > self._config.longest_s * 1e6:
                continue
            kept.append(hold)
            if not hold.resting:
                background.put(hold.window, hold.mask, ground)  # it never becomes the person
                continue
            told.append(Detection(hold.box, hold.score, hold.label))
            pieces = [blob for blob in blobs if _cover(blob, hold) >= 0.5]
            moves = float(active[hold.window][hold.mask].mean()) >= self._config.wake_share
            if moves and (pieces or not blobs):
                hold.resting = False
                background.put(hold.window, hold.mask, ground)
            blobs = [blob for blob in blobs if blob not in pieces]
        self._holds = kept
        return told, blobs

    def _unlike(
        self, hold: _Hold, plane: Plane, ground: NDArray[np.float32], background: BackgroundModel
    ) -> float:
        """Share of a place's blocks that differ from the ground below it."""
        seen = plane[_pixels(hold.window)].astype(np.float32)
        unlike = self._unlikeness((hold.window, hold.mask), seen, ground, background)
        return float((unlike >= 1.0).mean())

    def _unlikeness(
        self,
        place: tuple[_Window, _Mask],
        seen: NDArray[np.float32],
        ground: NDArray[np.float32],
        background: BackgroundModel,
    ) -> Grid:
        """How much each block that counts differs from the ground; from 1 on it is foreground."""
        window, mask = place
        difference = _blocks(np.abs(cv2.blur(seen - ground, (3, 3))))
        config = self._config
        limit = config.floor + config.noise_gain * background.noise_of(window)
        return np.asarray((difference / limit)[mask], np.float32)

    def _follow_blobs(
        self,
        plane: Plane,
        at_us: int,
        grids: tuple[Grid, _Mask],
        blobs: Sequence[Detection],
        background: BackgroundModel,
    ) -> None:
        """Follow the blobs that stay where they are, and hold those that have done so for long."""
        config, before, self._candidates = self._config, self._candidates, []
        same = iou_matrix(corners([b.box for b in blobs]), corners([c.box for c in before]))
        for index, blob in enumerate(blobs):
            window = _window(blob.box, grids[0].shape)
            mask = _mask(grids[0], window)
            moves = float(grids[1][window][mask].mean()) >= config.still_share
            row = same[index]
            if len(before) and float(row.max()) >= config.same:
                one = before[int(row.argmax())]
                one.moved |= moves
            else:
                below = background.pixels_of(window)
                one = _Candidate(blob.box, at_us, at_us, moves, window, below)
            if moves:
                one.still_us = at_us
            rests = at_us - one.still_us >= config.rest_s * 1e6
            if rests or at_us - one.since_us >= config.linger_s * 1e6:
                self._hold(plane, at_us, blob, (window, mask), one, background, resting=rests)
            if not rests:
                self._candidates.append(one)

    def _hold(
        self,
        plane: Plane,
        at_us: int,
        blob: Detection,
        place: tuple[_Window, _Mask],
        candidate: _Candidate,
        background: BackgroundModel,
        *,
        resting: bool,
    ) -> None:
        """Remember the ground below a blob; where it rests, make it part of the background."""
        window, mask = place
        inside = [hold for hold in self._holds if not hold.resting and _within(hold, blob.box)]
        if not resting and inside:
            return  # its ground is known already
        if len(self._holds) - len(inside) >= self._config.max_holds:
            return
        below = _joined(background.pixels_of(window), window, candidate)
        seen = plane[_pixels(window)].astype(np.float32)
        if rim_ratio(mask, seen, below, BLOCK) < self._config.outline:
            return
        self._holds = [hold for hold in self._holds if hold not in inside]
        score = max([blob.score, *(hold.score for hold in inside)])
        if candidate.moved:
            unlike = self._unlikeness((window, mask), seen, below, background)
            score = max(score, min(1.0, float(unlike.mean()) / 2))
        since = min([hold.since_us for hold in inside], default=candidate.since_us)
        around = background.samples()
        self._holds.append(
            _Hold(blob.box, blob.label, score, window, mask, below, around, since, resting)
        )
        if resting:
            background.put(window, mask, seen)


def _within(hold: _Hold, box: Box) -> bool:
    return bool(cover_matrix(corners([hold.box]), corners([box]))[0, 0] >= 0.5)


def _cover(blob: Detection, hold: _Hold) -> float:
    """Share of a blob that lies in the box of a place."""
    return float(cover_matrix(corners([blob.box]), corners([hold.box]))[0, 0])


def _light(around: NDArray[np.float32], background: BackgroundModel) -> np.float32:
    """How much brighter the background is than it was, by the median of samples."""
    return np.float32(np.median((background.samples() + 8.0) / (around + 8.0)))


def _joined(
    now: NDArray[np.float32], window: _Window, candidate: _Candidate
) -> NDArray[np.float32]:
    """Return the ground below a window: where the candidate knows it, as it was before."""
    (rows, columns), (known_rows, known_columns) = _pixels(window), _pixels(candidate.window)
    top, bottom = max(rows.start, known_rows.start), min(rows.stop, known_rows.stop)
    left, right = max(columns.start, known_columns.start), min(columns.stop, known_columns.stop)
    if top < bottom and left < right:
        now[
            top - rows.start : bottom - rows.start, left - columns.start : right - columns.start
        ] = candidate.below[
            top - known_rows.start : bottom - known_rows.start,
            left - known_columns.start : right - known_columns.start,
        ]
    return now


def _window(box: Box, shape: tuple[int, ...]) -> _Window:
    """Return the blocks of a box and a rim of two around them."""
    rows, columns = shape
    top, left = round(box.y * rows), round(box.x * columns)
    bottom, right = round((box.y + box.h) * rows), round((box.x + box.w) * columns)
    return (
        slice(max(0, top - 2), min(rows, bottom + 2)),
        slice(max(0, left - 2), min(columns, right + 2)),
    )


def _mask(foreground: Grid, window: _Window) -> _Mask:
    """Return the blocks of a window that are foreground, closed and with a rim."""
    seen = (foreground[window] >= 0.7).astype(np.uint8)
    return np.asarray(cv2.dilate(seen, np.ones((3, 3), np.uint8)) > 0)


def _pixels(window: _Window) -> _Window:
    rows, columns = window
    return (
        slice(rows.start * BLOCK, rows.stop * BLOCK),
        slice(columns.start * BLOCK, columns.stop * BLOCK),
    )


def _blocks(pixels: NDArray[np.float32]) -> Grid:
    rows, columns = pixels.shape[0] // BLOCK, pixels.shape[1] // BLOCK
    grid: Grid = pixels.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))
    return grid

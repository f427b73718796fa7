"""The rule "somebody tampers with the camera", from the grey plane, once a second.

The view is learned as a small picture of its structure (what differs from its surroundings) and of
its edges, with its sharpness and contrast. Each look is compared with that:

- black: dark and flat; frozen: exactly the same plane, which the noise of a sensor never gives;
- the structure is still there, but the edges are gone: defocused;
- the structure is gone, and contrast or edges with it: covered; without: moved.

All are compared after dividing by the mean brightness, so a change of the light is none of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.rulebook.book import TamperRule
from analytics.rules.base import WHOLE_BOX, Alarm, CoolDown, Hit, Sight, Uncounted, place_hit

COVERED, DEFOCUSED, MOVED, FROZEN, BLACK = "covered", "defocused", "moved", "frozen", "black"
CAUSES = (COVERED, DEFOCUSED, MOVED, FROZEN, BLACK)

_EVERY_US = 1_000_000
_BLOCK = 8
_BLACK_MEAN, _BLACK_DEVIATION = 20.0, 2.0
_RAISED = 8.0
"""Added to the brightness before dividing by it, which keeps a dark picture calm."""
_ADAPT_S = 300.0
_RELEARN_US = 60_000_000
_LEAST_LOOKS = 3

_Grid = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _View:
    """What is compared of a plane: structure and edges by block, sharpness and contrast."""

    structure: _Grid
    edges: _Grid
    sharpness: float
    contrast: float


class Tamper(Uncounted):
    """Applies one :class:`TamperRule`. Needs planes; without them it says nothing.

    A view that was moved becomes the normal one after a minute: the new view is then watched.
    """

    def __init__(self, rule: TamperRule) -> None:
        self._rule = rule
        self._cool_down = CoolDown(rule.cool_down_s)
        self._alarms = {cause: Alarm(rule.after_s, rule.clear_s) for cause in CAUSES}
        self._view: _View | None = None
        self._began_us: int | None = None
        self._looks = 0
        self._last: NDArray[np.uint8] | None = None
        self._last_us = 0
        self._moved_us: int | None = None

    @property
    def held_back(self) -> int:
        """Hits that fell into a cool-down since the start."""
        return self._cool_down.held_back

    def see(self, sight: Sight) -> list[Hit]:
        """Take one frame; return what was found to be wrong in it."""
        plane, at_us = sight.plane, sight.at_us
        if plane is None or (self._last is not None and at_us - self._last_us < _EVERY_US):
            return []
        cause = self._judge(plane, at_us)
        self._last, self._last_us = plane, at_us
        hits: list[Hit] = []
        for name, alarm in self._alarms.items():
            if alarm.update(name == cause, at_us) and self._cool_down.allows(at_us):
                hits.append(place_hit(f"tamper_{name}", self._rule, "", WHOLE_BOX))
        self._relearn(cause, at_us)
        return hits

    def _judge(self, plane: NDArray[np.uint8], at_us: int) -> str:
        """Name what is wrong with a plane, or return an empty text."""
        if self._last is not None and np.array_equal(self._last, plane):
            return FROZEN
        mean, deviation = float(plane.mean()), float(plane.std())
        if mean < _BLACK_MEAN and deviation < _BLACK_DEVIATION:
            return BLACK
        seen = view_of(plane)
        if self._view is None or self._view.structure.shape != seen.structure.shape:
            self._view, self._began_us, self._looks = seen, at_us, 0
        if self._began_us is not None:  # learning
            self._looks += 1
            self._view = _mixed(self._view, seen, 1 / self._looks)
            long_enough = at_us - self._began_us >= self._rule.learn_s * 1e6
            if long_enough and self._looks >= _LEAST_LOOKS:
                self._began_us = None
            return ""
        cause = self._compare(seen, self._view)
        if not cause:
            share = min(1.0, (at_us - self._last_us) / 1e6 / _ADAPT_S)
            self._view = _mixed(self._view, seen, share)
        return cause

    def _compare(self, seen: _View, known: _View) -> str:
        rule = self._rule
        same = max(
            correlation(seen.structure, known.structure), correlation(seen.edges, known.edges)
        )
        sharp = seen.sharpness / max(known.sharpness, 1e-6)
        if same >= rule.same:
            return DEFOCUSED if sharp < rule.sharp else ""
        hidden = seen.contrast < rule.contrast * known.contrast or sharp < rule.sharp
        return COVERED if hidden else MOVED

    def _relearn(self, cause: str, at_us: int) -> None:
        if cause != MOVED:
            self._moved_us = None
        elif self._moved_us is None:
            self._moved_us = at_us
        elif self._alarms[MOVED].raised and at_us - self._moved_us >= _RELEARN_US:
            self._view, self._moved_us = None, None


def view_of(plane: NDArray[np.uint8]) -> _View:
    """Measure a plane (height, width)."""
    height, width = plane.shape
    size = max(2, width // _BLOCK), max(2, height // _BLOCK)
    mean = float(plane.mean()) + _RAISED
    # halved first: that takes the sensor's noise out of the edges, and a quarter of the cost
    half = cv2.resize(
        plane, (max(4, width // 2), max(4, height // 2)), interpolation=cv2.INTER_AREA
    )
    small = half.astype(np.float32) / mean
    slope = np.abs(cv2.Sobel(small, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(small, cv2.CV_32F, 0, 1))
    blocks = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    edges = cv2.resize(slope, size, interpolation=cv2.INTER_AREA)
    return _View(
        np.asarray(blocks - cv2.GaussianBlur(blocks, (0, 0), 2.5), np.float32),
        np.asarray(edges, np.float32),
        float(np.percentile(slope, 95)),  # the strong edges: noise is in all of them
        float(small.std()),
    )


def correlation(a: _Grid, b: _Grid) -> float:
    """Pearson's coefficient of two grids; 0 where one of them is flat."""
    x, y = a.ravel() - a.mean(), b.ravel() - b.mean()
    scale = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / scale if scale > 1e-9 else 0.0


def _mixed(known: _View, seen: _View, share: float) -> _View:
    return _View(
        known.structure + np.float32(share) * (seen.structure - known.structure),
        known.edges + np.float32(share) * (seen.edges - known.edges),
        known.sharpness + share * (seen.sharpness - known.sharpness),
        known.contrast + share * (seen.contrast - known.contrast),
    )

"""The rule "something was left, or taken away", from the grey plane, twice a second.

A patch counts that differs from the learned background and keeps still. It was left where its rim
has stronger edges now than in the background, else taken away: an object has an outline, and the
ground behind it has none.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.detectors.outline import rim_ratio
from analytics.events import Box, Track
from analytics.geometry import corners, cover_matrix, foot
from analytics.rulebook.book import LeftObjectRule
from analytics.rules.base import Area, CoolDown, Hit, Sight, Uncounted, place_hit

LEFT, REMOVED = "object_left", "object_removed"

_EVERY_US = 500_000
_BLOCK = 4
_ADAPT_S = 20.0
_GONE_S = 5.0
"""A patch must have looked like the background that long before it is told anew."""
_RAISED = 8.0
_SAMPLES = 9

_Grid = NDArray[np.float32]
_Mask = NDArray[np.bool_]


class LeftObject(Uncounted):
    """Applies one :class:`LeftObjectRule`. Needs planes; without them it says nothing."""

    def __init__(self, rule: LeftObjectRule) -> None:
        self._rule = rule
        self._area = Area(rule.zone)
        self._cool_down = CoolDown(rule.cool_down_s)
        self._ground: NDArray[np.float32] | None = None
        self._began_us: int | None = None
        self._samples: list[_Grid] = []
        self._last_us = 0
        self._held = self._since = self._away = np.zeros(0, np.float32)
        self._told: _Mask = np.zeros(0, bool)

    @property
    def held_back(self) -> int:
        """Hits that fell into a cool-down since the start."""
        return self._cool_down.held_back

    def see(self, sight: Sight) -> list[Hit]:
        """Take one frame; return what was found left or taken away in it."""
        plane, at_us = sight.plane, sight.at_us
        if plane is None:
            return []
        if self._ground is None or self._ground.shape != plane.shape:
            self._start(plane, at_us)
            return []
        if at_us - self._last_us < _EVERY_US:
            return []
        elapsed = (at_us - self._last_us) / 1e6
        self._last_us = at_us
        seen = plane.astype(np.float32) * _gain(plane, self._ground)
        if self._began_us is not None:
            self._learn(seen, (at_us - self._began_us) / 1e6 / self._rule.learn_s)
            return []
        return self._find(seen, self._ground, elapsed, sight)

    def _start(self, plane: NDArray[np.uint8], at_us: int) -> None:
        self._ground = plane.astype(np.float32)
        self._began_us = self._last_us = at_us
        self._samples = [self._ground]
        shape = _blocks(self._ground).shape
        self._held = np.zeros(shape, np.float32)
        self._since = np.zeros(shape, np.float32)
        self._away = np.full(shape, np.float32(_GONE_S))
        self._told = np.zeros(shape, bool)

    def _learn(self, seen: _Grid, share: float) -> None:
        """Take samples while learning; then the median, which who passes by does not smear."""
        if share * _SAMPLES >= len(self._samples):
            self._samples.append(seen)
        if share >= 1:
            self._ground = np.asarray(np.median(self._samples, axis=0), np.float32)
            self._samples, self._began_us = [], None

    def _find(self, seen: _Grid, below: _Grid, elapsed: float, sight: Sight) -> list[Hit]:
        """Follow the patches by block: how long each has differed and kept still."""
        blocks, ground = _blocks(seen), _blocks(below)
        differs = np.abs(blocks - ground) >= self._rule.contrast
        still = differs & (np.abs(blocks - self._held) < self._rule.contrast / 2)
        self._since = np.where(still, self._since + np.float32(elapsed), np.float32(0))
        self._held = np.where(still, self._held, blocks)
        self._away = np.where(differs, np.float32(0), self._away + np.float32(elapsed))
        self._told &= self._away < _GONE_S
        _adapt(below, seen, ~differs, elapsed)
        ready = (self._since >= self._rule.after_s) & ~self._told
        return self._tell(ready, seen, below, sight) if ready.any() else []

    def _tell(self, ready: _Mask, seen: _Grid, ground: _Grid, sight: Sight) -> list[Hit]:
        count, labels, stats, _ = cv2.connectedComponentsWithStats(
            ready.astype(np.uint8), connectivity=8
        )
        rows, columns = ready.shape
        hits: list[Hit] = []
        for index in range(1, count):
            x, y, w, h, size = (int(value) for value in stats[index])
            box = Box(x / columns, y / rows, w / columns, h / rows)
            if not self._rule.min_size <= size / ready.size <= self._rule.max_size:
                continue
            if not self._area.holds(foot(box)) or self._somebody(box, sight.tracks):
                continue
            patch = labels == index
            near = cv2.dilate(patch.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            known = bool((self._told & near).any())
            self._told |= patch
            if known or not self._cool_down.allows(sight.at_us):
                continue  # the rest of a patch that was told already
            kind = LEFT if rim_ratio(patch, seen, ground, _BLOCK) >= 1.0 else REMOVED
            still_s = float(self._since[patch].min())
            hits.append(place_hit(kind, self._rule, self._area.id, box, still_s=still_s))
        return hits

    def _somebody(self, box: Box, tracks: Sequence[Track]) -> bool:
        """Say whether the patch is somebody who stands there."""
        boxes = [
            track.box
            for track in tracks
            if track.seen and track.confirmed and track.label in self._rule.owners
        ]
        return bool((cover_matrix(corners([box]), corners(boxes)) > 0.5).any())


def _adapt(ground: _Grid, seen: _Grid, same: _Mask, elapsed: float) -> None:
    """Let the background follow slow changes, in place, where nothing stands."""
    height, width = seen.shape
    mask = cv2.resize(same.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
    ground += mask * np.float32(min(1.0, elapsed / _ADAPT_S)) * (seen - ground)


def _blocks(plane: _Grid) -> _Grid:
    height, width = plane.shape
    size = max(1, width // _BLOCK), max(1, height // _BLOCK)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def _gain(plane: NDArray[np.uint8], ground: _Grid) -> np.float32:
    """What makes the plane as bright as the background: the median over blocks."""
    ratio = (_blocks(ground) + _RAISED) / (_blocks(plane.astype(np.float32)) + _RAISED)
    return np.float32(np.median(ratio))

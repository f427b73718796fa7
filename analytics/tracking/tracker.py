"""Joins the detections of successive frames to tracks with steady ids.

The life of a track: it begins at a strong detection that belongs to nobody, counts when it was
found often enough (``confirmed``), is predicted on while it is out of sight, and ends. How tracks
move is ``track_motion``, what belongs to whom ``association``, the tuning ``tracker_config``.

Two objects that cross become one blob for a background detector. Tracks that such a blob covers
share it: they move on as predicted until it splits again, instead of swapping ids.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.events import Box, Detection, Track
from analytics.geometry import Corners, Point, corners, paired_iou
from analytics.tracking.association import fragments, hidden, match
from analytics.tracking.config import BLOBS, TrackerConfig
from analytics.tracking.motion import Motion


@dataclass(slots=True, eq=False)
class _Life:
    """One track but for its motion. ``owned_us``: when it last had a detection to itself."""

    id: int
    origin: Point
    labels: Counter[str]
    score: float
    first_us: int
    last_us: int
    owned_us: int
    hits: int = 1
    steady: float = 0.0
    travel: float = 0.0
    confirmed: bool = False
    seen: bool = True


class Tracker:
    """The tracks of one camera. Not thread-safe: one camera is processed by one thread at a time.

    Invariants: an id is given once; a detection feeds at most one track by itself; times never run
    back within a track (a jump of the clock ends all tracks).
    """

    def __init__(self, config: TrackerConfig | None = None) -> None:
        self._config = config or BLOBS
        self._next_id = 1
        self.reset()

    def use(self, config: TrackerConfig) -> None:
        """Go on with another tuning: the camera has another detector. Ends all tracks."""
        if config is not self._config:
            self._config = config
            self.reset()

    def reset(self) -> None:
        """Forget every track; ids go on counting."""
        self._lives: list[_Life] = []
        self._motion = Motion(self._config)
        self._at_us: int | None = None
        self._clutter = 0.0

    def update(self, detections: Sequence[Detection], at_us: int) -> list[Track]:
        """Take the detections of a frame captured at ``at_us``; return the tracks alive after it.

        Tracks come in the order of their ids, unconfirmed and unseen ones included.
        """
        config = self._config
        elapsed = 0.0 if self._at_us is None else (at_us - self._at_us) / 1e6
        if elapsed < 0 or elapsed > config.gap_s:
            self.reset()
            elapsed = 0.0
        self._at_us = at_us
        self._motion.predict(elapsed)
        for life in self._lives:
            life.seen = False
        boxes = corners([found.box for found in detections])
        owners = self._match(detections, boxes)
        blobs = self._shared(boxes, owners, at_us)
        self._correct(detections, boxes, owners, blobs, at_us)
        failed = self._drop_lost(at_us, elapsed)
        share = 1 - math.exp(-max(elapsed, 1e-3) / config.clutter_s)
        self._clutter += (failed - self._clutter) * share
        self._begin(detections, boxes, owners, at_us)
        return self._views()

    def _match(self, detections: Sequence[Detection], boxes: Corners) -> dict[int, int]:
        if not self._lives or not detections:
            return {}
        weights = np.array(
            [1.0 if one.confirmed else self._config.tentative for one in self._lives]
        )
        scores = np.array([found.score for found in detections])
        return match(self._motion, weights, boxes, scores, self._config)

    def _shared(self, boxes: Corners, owners: dict[int, int], at_us: int) -> set[int]:
        """Keep the tracks alive that hide in another's blob.

        Returns the indices of such detections: their box says nothing of one object.
        """
        config = self._config
        if not config.shared_s:
            return set()
        taken = set(owners.values())
        waiting = [
            index
            for index, life in enumerate(self._lives)
            if index not in taken
            and life.confirmed
            and at_us - life.owned_us <= config.shared_s * 1e6
        ]
        sure = {index: own for index, own in owners.items() if self._lives[own].confirmed}
        found = hidden(self._motion.boxes, waiting, boxes, sure, config.merge_growth)
        for track in found:
            self._lives[track].last_us = at_us
            self._lives[track].seen = True
        return set(found.values())

    def _correct(
        self,
        detections: Sequence[Detection],
        boxes: Corners,
        owners: dict[int, int],
        blobs: set[int],
        at_us: int,
    ) -> None:
        """Give each owner its detection; where that is a shared blob, trust the prediction."""
        config = self._config
        for own in owners.values():
            self._lives[own].seen = True
            self._lives[own].last_us = at_us
        clear = [index for index in owners if index not in blobs]
        tracks = [owners[index] for index in clear]
        fits = paired_iou(self._motion.boxes[tracks], boxes[clear]).tolist()
        self._motion.correct(tracks, boxes[clear])
        middles = ((boxes[clear, :2] + boxes[clear, 2:]) / 2).tolist()
        for index, own, fit, (x, y) in zip(clear, tracks, fits, middles, strict=True):
            life, found = self._lives[own], detections[index]
            if config.steady and life.hits >= 2:  # the first step is what a prediction is made from
                life.steady = fit if life.hits == 2 else (life.steady + fit) / 2
            life.hits += 1
            life.owned_us = at_us
            life.confirmed |= life.hits >= config.confirm_hits and life.steady >= config.steady
            life.labels[found.label] += 1
            life.score = found.score
            if found.score >= config.high_score:  # the ghost of an object may shrink, not travel
                away = math.hypot(x - life.origin[0], y - life.origin[1])
                life.travel = max(life.travel, away)

    def _drop_lost(self, at_us: int, elapsed: float) -> int:
        """End the tracks that were not seen for long; return how many had never been confirmed."""
        config, boxes = self._config, self._motion.boxes
        within = (boxes[:, 2:] > 0.0) & (boxes[:, :2] < 1.0)
        inside = within[:, 0] & within[:, 1]
        kept = np.zeros(len(self._lives), np.bool_)
        for index, life in enumerate(self._lives):
            limit = config.lost_s if life.confirmed else config.tentative_lost_s
            kept[index] = inside[index] and at_us - life.last_us <= max(limit, elapsed) * 1e6
        if kept.all():
            return 0
        gone = [life for life, stays in zip(self._lives, kept, strict=True) if not stays]
        self._lives = [life for life, stays in zip(self._lives, kept, strict=True) if stays]
        self._motion.keep(kept)
        return sum(not life.confirmed for life in gone)

    def _begin(
        self,
        detections: Sequence[Detection],
        boxes: Corners,
        owners: dict[int, int],
        at_us: int,
    ) -> None:
        config = self._config
        least = min(config.high_score + config.clutter_gain * self._clutter, config.clutter_score)
        new = [
            index
            for index, found in enumerate(detections)
            if index not in owners and found.score >= least
        ]
        held = [index for index, life in enumerate(self._lives) if life.seen and life.confirmed]
        pieces = fragments(boxes[new], self._motion.boxes[held])
        new = [index for index, piece in zip(new, pieces, strict=True) if not piece]
        new = new[: max(0, config.max_tracks - len(self._lives))]
        if not new:
            return
        self._motion.add(boxes[new])
        for index in new:
            found, (x0, y0, x1, y1) = detections[index], boxes[index]
            middle = (float(x0 + x1) / 2, float(y0 + y1) / 2)
            labels = Counter([found.label])
            life = _Life(self._next_id, middle, labels, found.score, at_us, at_us, at_us)
            life.confirmed = config.confirm_hits <= 1
            self._lives.append(life)
            self._next_id += 1

    def _views(self) -> list[Track]:
        rows = np.clip(self._motion.boxes, 0.0, 1.0)
        rows[:, 2:] -= rows[:, :2]
        return [
            Track(
                id=life.id,
                box=Box(*row),
                score=life.score,
                label=max(life.labels, key=life.labels.__getitem__),
                first_us=life.first_us,
                last_us=life.last_us,
                confirmed=life.confirmed,
                seen=life.seen,
                travel=life.travel,
            )
            for life, row in zip(self._lives, rows.tolist(), strict=True)
        ]

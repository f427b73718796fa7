"""Own two-stage IoU tracker: joins detections of successive frames to tracks with steady ids.

Sources of the ideas, written anew here: two stages by score from ByteTrack (Zhang et al., ECCV
2022); boxes grown before IoU, so that small or fast objects at a low analysis rate still overlap,
from C-BIoU (Yang et al., WACV 2023). Motion is a constant velocity, smoothed. Assignment is greedy
by falling affinity, which for the few overlapping boxes of a street differs rarely from the optimum
and is deterministic.

Two objects that cross become one blob for a background detector. Tracks that such a blob covers
share it: they move on as predicted until it splits again, instead of swapping ids.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.events import Detection, Track
from analytics.geometry import (
    Corners,
    areas,
    clamped,
    corners,
    cover_matrix,
    grown,
    intersections,
    iou_matrix,
)


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """What the tracker is tuned by; times in seconds, lengths in picture sizes.

    ``high_score``: from here on a detection may begin a track; weaker ones only carry one on.
    ``clutter_gain``: by how much that rises for each track a frame that began and came to nothing,
    at most to ``clutter_score``; so rain, leaves and noise raise the bar for themselves.
    ``clutter_s``: time constant of that count.
    ``confirm_hits``: frames with the object before the track counts; ``steady``: how well its boxes
    must by then lie where they were predicted (running mean of IoU), which specks of rain or noise
    that happen to follow one another do not. ``lost_s``: how long a
    confirmed track is predicted on without being seen; one that was never confirmed ends at once
    after ``tentative_lost_s``. Either may be missed in one frame, however long ago the last one was
    up to ``gap_s``: a camera at rest is looked at once per keyframe. ``buffers``: growth of the
    boxes in the two rounds of matching;
    ``young_buffer``: the same for a track of unknown velocity. ``shared_s``: how long tracks may
    hide in one blob. ``max_tracks`` bounds the cost of a frame full of noise.
    """

    high_score: float = 0.35
    clutter_gain: float = 0.3
    clutter_score: float = 0.7
    clutter_s: float = 5.0
    confirm_hits: int = 4
    steady: float = 0.25
    lost_s: float = 2.0
    gap_s: float = 6.0
    tentative_lost_s: float = 0.5
    min_affinity: float = 0.05
    buffers: tuple[float, float] = (0.25, 0.6)
    young_buffer: float = 1.0
    buffer_floor: float = 0.01
    shared_s: float = 3.0
    merge_growth: float = 1.6
    velocity_gain: float = 0.4
    size_gain: float = 0.5
    max_tracks: int = 100


class _State:
    """One track while it lives: corners, velocity of its middle per second, and its counts."""

    __slots__ = (
        "box",
        "confirmed",
        "first_us",
        "hits",
        "id",
        "labels",
        "last_us",
        "origin",
        "owned_us",
        "score",
        "seen",
        "steady",
        "travel",
        "velocity",
    )

    def __init__(self, track_id: int, row: NDArray[np.float64], found: Detection, at_us: int):
        self.id = track_id
        self.box = row.copy()
        self.velocity = np.zeros(2)
        self.origin = (row[:2] + row[2:]) / 2
        self.travel = 0.0
        self.steady = 0.0
        self.confirmed = False
        self.labels = Counter([found.label])
        self.score = found.score
        self.hits = 1
        self.first_us = self.last_us = self.owned_us = at_us
        self.seen = True


class Tracker:
    """The tracks of one camera. Not thread-safe: one camera is processed by one thread at a time.

    Invariants: an id is given once; a detection feeds at most one track by itself; times never run
    back within a track (a jump of the clock ends all tracks).
    """

    def __init__(self, config: TrackerConfig | None = None) -> None:
        self._config = config or TrackerConfig()
        self._states: list[_State] = []
        self._next_id = 1
        self._at_us: int | None = None
        self._clutter = 0.0

    def update(self, detections: Sequence[Detection], at_us: int) -> list[Track]:
        """Take the detections of a frame captured at ``at_us``; return the tracks alive after it.

        Tracks come in the order of their ids, unconfirmed and unseen ones included.
        """
        elapsed = 0.0 if self._at_us is None else (at_us - self._at_us) / 1e6
        if elapsed < 0 or elapsed > self._config.gap_s:
            self._states = []
        self._at_us = at_us
        for state in self._states:
            self._predict(state, elapsed)
        boxes = corners([found.box for found in detections])
        owners = self._match(detections, boxes)
        shared = self._shared(boxes, owners)
        dt = max(elapsed, 1e-3)
        for index, found in enumerate(detections):
            if index in owners:
                owner = owners[index]
                self._correct(owner, boxes[index], found, at_us, dt, blob=index in shared)
        failed = self._drop_lost(at_us, elapsed)
        self._clutter += (failed - self._clutter) * (1 - math.exp(-dt / self._config.clutter_s))
        least = self._birth_score()
        for index, found in enumerate(detections):
            if index not in owners and found.score >= least:
                self._begin(boxes[index], found, at_us)
        return [self._view(state) for state in self._states]

    def reset(self) -> None:
        """Forget every track; ids go on counting."""
        self._states = []
        self._at_us = None

    def _predict(self, state: _State, elapsed: float) -> None:
        step = state.velocity * elapsed
        state.box[:2] += step
        state.box[2:] += step
        state.seen = False

    def _match(self, detections: Sequence[Detection], boxes: Corners) -> dict[int, _State]:
        """Assign detections to tracks in two rounds; return the owner by index of detection."""
        config = self._config
        scores = np.array([found.score for found in detections])
        strong = [i for i in range(len(detections)) if scores[i] >= config.high_score]
        owners: dict[int, _State] = {}
        for buffer, candidates in zip(
            config.buffers, (strong, range(len(detections))), strict=True
        ):
            taken = {state.id for state in owners.values()}
            states = [state for state in self._states if state.id not in taken]
            free = [i for i in candidates if i not in owners]
            if not states or not free:
                continue
            affinity = self._affinity(states, boxes[free], buffer)
            for row, column in greedy(affinity, config.min_affinity):
                owners[free[column]] = states[row]
        return owners

    def _affinity(self, states: list[_State], boxes: Corners, buffer: float) -> NDArray[np.float64]:
        """IoU of grown boxes, (tracks, detections); confirmed tracks go before tentative ones."""
        config = self._config
        rows = np.stack([state.box for state in states])
        share = np.array(
            [max(buffer, config.young_buffer) if s.hits < 2 else buffer for s in states]
        )
        affinity = np.zeros((len(states), len(boxes)))
        for value in np.unique(share):
            chosen = share == value
            even = np.full(len(boxes), value)
            affinity[chosen] = iou_matrix(
                grown(rows[chosen], share[chosen], config.buffer_floor),
                grown(boxes, even, config.buffer_floor),
            )
        tentative = np.array([not state.confirmed for state in states])
        affinity[tentative] *= 0.9
        return affinity

    def _shared(self, boxes: Corners, owners: dict[int, _State]) -> set[int]:
        """Find blobs that cover more tracks than their owner; keep those tracks alive.

        Returns the indices of such detections: their box says nothing of one object.
        """
        config = self._config
        taken = {state.id for state in owners.values()}
        waiting = [s for s in self._states if s.id not in taken and s.confirmed]
        blobs = [i for i, s in owners.items() if s.confirmed]
        if not waiting or not blobs:
            return set()
        cover = cover_matrix(np.stack([state.box for state in waiting]), boxes[blobs])
        own = np.stack([owners[i].box for i in blobs])
        larger = areas(boxes[blobs]) > config.merge_growth * np.maximum(areas(own), 1e-9)
        # in a full occlusion the blob is no larger than the object in front
        behind = cover_matrix(np.stack([state.box for state in waiting]), own) > 0.3
        hidden = (cover > 0.5) & (larger[None, :] | behind)
        at_us = self._at_us or 0
        shared: set[int] = set()
        for row, state in enumerate(waiting):
            if hidden[row].any() and at_us - state.owned_us <= config.shared_s * 1e6:
                state.last_us = at_us
                state.seen = True
                shared.add(blobs[int(np.argmax(np.where(hidden[row], cover[row], -1.0)))])
        return shared

    def _correct(
        self,
        state: _State,
        row: NDArray[np.float64],
        found: Detection,
        at_us: int,
        dt: float,
        *,
        blob: bool,
    ) -> None:
        config = self._config
        state.seen = True
        state.last_us = at_us
        if blob:  # trust the prediction
            return
        if state.hits >= 2:  # the first step is what the prediction is made from
            fit = float(iou_matrix(state.box[None, :], row[None, :])[0, 0])
            state.steady = fit if state.hits == 2 else (state.steady + fit) / 2
        middle = (row[:2] + row[2:]) / 2
        error = middle - (state.box[:2] + state.box[2:]) / 2
        since = max(dt, (at_us - state.owned_us) / 1e6)
        gain = 1.0 if state.hits == 1 else config.velocity_gain
        state.velocity = state.velocity + gain * error / since
        size = state.box[2:] - state.box[:2]
        size = size + config.size_gain * (row[2:] - row[:2] - size)
        state.box = np.concatenate([middle - size / 2, middle + size / 2])
        state.hits += 1
        state.confirmed |= state.hits >= config.confirm_hits and state.steady >= config.steady
        state.owned_us = at_us
        state.labels[found.label] += 1
        state.score = found.score
        if found.score >= config.high_score:  # the ghost of an object may shrink, not travel
            state.travel = max(state.travel, float(np.hypot(*(middle - state.origin))))

    def _birth_score(self) -> float:
        config = self._config
        return min(config.high_score + config.clutter_gain * self._clutter, config.clutter_score)

    def _drop_lost(self, at_us: int, elapsed: float) -> int:
        """End the tracks that were not seen for long; return how many had never been confirmed."""
        config = self._config
        kept: list[_State] = []
        for state in self._states:
            limit = config.lost_s if state.confirmed else config.tentative_lost_s
            inside = bool(np.all(state.box[2:] > 0.0) and np.all(state.box[:2] < 1.0))
            if inside and at_us - state.last_us <= max(limit, elapsed) * 1e6:
                kept.append(state)
        failed = sum(not state.confirmed for state in self._states)
        failed -= sum(not state.confirmed for state in kept)
        self._states = kept
        return failed

    def _begin(self, row: NDArray[np.float64], found: Detection, at_us: int) -> None:
        if len(self._states) >= self._config.max_tracks or self._fragment(row):
            return
        self._states.append(_State(self._next_id, row, found, at_us))
        self._next_id += 1

    def _fragment(self, row: NDArray[np.float64]) -> bool:
        """Say whether a new box is but a piece of an object that a track holds already."""
        held = [s.box for s in self._states if s.seen and s.confirmed]
        if not held:
            return False
        one = row[None, :]
        return bool(
            (intersections(one, np.stack(held)) > 0.8 * np.maximum(areas(one), 1e-12)).any()
        )

    def _view(self, state: _State) -> Track:
        x0, y0, x1, y1 = (float(value) for value in state.box)
        return Track(
            id=state.id,
            box=clamped(x0, y0, x1, y1),
            score=state.score,
            label=state.labels.most_common(1)[0][0],
            first_us=state.first_us,
            last_us=state.last_us,
            confirmed=state.confirmed,
            seen=state.seen,
            travel=state.travel,
        )


def greedy(affinity: NDArray[np.float64], least: float) -> list[tuple[int, int]]:
    """Pair rows with columns by falling affinity, each at most once, none below ``least``.

    Ties go to the lower row, then the lower column.
    """
    work = affinity.copy()
    pairs: list[tuple[int, int]] = []
    for _ in range(min(work.shape)):
        row, column = divmod(int(np.argmax(work)), work.shape[1])
        if work[row, column] < least:
            break
        pairs.append((row, column))
        work[row, :] = -1.0
        work[:, column] = -1.0
    return pairs

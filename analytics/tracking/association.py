"""Which detection belongs to which track, and which tracks hide in one blob. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analytics.geometry import Corners, areas, cover_matrix, intersections
from analytics.tracking.config import Round, TrackerConfig
from analytics.tracking.motion import Motion

Values = NDArray[np.float64]


def affinity(tracks: Corners, found: Corners, share: Values, floor: float) -> Values:
    """IoU (n, m) of tracks (n) and detections (m), both widened by the track's ``share`` (n,) of
    their own sides, at least by ``floor`` of the picture.

    Widened boxes are from C-BIoU (Yang et al., WACV 2023): small or fast objects at a low rate of
    analysis still overlap.
    """
    sides = np.maximum((tracks[:, 2:] - tracks[:, :2]) * share[:, None], floor)[:, None]
    others = np.maximum((found[:, 2:] - found[:, :2])[None] * share[:, None, None], floor)
    low, high = tracks[:, None, :2] - sides, tracks[:, None, 2:] + sides
    other_low, other_high = found[None, :, :2] - others, found[None, :, 2:] + others
    shared = np.clip(np.minimum(high, other_high) - np.maximum(low, other_low), 0.0, None)
    both = shared[..., 0] * shared[..., 1]
    size, other_size = high - low, other_high - other_low
    union = size[..., 0] * size[..., 1] + other_size[..., 0] * other_size[..., 1] - both
    likely: Values = np.divide(both, union, out=np.zeros_like(both), where=union > 0)
    return likely


def match(
    motion: Motion,
    weights: Values,
    boxes: Corners,
    scores: Values,
    config: TrackerConfig,
) -> dict[int, int]:
    """Assign detections to tracks; return the track by index of detection, at most one each.

    Strong detections first, then weak ones for the tracks that are left, which is ByteTrack's idea
    (Zhang et al., ECCV 2022), then what is left of the strong, from farther away.
    """
    owners: dict[int, int] = {}
    free = list(range(len(motion)))
    tracks, doubt = motion.boxes, motion.doubt
    strong = np.flatnonzero(scores >= config.high_score)
    weak = np.flatnonzero(scores < config.high_score)
    rounds: tuple[tuple[Round, NDArray[np.intp]], ...] = (
        (config.strong, strong),
        (config.weak, weak),
        (config.rest, strong),
    )
    for settings, candidates in rounds:
        wanted = [int(index) for index in candidates if index not in owners]
        if not wanted or not free:
            continue
        share = np.minimum(settings.reach * doubt[free], settings.widest)
        likely = affinity(tracks[free], boxes[wanted], share, settings.floor)
        likely *= weights[free][:, None]
        if config.gate:
            likely *= np.exp(-config.gate * motion.surprise(free, boxes[wanted]))
        pairs = greedy(likely, settings.least)
        for row, column in pairs:
            owners[wanted[column]] = free[row]
        taken = {row for row, _ in pairs}
        free = [track for row, track in enumerate(free) if row not in taken]
    return owners


def greedy(likely: Values, least: float) -> list[tuple[int, int]]:
    """Pair rows with columns by falling affinity, each at most once, none below ``least``.

    Ties go to the lower row, then the lower column. For the few overlapping boxes of a street this
    differs rarely from the optimum, and it is deterministic.
    """
    flat = likely.ravel()
    enough = np.flatnonzero(flat >= least)
    pairs: list[tuple[int, int]] = []
    rows: set[int] = set()
    columns: set[int] = set()
    for place in enough[np.argsort(-flat[enough], kind="stable")].tolist():
        row, column = divmod(place, likely.shape[1])
        if row not in rows and column not in columns:
            pairs.append((row, column))
            rows.add(row)
            columns.add(column)
    return pairs


def hidden(
    tracks: Corners,
    waiting: Sequence[int],
    boxes: Corners,
    owners: dict[int, int],
    growth: float,
) -> dict[int, int]:
    """Find the tracks that hide in another's blob; return the index of the blob by track.

    ``waiting`` are tracks that were not found, ``owners`` the tracks of blobs. A blob hides a track
    that it covers where it is ``growth`` times as large as its owner was, or, in a full occlusion,
    where the track was behind the owner already.
    """
    if not waiting or not owners:
        return {}
    blobs = list(owners)
    own = tracks[[owners[index] for index in blobs]]
    lost = tracks[list(waiting)]
    cover = cover_matrix(lost, boxes[blobs])
    larger = areas(boxes[blobs]) > growth * np.maximum(areas(own), 1e-9)
    inside = (cover > 0.5) & (larger[None, :] | (cover_matrix(lost, own) > 0.3))
    return {
        track: blobs[int(np.argmax(np.where(inside[row], cover[row], -1.0)))]
        for row, track in enumerate(waiting)
        if inside[row].any()
    }


def fragments(boxes: Corners, held: Corners) -> NDArray[np.bool_]:
    """Say of each box whether it is but a piece of an object that is held already."""
    if not len(held) or not len(boxes):
        return np.zeros(len(boxes), np.bool_)
    least = 0.8 * np.maximum(areas(boxes), 1e-12)
    return np.asarray((intersections(boxes, held) > least[:, None]).any(axis=1), np.bool_)

"""Runs in the environment of ``benchmarks.tracking``, not in the project's: TrackEval and the peer.

Reads from the standard input, as JSON, sequences of frames with truth, detections and the tracks of
the tracker under test, lets ByteTrack of ``trackers`` follow the same detections, and writes the
metrics of each tracker over all sequences of a group. Imports nothing of the project.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import numpy as np
import supervision as sv  # type: ignore[import-not-found]
from trackers import ByteTrackTracker  # type: ignore[import-not-found]
from trackeval.metrics import CLEAR, HOTA, Identity  # type: ignore[import-not-found]

Frames = list[dict[str, Any]]
Rows = list[list[float]]

_PIXELS = 1000.0
"""ByteTrack's motion model has its noise in pixels: normalised boxes are enlarged for it."""


def byte_track(frames: Frames, options: dict[str, float]) -> list[Rows]:
    """Return the rows id, x, y, w, h of ByteTrack for each frame (score, x, y, w, h)."""
    tracker = ByteTrackTracker(**options)
    found: list[Rows] = []
    for frame in frames:
        rows = np.array(frame["detections"], dtype=np.float64).reshape(-1, 5)
        boxes = rows[:, 1:].copy()
        boxes[:, 2:] += boxes[:, :2]
        tracks = tracker.update(sv.Detections(xyxy=boxes * _PIXELS, confidence=rows[:, 0]))
        kept = []
        for identity, (x0, y0, x1, y1) in zip(
            tracks.tracker_id, tracks.xyxy / _PIXELS, strict=True
        ):
            if identity >= 0:
                kept.append([int(identity), x0, y0, x1 - x0, y1 - y0])
        found.append(kept)
    return found


def overlap(a: Any, b: Any) -> Any:
    """IoU of rows x, y, w, h: (n, m)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum((a[:, :2] + a[:, 2:])[:, None], (b[:, :2] + b[:, 2:])[None])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=2)
    return shared / (np.prod(a[:, 2:], axis=1)[:, None] + np.prod(b[:, 2:], axis=1) - shared)


def sequence(truth: list[Rows], tracks: list[Rows]) -> dict[str, Any]:
    """Return what TrackEval's metrics take: ids from 0 without gaps, and IoU for each frame."""
    sides = []
    for side in (truth, tracks):
        frames = [np.array(rows, dtype=np.float64).reshape(-1, 5) for rows in side]
        known = np.unique(np.concatenate([rows[:, 0] for rows in frames]))
        sides.append((frames, [np.searchsorted(known, rows[:, 0]) for rows in frames], len(known)))
    (gt, gt_ids, gt_count), (found, found_ids, found_count) = sides
    return {
        "num_timesteps": len(gt),
        "num_gt_ids": gt_count,
        "num_tracker_ids": found_count,
        "num_gt_dets": sum(map(len, gt)),
        "num_tracker_dets": sum(map(len, found)),
        "gt_ids": gt_ids,
        "tracker_ids": found_ids,
        "similarity_scores": [overlap(a[:, 1:], b[:, 1:]) for a, b in zip(gt, found, strict=True)],
    }


def score(sequences: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Return HOTA, its two halves, IDF1, MOTA (shares) and identity switches of all sequences."""
    quiet = {"PRINT_CONFIG": False}
    whole = {}
    for metric in (HOTA(), Identity(quiet), CLEAR(quiet)):
        each = {name: metric.eval_sequence(data) for name, data in sequences.items()}
        whole[metric.get_name()] = metric.combine_sequences(each)
    hota, clear = whole["HOTA"], whole["CLEAR"]
    return {
        "HOTA": float(np.mean(hota["HOTA"])),
        "DetA": float(np.mean(hota["DetA"])),
        "AssA": float(np.mean(hota["AssA"])),
        "IDF1": float(whole["Identity"]["IDF1"]),
        "MOTA": float(clear["MOTA"]),
        "switches": float(clear["IDSW"]),
    }


def main() -> None:
    """Score every group."""
    asked = json.load(sys.stdin)
    found: dict[str, dict[str, dict[str, float]]] = {}
    with contextlib.redirect_stdout(sys.stderr):  # TrackEval speaks
        for group, sequences in asked["groups"].items():
            results: dict[str, dict[str, dict[str, Any]]] = {}
            for name, frames in sequences.items():
                truth = [frame["truth"] for frame in frames]
                outputs = {kind: [frame[kind] for frame in frames] for kind in asked["own"]}
                for kind, options in asked["peers"].items():
                    outputs[kind] = byte_track(frames, options)
                for kind, tracks in outputs.items():
                    results.setdefault(kind, {})[name] = sequence(truth, tracks)
            found[group] = {kind: score(every) for kind, every in results.items()}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

"""What the tracking benchmark feeds to the trackers and hands to the scores."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.events import Box, Detection, Track
from benchmarks.own_environment import ROOT
from benchmarks.tracking import (
    Disturbance,
    disturbed,
    figures_of,
    follow_truth,
    frame_record,
    rows_of,
    truth_rows,
)

NONE = Disturbance(jitter=0.0, miss=0.0, weak=0.0, false=0.0)
ROW = [7.0, 0.4, 0.4, 0.2, 0.1]


def track(number: int, *, confirmed: bool, seen: bool) -> Track:
    box = Box(0.4, 0.4, 0.2, 0.1)
    return Track(number, box, 0.9, "object", 0, 0, confirmed, seen, 0.0)


def test_undisturbed_truth_is_the_truth() -> None:
    (found,) = disturbed([ROW], NONE, np.random.default_rng(1))
    box = found.box
    assert [box.x, box.y, box.w, box.h] == pytest.approx(ROW[1:])
    assert found.score >= 0.6


def test_truth_is_missed_and_false_boxes_are_added() -> None:
    random = np.random.default_rng(1)
    assert disturbed([ROW] * 50, Disturbance(miss=1.0, false=0.0), random) == []
    counts = [len(disturbed([], Disturbance(false=2.0), random)) for _ in range(200)]
    assert 1.5 < np.mean(counts) < 2.5


def test_disturbed_boxes_stay_in_the_picture() -> None:
    random = np.random.default_rng(1)
    edge = [[1.0, 0.0, 0.0, 0.1, 0.1], [2.0, 0.9, 0.9, 0.1, 0.1]]
    for _ in range(100):
        for one in disturbed(edge, Disturbance(jitter=0.5), random):
            assert one.box.x >= 0
            assert one.box.y >= 0
            assert one.box.x + one.box.w <= 1 + 1e-9
            assert one.box.y + one.box.h <= 1 + 1e-9


def test_a_frame_holds_truth_detections_and_the_tracks_that_rules_act_on() -> None:
    tracks = [
        track(1, confirmed=True, seen=True),
        track(2, confirmed=False, seen=True),
        track(3, confirmed=True, seen=False),
    ]
    assert rows_of(tracks) == [[1, 0.4, 0.4, 0.2, 0.1]]
    found = [Detection(Box(0.1, 0.2, 0.3, 0.4), 0.5, "object")]
    record = frame_record(truth_rows([{"id": 7, "box": ROW[1:]}]), found, tracks)
    assert record["truth"] == [ROW]
    assert record["detections"] == [[0.5, 0.1, 0.2, 0.3, 0.4]]


def test_a_standing_object_keeps_one_id_at_five_frames_a_second() -> None:
    records = follow_truth([[ROW]] * 100, NONE, 1)
    assert len(records) == 20
    assert {row[0] for record in records for row in record["own"]} == {1}


def test_the_peer_shown_is_the_better_one() -> None:
    scores = {
        "own": {"HOTA": 0.5, "IDF1": 0.5, "MOTA": 0.5},
        "a": {"HOTA": 0.6, "IDF1": 0.2, "MOTA": 0.1},
        "b": {"HOTA": 0.4, "IDF1": 0.4, "MOTA": 0.1},
    }
    hota, idf1, _ = figures_of("group", scores)
    assert (hota.peer_name, hota.peer) == ("a", 60.0)
    assert idf1.peer_name == "b"
    assert idf1.ratio == pytest.approx(1.25)


def test_the_environment_is_pinned_by_hash() -> None:
    text = (ROOT / "requirements" / "bench-tracking.txt").read_text()
    assert "trackeval==" in text
    assert "torch" not in text
    pinned = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
    assert all(line.endswith("\\") for line in pinned)

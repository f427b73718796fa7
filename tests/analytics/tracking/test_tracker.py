from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.events import Box, Detection, Track
from analytics.tracking.association import greedy
from analytics.tracking.config import BLOBS, CLASSES, TrackerConfig
from analytics.tracking.tracker import Tracker
from ingest.gate.packet_sizes import SizeConfig

STEP_US = 200_000  # five frames a second
Path = Callable[[float], tuple[float, float] | None]
"""Middle of an object at a time in seconds, or None where it cannot be seen."""


def detection(x: float, y: float, w: float = 0.05, h: float = 0.1, score: float = 0.9) -> Detection:
    return Detection(Box(x - w / 2, y - h / 2, w, h), score, "object")


def run(paths: list[Path], seconds: float, *, jitter: float = 0.0, seed: int = 0) -> list[set[int]]:
    """Track objects along paths; return for each the ids of the confirmed tracks that sat on it."""
    rng = np.random.default_rng(seed)
    tracker, ids = Tracker(), [set[int]() for _ in paths]
    for index in range(int(seconds * 1e6) // STEP_US):
        places = [path(index * STEP_US / 1e6) for path in paths]
        visible = [place for place in places if place is not None]
        noise = rng.normal(0, jitter, (len(visible), 2))
        found = [detection(x + dx, y + dy) for (x, y), (dx, dy) in zip(visible, noise, strict=True)]
        tracks = tracker.update(found, index * STEP_US)
        for number, place in enumerate(places):
            if place is not None:
                owner = nearest(tracks, place)
                if owner is not None:
                    ids[number].add(owner)
    return ids


def nearest(tracks: list[Track], place: tuple[float, float]) -> int | None:
    ranked = [
        (np.hypot(t.box.x + t.box.w / 2 - place[0], t.box.y + t.box.h / 2 - place[1]), t.id)
        for t in tracks
        if t.confirmed and t.seen
    ]
    distance, owner = min(ranked, default=(1.0, 0))
    return owner if distance < 0.03 else None


def test_parallel_objects_keep_their_ids() -> None:
    paths: list[Path] = [
        lambda t, row=row: (0.05 + 0.09 * t, 0.15 + 0.2 * row)  # type: ignore[misc]
        for row in range(4)
    ]
    ids = run(paths, 10, jitter=0.003)
    assert [len(one) for one in ids] == [1, 1, 1, 1]
    assert len(set.union(*ids)) == 4


@pytest.mark.parametrize("seed", range(5))
def test_crossing_objects_do_not_swap(seed: int) -> None:
    ids = run(
        [lambda t: (0.1 + 0.1 * t, 0.5), lambda t: (0.9 - 0.1 * t, 0.52)],
        8,
        jitter=0.002,
        seed=seed,
    )
    assert [len(one) for one in ids] == [1, 1]
    assert ids[0] != ids[1]


def test_short_occlusion_keeps_the_id() -> None:
    ids = run([lambda t: None if 3.0 <= t < 4.2 else (0.1 + 0.08 * t, 0.5)], 9)
    assert len(ids[0]) == 1


@pytest.mark.parametrize("preset", [BLOBS, CLASSES])
def test_who_stands_in_a_sleeping_camera_keeps_the_id(preset: TrackerConfig) -> None:
    """The gate lets a camera sleep that sends a keyframe in ten seconds."""
    rng = np.random.default_rng(3)
    tracker, at_us, ids = Tracker(preset), 0, set[int]()
    longest_us = round(SizeConfig().max_gop_s * 1e6)
    for step in [STEP_US] * 25 + [longest_us] * 12:
        at_us += step
        moved = min(at_us / 2e6, 1.0) * 0.1
        x, y = rng.normal(0, 0.002, 2)
        tracks = tracker.update([detection(0.4 + moved + x, 0.5 + y)], at_us)
        ids |= {track.id for track in tracks if track.confirmed and track.seen}
    assert len(ids) == 1
    assert tracks[0].age_s > 100


def test_long_absence_gives_a_new_id() -> None:
    ids = run([lambda t: None if 3.0 <= t < 6.0 else (0.5, 0.5)], 9)
    assert len(ids[0]) == 2


def test_small_fast_object_is_held_although_its_boxes_do_not_overlap() -> None:
    # 0.07 of the picture per frame, with a box 0.05 wide
    ids = run([lambda t: (0.05 + 0.35 * t, 0.5)], 2.6)
    assert len(ids[0]) == 1


@pytest.mark.parametrize("speed", [0.1, 0.03, 0.02])
def test_objects_that_merge_to_one_blob_come_out_with_their_own_ids(speed: float) -> None:
    # at 0.02 a second they are one blob for 2.75 s, longer than a lost track lives
    tracker = Tracker()
    frames = round(0.6 / speed / 2 * 1e6 / STEP_US)
    seen: list[tuple[int | None, int | None]] = []
    for index in range(frames):
        t = index * STEP_US / 1e6
        left, right = 0.35 + speed * t, 0.65 - speed * t
        apart = abs(left - right)
        if apart > 0.055:
            found = [detection(left, 0.5), detection(right, 0.5)]
        else:
            found = [detection((left + right) / 2, 0.5, w=apart + 0.05)]
        tracks = tracker.update(found, index * STEP_US)
        if apart > 0.08:
            seen.append((nearest(tracks, (left, 0.5)), nearest(tracks, (right, 0.5))))
    told = set(seen[5:])
    assert len(told) == 1
    assert None not in told.pop()


def test_who_walks_behind_a_bus_comes_out_with_the_same_id() -> None:
    # hidden in the bus's blob for 2.9 s, longer than a lost track lives
    tracker = Tracker()
    ids: list[int | None] = []
    for index in range(60):
        t = index * STEP_US / 1e6
        bus, person = 0.2 + 0.05 * t, 0.7 - 0.03 * t
        hidden = abs(bus - person) < 0.115
        found = [detection(bus, 0.5, w=0.2, h=0.3)]
        if not hidden:
            found.append(detection(person, 0.5, w=0.03))
        tracks = tracker.update(found, index * STEP_US)
        if not hidden and index > 5:
            ids.append(nearest(tracks, (person, 0.5)))
    assert len(ids) > 30
    assert ids[0] is not None
    assert set(ids) == {ids[0]}


def test_track_needs_hits_to_be_confirmed_and_flicker_is_dropped() -> None:
    tracker = Tracker(TrackerConfig(confirm_hits=3))
    for index in range(3):
        (track,) = tracker.update([detection(0.5, 0.5)], index * STEP_US)
        assert track.confirmed == (index == 2)
    flicker = Tracker()
    flicker.update([detection(0.5, 0.5)], 0)
    for index in range(1, 4):
        alive = flicker.update([], index * STEP_US)
    assert alive == []


def test_weak_detections_carry_a_track_on_but_begin_none() -> None:
    tracker = Tracker()
    assert tracker.update([detection(0.5, 0.5, score=0.2)], 0) == []
    for index in range(1, 4):
        tracker.update([detection(0.5, 0.5)], index * STEP_US)
    (track,) = tracker.update([detection(0.5, 0.5, score=0.2)], 4 * STEP_US)
    assert track.seen
    assert track.score == 0.2


def test_clutter_raises_the_bar_for_new_tracks_and_calm_lowers_it_again() -> None:
    rng = np.random.default_rng(5)
    tracker, born = Tracker(), []
    for index in range(100):
        before = tracker._next_id
        specks = [
            detection(x, y, w=0.01, h=0.02, score=0.5) for x, y in rng.uniform(0.1, 0.9, (5, 2))
        ]
        tracks = tracker.update(specks, index * STEP_US)
        assert not any(track.confirmed for track in tracks)
        born.append(tracker._next_id - before)
    assert sum(born[:5]) > 15
    assert sum(born[-50:]) < 40
    assert len(tracker.update([detection(0.5, 0.5, score=0.95)], 100 * STEP_US)) >= 1
    for index in range(101, 250):
        tracker.update([], index * STEP_US)
    assert len(tracker.update([detection(0.5, 0.5, score=0.4)], 250 * STEP_US)) == 1


def test_specks_that_jump_to_and_fro_are_not_confirmed() -> None:
    tracker = Tracker()
    for index, x in enumerate([0.5, 0.515, 0.5, 0.515, 0.5, 0.515]):
        tracks = tracker.update([detection(x, 0.5, w=0.015, h=0.02)], index * STEP_US)
        assert not any(track.confirmed for track in tracks)
    assert tracks[0].first_us == 0  # held as one track all the time


def test_fragment_of_a_held_object_begins_no_track() -> None:
    tracker = Tracker()
    for index in range(4):
        tracker.update([detection(0.5, 0.5, w=0.3, h=0.3)], index * STEP_US)
    whole = detection(0.5, 0.5, w=0.3, h=0.3)
    tracks = tracker.update([whole, detection(0.45, 0.45, w=0.05, h=0.05)], 4 * STEP_US)
    assert len(tracks) == 1


def test_clock_that_runs_back_ends_all_tracks_and_ids_go_on() -> None:
    tracker = Tracker()
    for index in range(4):
        (before,) = tracker.update([detection(0.5, 0.5)], 10**9 + index * STEP_US)
    (after,) = tracker.update([detection(0.5, 0.5)], 0)
    assert after.id > before.id
    assert after.first_us == 0


def test_boxes_of_objects_count_at_the_second_look_and_blobs_later() -> None:
    for preset, hits in ((CLASSES, 2), (BLOBS, 4)):
        tracker = Tracker(preset)
        for index in range(1, 6):
            (track,) = tracker.update([detection(0.5, 0.5)], index * STEP_US)
            assert track.confirmed == (index >= hits)


def test_another_tuning_begins_anew_and_the_same_one_changes_nothing() -> None:
    tracker = Tracker(BLOBS)
    (first,) = tracker.update([detection(0.5, 0.5)], 0)
    tracker.use(BLOBS)
    assert tracker.update([detection(0.5, 0.5)], STEP_US)[0].id == first.id
    tracker.use(CLASSES)
    assert tracker.update([detection(0.5, 0.5)], 2 * STEP_US)[0].id > first.id


def test_two_who_walk_together_are_no_fragments_and_no_blob_for_a_detector_of_classes() -> None:
    tracker, ids = Tracker(CLASSES), []
    for index in range(30):
        x = 0.1 + 0.02 * index
        pair = [detection(x, 0.5, w=0.08, h=0.3), detection(x + 0.05, 0.52, w=0.07, h=0.28)]
        tracks = tracker.update(pair if index % 7 else pair[:1], index * STEP_US)
        ids.append([track.id for track in tracks if track.confirmed])
    assert ids[2:] == [[1, 2]] * 28


def test_travel_is_the_farthest_distance_from_the_start() -> None:
    tracker = Tracker()
    for index, x in enumerate([0.3, 0.33, 0.36, 0.33, 0.3]):
        (track,) = tracker.update([detection(x, 0.5)], index * STEP_US)
    assert track.travel == pytest.approx(0.06)


coordinates = st.floats(0.05, 0.95)
frames = st.lists(
    st.lists(
        st.builds(
            detection,
            coordinates,
            coordinates,
            st.floats(0.001, 0.3),
            st.floats(0.001, 0.3),
            st.floats(0.0, 1.0),
        ),
        max_size=6,
    ),
    max_size=15,
)


@settings(max_examples=80, deadline=None)
@given(
    frames,
    st.lists(st.integers(-500_000, 2_500_000), min_size=15, max_size=15),
    st.sampled_from([BLOBS, CLASSES]),
)
def test_invariants_hold_for_any_input(
    found: list[list[Detection]], gaps: list[int], preset: TrackerConfig
) -> None:
    config = replace(preset, max_tracks=8)
    tracker, again = Tracker(config), Tracker(config)
    ever: set[int] = set()
    last: set[int] = set()
    at_us = 0
    for detections, gap in zip(found, gaps, strict=False):
        at_us += gap
        tracks = tracker.update(detections, at_us)
        assert tracks == again.update(detections, at_us)  # deterministic
        ids = [track.id for track in tracks]
        assert ids == sorted(set(ids))
        assert len(ids) <= 8
        assert not (set(ids) - last) & ever  # a dropped id never comes back
        for track in tracks:
            assert track.first_us <= track.last_us <= at_us
            assert 0 <= track.box.x <= 1
            assert track.box.w >= 0
            assert track.box.h >= 0
        ever |= set(ids)
        last = set(ids)


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_greedy_pairs_are_one_to_one_and_leave_no_better_pair(
    rows: int, columns: int, seed: int
) -> None:
    matrix = np.random.default_rng(seed).random((rows, columns))
    pairs = greedy(matrix, 0.3)
    assert len({row for row, _ in pairs}) == len(pairs) == len({column for _, column in pairs})
    taken_rows, taken_columns = {row for row, _ in pairs}, {column for _, column in pairs}
    for row in range(rows):
        for column in range(columns):
            if row not in taken_rows and column not in taken_columns:
                assert matrix[row, column] < 0.3

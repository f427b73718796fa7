"""Who is hidden for some seconds and comes back as another track has been there all the time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.events import Box, Detection, Track
from analytics.geometry import Point, foot
from analytics.rulebook.book import DwellRule, QueueRule, Zone
from analytics.rules.base import Hit, Machine, Sight
from analytics.rules.dwell import Dwell
from analytics.rules.queue import Queue
from analytics.tracking.config import CLASSES
from analytics.tracking.tracker import Tracker
from ingest.simulator.scenes.truth import inside
from tests.analytics.rules.truth import EXACT, FPS, Truth, truth_of
from tests.analytics.rules.ways import STEP_US, sights, track

HALF = Zone("right", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
IN, OUT = (0.75, 0.5), (0.25, 0.5)
STEP_S = STEP_US / 1e6


def dwell(**more: Any) -> Dwell:
    values: dict[str, Any] = {**EXACT, "zone": HALF, "after_s": 3, **more}
    return Dwell(DwellRule("d", **values))


def run(machine: Machine, frames: Sequence[Sight]) -> list[tuple[int, Hit]]:
    return [(index, hit) for index, sight in enumerate(frames) for hit in machine.see(sight)]


def seconds(number: float) -> int:
    return round(number / STEP_S)


def hidden(before: Point, after: Point, gap_s: float) -> list[Sight]:
    """Two seconds in a place, a time behind something, two seconds in the same or another one."""
    way: list[dict[int, Point]] = [{1: before}] * seconds(2)
    return list(sights([*way, *[{}] * seconds(gap_s), *[{1: after}] * seconds(2)]))


def test_stay_goes_on_under_another_track_and_says_how_long_it_was_hidden() -> None:
    ((frame, hit),) = run(dwell(), hidden(IN, (0.8, 0.5), 5))
    assert frame == seconds(7)  # the first frame in which it is seen again
    assert hit.track is not None
    assert hit.track.id == 2
    # hidden from the last frame before to the first after: one step more than the frames without it
    assert hit.measured == {
        "dwell_s": pytest.approx(7.0),
        "hidden_s": pytest.approx(5 + STEP_S, abs=1e-3),
    }


@pytest.mark.parametrize(
    ("more", "after", "gap_s"),
    [
        ({}, IN, 10.0),  # too long away
        ({"bridge_s": 0}, IN, 1.0),
        ({}, (0.75, 0.7), 5.0),  # too far away
        ({"bridge_distance": 0}, (0.76, 0.5), 5.0),
    ],
)
def test_who_comes_late_or_elsewhere_is_somebody_else(
    more: dict[str, Any], after: Point, gap_s: float
) -> None:
    assert run(dwell(**more), hidden(IN, after, gap_s)) == []


def test_who_was_told_is_not_told_again_after_having_been_hidden() -> None:
    frames = hidden(IN, IN, 4)
    assert len(run(dwell(after_s=1), frames)) == 1
    assert len(run(dwell(after_s=1, bridge_s=0), frames)) == 2


def test_nobody_is_told_of_while_out_of_sight() -> None:
    way: list[dict[int, Point]] = [{1: IN}] * seconds(2) + [{}] * seconds(30)
    assert run(dwell(), list(sights(way))) == []


def test_who_walks_in_from_outside_is_not_the_one_who_was_lost() -> None:
    way: list[dict[int, Point]] = [{1: IN, 2: OUT}] * seconds(2) + [{2: OUT}] * 2
    assert run(dwell(), list(sights([*way, *[{2: IN}] * seconds(2)]))) == []


def test_who_is_found_must_be_what_the_rule_goes_by() -> None:
    frames = [
        replace(sight, tracks=[replace(one, label="dog" if one.id == 2 else one.label)])
        for sight in hidden(IN, IN, 4)
        for one in (sight.tracks or [track(9, OUT, sight.at_us)])
    ]
    assert run(dwell(labels=frozenset({"person"})), frames) == []
    assert len(run(dwell(), frames)) == 1


def test_flicker_in_the_place_takes_no_stay_away() -> None:
    """A speck that is never confirmed comes first; the one who was hidden comes after it."""
    frames = hidden(IN, IN, 4)
    blip = seconds(3)
    speck = replace(track(77, IN, frames[blip].at_us), confirmed=False)
    frames[blip] = replace(frames[blip], tracks=[speck])
    ((_, hit),) = run(dwell(), frames)
    assert hit.track is not None
    assert hit.track.id == 2


def test_who_walks_out_of_the_picture_is_gone_and_not_hidden() -> None:
    """A pavement across the whole picture: each walks out to the right, the next comes in there."""
    way: list[dict[int, Point]] = []
    for name in (1, 2, 1, 2, 1):
        leftward = name == 2
        steps = [0.45 + 0.02 * step for step in range(26)]
        way += [{name: (x, 0.5)} for x in (reversed(steps) if leftward else steps)]
        way += [{}] * seconds(2)
    assert run(dwell(after_s=6), list(sights(way))) == []


def test_who_stands_cut_by_the_edge_may_be_hidden() -> None:
    edge = (0.99, 0.5)
    assert len(run(dwell(), hidden(edge, edge, 4))) == 1


def test_two_who_moved_up_while_both_were_hidden_keep_their_stays() -> None:
    """The second stands afterwards where the first was lost."""
    before: dict[int, Point] = {1: (0.7, 0.5), 2: (0.6, 0.5)}
    after: dict[int, Point] = {1: (0.8, 0.5), 2: (0.7, 0.5)}
    way = [{1: before[1]}] * seconds(1) + [before] * seconds(2) + [{}] * seconds(4)
    frames = list(sights([*way, *[after] * seconds(3)]))
    hits = run(dwell(after_s=8), frames)
    assert [frame for frame, _ in hits] == [seconds(8), seconds(9)]
    places = [foot(hit.track.box)[0] for _, hit in hits if hit.track is not None]
    assert places == pytest.approx([0.8, 0.7])


def test_track_that_began_before_the_old_one_was_given_up_goes_on_with_it() -> None:
    """A tracker predicts on for two seconds; who is found meanwhile is another track at first."""

    def at(index: int) -> list[Track]:
        at_us = index * STEP_US
        old = track(1, IN, min(at_us, (seconds(2) - 1) * STEP_US))
        if index < seconds(2):
            return [old]
        new = [track(2, (0.77, 0.5), at_us)] if index >= seconds(3.4) else []
        return [replace(old, seen=False), *new] if index < seconds(4) else new

    frames = [Sight(at(index), index * STEP_US) for index in range(seconds(6))]
    ((frame, hit),) = run(dwell(after_s=4.6), frames)
    assert frame == seconds(4.6)
    assert hit.measured["dwell_s"] == pytest.approx(4.6)


def test_queue_gives_no_wait_to_what_is_no_person() -> None:
    rule = QueueRule("q", zone=HALF, alert_s=5, **{**EXACT, "labels": frozenset({"person"})})
    frames = hidden(IN, IN, 4)
    assert len(run(Queue(rule), frames)) == 1
    dog = [
        replace(sight, tracks=[replace(one, label="dog") for one in sight.tracks])
        if index > seconds(3)
        else sight
        for index, sight in enumerate(frames)
    ]
    assert run(Queue(rule), dog) == []


PLACES: st.SearchStrategy[Point | None] = st.sampled_from(
    [(0.6, 0.5), (0.62, 0.5), (0.65, 0.5), OUT, None]
)


@given(
    st.lists(st.tuples(PLACES, st.integers(1, 12)), max_size=8),
    st.integers(0, 12),
    st.floats(0, 3),
    st.floats(0, 0.1),
)
def test_stays_of_one_person_are_joined_by_their_definition(
    parts: list[tuple[Point | None, int]], steps: int, bridge_s: float, reach: float
) -> None:
    places = [place for place, length in parts for _ in range(length)]
    rule: dict[str, Any] = {"bridge_s": bridge_s, "bridge_distance": reach}
    frames = list(sights([{} if place is None else {1: place} for place in places]))
    hits = run(dwell(after_s=steps * STEP_US / 1e6, **rule), frames)
    wanted: list[int] = []
    since: int | None = None
    told, last = False, -1
    for index, place in enumerate(places):
        if place is None:
            continue
        gap, before = index - last, places[last] if last >= 0 else None
        last = index
        if place == OUT:
            since = None
            continue
        joined = gap == 1 or (
            before is not None
            and before != OUT
            and round(gap * STEP_US) < round(bridge_s * 1e6)
            and math.dist(before, place) <= reach > 0
        )
        if since is None or not joined or before == OUT:
            since, told = index, False
        if not told and index - since >= steps:
            told = True
            wanted.append(index)
    assert [frame for frame, _ in hits] == wanted


@given(st.integers(0, 2**32 - 1), st.integers(0, 10))
def test_nobody_is_in_two_stays_and_no_stay_is_longer_than_the_time(seed: int, steps: int) -> None:
    import random

    chance = random.Random(seed)
    frames = [
        {n: (chance.choice((0.55, 0.6, 0.65)), 0.5) for n in range(4) if chance.random() < 0.7}
        for _ in range(40)
    ]
    hits = run(dwell(after_s=steps * STEP_US / 1e6), list(sights(frames)))
    for frame, hit in hits:
        assert hit.measured["dwell_s"] <= frame * STEP_S + 1e-6
        assert hit.measured.get("hidden_s", 0) < hit.measured["dwell_s"] + 1e-6
    ids = [hit.track.id for _, hit in hits if hit.track is not None]
    assert len(ids) == len(set(ids))


Occluder = tuple[Box, int, int]
"""What passes before the camera: a box of the picture, from a frame to a frame of each round."""


def hides(occluder: Occluder, index: int, place: Point) -> bool:
    box, first, last = occluder
    x, y = place
    return first <= index < last and box.x <= x < box.x + box.w and box.y <= y < box.y + box.h


def occluded(truth: Truth, occluder: Occluder) -> list[Sight]:
    """The truth as perfect tracks that end where they are hidden; who comes back is a new one."""
    names: dict[int, int] = {}
    alive: set[int] = set()
    frames: list[Sight] = []
    for index, sight in enumerate(truth.sights):
        seen = [
            one for one in sight.tracks if not hides(occluder, index % truth.total, foot(one.box))
        ]
        for one in seen:
            if one.id not in alive:
                names[one.id] = len(frames) * 100 + one.id
        alive = {one.id for one in seen}
        frames.append(replace(sight, tracks=[replace(one, id=names[one.id]) for one in seen]))
    return frames


def tracked(truth: Truth, occluder: Occluder) -> list[Sight]:
    """What the tracker makes of the boxes of those who are in sight."""
    tracker = Tracker(CLASSES)
    frames: list[Sight] = []
    for index, sight in enumerate(truth.sights):
        found = [
            Detection(one.box, 0.9, one.label)
            for one in sight.tracks
            if not hides(occluder, index % truth.total, foot(one.box))
        ]
        frames.append(replace(sight, tracks=tracker.update(found, sight.at_us)))
    return frames


def due_frames(truth: Truth, occluder: Occluder, after_s: float) -> list[int]:
    """Frames of the second round in which stays are due, by the truth and by who is in sight."""
    wanted: list[int] = []
    feet: dict[int, list[Point | None]] = {}
    for index, frame in enumerate(truth.data["frames"]):
        for one in frame:
            feet.setdefault(one["id"], [None] * truth.total)[index] = tuple(one["foot"])
    for stay in truth.data["stays"]:
        due = stay["enter_frame"] + round(after_s * FPS)
        while due < stay["leave_frame"]:
            place = feet[stay["id"]][due % truth.total]
            if place is not None and not hides(occluder, due % truth.total, place):
                wanted.append(due % truth.total)
                break
            due += 1
    return sorted(wanted)


WHOLE = Box(0.0, 0.0, 1.0, 1.0)


def waits_still(truth: Truth, length: int) -> int:
    """Return the frame at which as many begin in which the same ones stand in the zone."""

    def standing(index: int) -> dict[int, Point]:
        frame = truth.data["frames"][index]
        places = {one["id"]: tuple(one["foot"]) for one in frame}
        return {i: place for i, place in places.items() if inside(truth.zone.points, place)}

    for first in range(FPS, truth.total - length - FPS):
        before = standing(first - 1)
        frames = [standing(index) for index in range(first, first + length + 1)]
        if len(before) > 1 and all(
            now.keys() == before.keys()
            and all(math.dist(now[one], before[one]) < 0.02 for one in now)
            for now in frames
        ):
            return first
    raise AssertionError("nobody waits that long without moving up")


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("view", "slack"), [(occluded, 0), (tracked, 1)])
def test_generated_queue_behind_a_passing_lorry_dwells_as_if_it_had_been_seen(
    seed: int, view: Callable[[Truth, Occluder], list[Sight]], slack: int
) -> None:
    """Hidden for 3 s in each round; the tracker gives up after two, and rounds places a little."""
    truth = truth_of("counter_queue", seed, 40.0)
    first = waits_still(truth, 30)
    lorry = (WHOLE, first, first + 30)
    frames = view(truth, lorry)
    values = {"zone": truth.zone, "after_s": 12.0, **EXACT}
    hits = run(Dwell(DwellRule("d", **values)), frames)
    said = sorted(index - truth.total for index, _ in hits if index >= truth.total)
    assert said == pytest.approx(due_frames(truth, lorry, 12.0), abs=slack)
    assert said
    assert any(hit.measured.get("hidden_s", 0) > 2.9 for _, hit in hits)
    blind = run(Dwell(DwellRule("d", **{**values, "bridge_s": 0})), frames)
    assert [index for index, _ in blind] != [index for index, _ in hits]


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_generated_queue_behind_a_passing_lorry_measures_the_same_waits(seed: int) -> None:
    truth = truth_of("counter_queue", seed, 40.0)
    rule = QueueRule("q", zone=truth.zone, alert_s=1e4, **EXACT)
    first = waits_still(truth, 30)
    waits: list[list[float]] = []
    for frames in (truth.sights, occluded(truth, (WHOLE, first, first + 30))):
        machine = Queue(rule)
        for sight in frames:
            machine.see(sight)
        longest = [r for r in machine.counts(None) if r.measure == "longest_wait_s"]
        waits.append([r.value for r in longest])
    assert waits[0]
    assert waits[1] == pytest.approx(waits[0])

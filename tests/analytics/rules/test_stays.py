"""Stays, and the rules that stand on them: leaving, dwell, queue, crowd."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.geometry import Point, foot
from analytics.rulebook.book import CrowdRule, DwellRule, QueueRule, Zone, ZoneLeaveRule
from analytics.rules.base import Alarm, Hit, Machine, Sight
from analytics.rules.crowd import Crowd
from analytics.rules.dwell import Dwell
from analytics.rules.queue import Queue
from analytics.rules.stay import Bridge
from analytics.rules.stays import Stays
from analytics.rules.zones import ZoneLeave
from tests.analytics.rules.truth import EXACT
from tests.analytics.rules.ways import FRAMES, STEP_US, sights, track

HALF = Zone("right", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
IN, OUT = (0.75, 0.5), (0.25, 0.5)


def run(machine: Machine, frames: Sequence[Mapping[int, Point]]) -> list[tuple[int, Hit]]:
    return [
        (index, hit) for index, sight in enumerate(sights(frames)) for hit in machine.see(sight)
    ]


@given(FRAMES)
def test_stays_are_the_unbroken_runs_of_frames_inside(frames: list[dict[int, Point]]) -> None:
    stays = Stays(DwellRule("d", zone=HALF, **EXACT))
    ended = []
    runs: dict[int, int] = {}
    wanted = []
    for sight in [*sights(frames), Sight([], len(frames) * STEP_US)]:
        over = stays.update(sight.tracks, sight.at_us)
        ended += [(stay.track.id, stay.entered_us, stay.last_us) for stay in over]
        inside = {one.id for one in sight.tracks if foot(one.box)[0] >= 0.5}
        wanted += [(i, runs[i], sight.at_us - STEP_US) for i in runs if i not in inside]
        runs = {ident: since for ident, since in runs.items() if ident in inside}
        for ident in inside:
            runs.setdefault(ident, sight.at_us)
        assert {(stay.track.id, stay.entered_us) for stay in stays.present} == set(runs.items())
    assert sorted(ended) == sorted(wanted)


@given(FRAMES, st.floats(0, 1), st.floats(0, 0.2))
def test_hysteresis_joins_stays_and_never_makes_more(
    frames: list[dict[int, Point]], settle_s: float, margin: float
) -> None:
    slack: dict[str, Any] = {**EXACT, "settle_s": settle_s, "margin": margin}
    ways = [*frames, {}]
    told = run(
        ZoneLeave(ZoneLeaveRule("l", zone=HALF, lost_leaves=True, cool_down_s=0, **slack)), ways
    )
    exact = run(
        ZoneLeave(ZoneLeaveRule("l", zone=HALF, lost_leaves=True, cool_down_s=0, **EXACT)), ways
    )
    assert len(told) <= len(exact)
    seen = run(ZoneLeave(ZoneLeaveRule("l", zone=HALF, cool_down_s=0, **slack)), ways)
    assert len(seen) <= len(told)


@given(FRAMES, st.integers(0, 12))
def test_dwell_is_told_once_for_each_stay_that_lasts(
    frames: list[dict[int, Point]], steps: int
) -> None:
    after_s = steps * STEP_US / 1e6
    rule = DwellRule("d", zone=HALF, after_s=after_s, bridge_s=0, **EXACT)
    hits = run(Dwell(rule), frames)
    wanted: list[tuple[int, int]] = []
    runs: dict[int, int] = {}
    for index, sight in enumerate(sights(frames)):
        inside = {one.id for one in sight.tracks if foot(one.box)[0] >= 0.5}
        runs = {ident: runs.get(ident, 0) + 1 for ident in inside}
        wanted += [(index, ident) for ident, length in runs.items() if length == steps + 1]
    assert sorted((i, h.track.id) for i, h in hits if h.track is not None) == sorted(wanted)


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 5), st.integers(0, 5))
def test_alarm_is_raised_and_cleared_only_by_what_lasts(
    states: list[bool], up: int, down: int
) -> None:
    alarm = Alarm(up, down)
    raised, run_length, last = False, 0, None
    for second, on in enumerate(states):
        run_length = run_length + 1 if on == last else 1
        last = on
        before = raised
        if on and run_length > up:
            raised = True
        if not on and run_length > down:
            raised = False
        assert alarm.update(on, second * 1_000_000) == (raised and not before)
        assert alarm.raised == raised


@given(FRAMES, st.integers(0, 3))
def test_crowd_names_nobody_and_counts_everybody(
    frames: list[dict[int, Point]], above: int
) -> None:
    machine = Crowd(CrowdRule("c", zone=HALF, above=above, for_s=0, clear_s=0, **EXACT))
    hits = run(machine, frames)
    numbers = [sum(x >= 0.5 for x, _ in frame.values()) for frame in frames]
    raises = [
        index
        for index, number in enumerate(numbers)
        if number > above and (index == 0 or numbers[index - 1] <= above)
    ]
    assert [index for index, _ in hits] == raises
    assert all(hit.track is None and hit.picture for _, hit in hits)
    most = {r.how: r.value for r in machine.counts(None)}
    assert most.get("max", 0) == max(numbers, default=0)


def queue(**more: Any) -> Queue:
    values: dict[str, Any] = {**EXACT, "zone": HALF, "alert_s": 2, "clear_s": 0.4, **more}
    return Queue(QueueRule("q", **values))


def test_wait_goes_on_when_a_track_is_lost_and_found_again() -> None:
    gap: Sequence[Mapping[int, Point]] = [{1: IN}] * 6 + [{}] * 2 + [{2: (0.77, 0.5)}] * 6
    (hit,) = run(queue(), gap)
    assert hit[0] == 10
    assert run(queue(bridge_s=0), gap) == []
    assert run(queue(bridge_distance=0.01), gap) == []
    # somebody who comes in from outside waits from then on
    walks_in: Sequence[Mapping[int, Point]] = [{1: IN, 2: OUT}] * 6 + [{2: OUT}] + [{2: IN}] * 6
    assert [h.track and h.track.id for _, h in run(queue(bridge_s=0.3), walks_in)] == []


def test_alert_comes_again_only_after_it_was_over() -> None:
    long_wait: Sequence[Mapping[int, Point]] = [{1: IN}] * 20
    assert len(run(queue(), long_wait)) == 1
    twice: Sequence[Mapping[int, Point]] = [*long_wait, *[{1: OUT}] * 5, *[{1: IN}] * 12]
    assert len(run(queue(), twice)) == 2
    flicker: Sequence[Mapping[int, Point]] = [{1: IN, 2: IN}] * 12 + [{2: IN}] * 12
    assert len(run(queue(bridge_s=0), flicker)) == 1


@given(FRAMES)
def test_count_only_gives_neither_picture_nor_track(frames: list[dict[int, Point]]) -> None:
    one, other = queue(count_only=True, alert_s=0.2), queue(alert_s=0.2)
    silent, told = run(one, frames), run(other, frames)
    assert [index for index, _ in silent] == [index for index, _ in told]
    assert all(hit.track is None and not hit.picture for _, hit in silent)
    assert all(hit.track is not None and hit.picture for _, hit in told)
    assert one.counts(None) == other.counts(None)


@pytest.mark.parametrize(
    ("machine", "measure"),
    [
        (lambda: queue(count_only=True), "waiting"),
        (lambda: Crowd(CrowdRule("c", zone=HALF, **EXACT)), "occupancy"),
    ],
)
def test_means_are_over_the_time_however_often_it_was_looked(
    machine: Callable[[], Queue | Crowd], measure: str
) -> None:
    """Two stand for half a minute in a camera that sleeps, then they walk about outside."""
    watch = machine()
    asleep = [(at_us, IN) for at_us in range(0, 30_000_000, 2_000_000)]
    awake = [(at_us, OUT) for at_us in range(30_000_000, 60_000_000, STEP_US)]
    for at_us, place in asleep + awake:
        watch.see(Sight([track(1, place, at_us), track(2, place, at_us)], at_us))
    found = [r for r in watch.counts(None) if (r.measure, r.how) == (measure, "mean")]
    assert [r.value for r in found] == [pytest.approx(1.0, abs=0.2)]


def test_what_is_lost_is_bounded() -> None:
    stays = Stays(QueueRule("q", zone=HALF, **EXACT), bridge=Bridge(3600, 0.0))
    for index in range(2000):
        at_us = index * STEP_US
        stays.update([track(index + 1, (0.5 + index % 50 / 100, index / 2000), at_us)], at_us)
    assert len(stays.present) <= 258

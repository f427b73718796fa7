"""Every rule over tracks against the ground truth of generated scenes: exact agreement."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from analytics.geometry import foot
from analytics.rulebook.book import (
    WHOLE_ZONE,
    AnyRule,
    CrowdRule,
    DwellRule,
    Line,
    LineCrossRule,
    QueueRule,
    Rulebook,
    StoppedRule,
    WrongWayRule,
    ZoneEnterRule,
    ZoneLeaveRule,
)
from analytics.rules.base import Hit
from analytics.rules.engine import RuleEngine
from analytics.series import CountRecord
from ingest.simulator.scenes.truth import inside
from tests.analytics.rules.truth import ANY, EXACT, FPS, START_US, Truth, truth_of

SCENES = [
    ("traffic", 1),
    ("traffic", 2),
    ("pedestrians", 1),
    ("pedestrians", 3),
    ("counter_queue", 1),
    ("quiet", 1),
]


def run(truth: Truth, rule: AnyRule) -> tuple[list[tuple[int, Hit]], list[CountRecord]]:
    """Return the hits with their frame in the second round (first: negative), and all counts."""
    engine = RuleEngine(Rulebook((rule,)))
    hits: list[tuple[int, Hit]] = []
    counts: list[CountRecord] = []
    for sight in truth.sights:
        outcome = engine.update(sight)
        hits += [(truth.second_round(sight.at_us), hit) for hit in outcome.hits]
        counts += outcome.counts
    return hits, counts + engine.flush()


def owner(truth: Truth, hit: Hit) -> int:
    assert hit.track is not None
    return truth.owner[hit.track.id]


@pytest.mark.parametrize(("scene", "seed"), SCENES)
def test_line_crossings_are_those_of_the_truth(scene: str, seed: int) -> None:
    truth = truth_of(scene, seed)
    rule = LineCrossRule("line", line=truth.line, **{**ANY, "margin": 0})
    hits, counts = run(truth, rule)
    said = [(frame, owner(truth, hit), hit.kind) for frame, hit in hits if frame >= 0]
    words = {1: "line_cross_right", -1: "line_cross_left"}
    told = truth.data["crossings"]
    assert sorted(said) == sorted(
        (one["frame"], one["id"], words[one["direction"]]) for one in told
    )
    assert said
    # the counts are those of both rounds, by direction and class
    counted: Counter[tuple[str, str]] = Counter()
    for record in counts:
        assert (record.measure, record.how, record.seconds) == ("crossings", "sum", 60)
        assert record.start_us % 60_000_000 == 0
        counted[record.direction, record.label] += int(record.value)
    each = Counter((hit.kind.removeprefix("line_cross_"), _label(hit)) for _, hit in hits)
    assert counted == each


def _label(hit: Hit) -> str:
    assert hit.track is not None
    return hit.track.label


@pytest.mark.parametrize(("scene", "seed"), SCENES)
def test_counts_with_hysteresis_come_later_but_are_the_same(scene: str, seed: int) -> None:
    truth = truth_of(scene, seed)
    exact, _ = run(truth, LineCrossRule("line", line=truth.line, **{**ANY, "margin": 0}))
    late, _ = run(truth, LineCrossRule("line", line=truth.line, **{**ANY, "margin": 0.004}))
    ends = truth.sights[-1].at_us - 1_000_000  # who crosses in the last second may not be away yet
    before = Counter((owner(truth, h), h.kind) for f, h in exact if _at(truth, f) < ends)
    after = Counter((owner(truth, h), h.kind) for _, h in late)
    assert before <= after <= Counter((owner(truth, h), h.kind) for _, h in exact)


def _at(truth: Truth, frame: int) -> int:
    return START_US + (frame + truth.total) * 1_000_000 // FPS


@pytest.mark.parametrize(("scene", "seed"), SCENES)
def test_entering_and_leaving_are_the_stays_of_the_truth(scene: str, seed: int) -> None:
    truth = truth_of(scene, seed)
    stays = truth.data["stays"]
    left, _ = run(
        truth, ZoneLeaveRule("out", zone=truth.zone, lost_leaves=True, cool_down_s=0, **EXACT)
    )
    said = sorted((f, owner(truth, h)) for f, h in left if f >= 0)
    # the end of a stay is a frame without it: one that ends with the clip is told in the next
    ends = sorted((one["leave_frame"] % truth.total, one["id"]) for one in stays)
    assert said == ends
    entered, _ = run(truth, ZoneEnterRule("in", zone=truth.zone, cool_down_s=0, **EXACT))
    first: dict[int, int] = {}
    for sight in truth.sights:
        for track in sight.tracks:
            if inside(truth.zone.points, foot(track.box)):
                first.setdefault(track.id, truth.second_round(sight.at_us))
    assert [(f, h.track and h.track.id) for f, h in entered] == sorted(
        (frame, ident) for ident, frame in first.items()
    )
    starts = {(one["enter_frame"] % truth.total, one["id"]) for one in stays}
    assert {(f, owner(truth, h)) for f, h in entered if f > 0} <= starts
    assert entered


@pytest.mark.parametrize("after_s", [1.0, 3.0, 7.5])
@pytest.mark.parametrize("scene", ["counter_queue", "pedestrians", "traffic"])
def test_dwell_is_told_of_the_stays_that_last(scene: str, after_s: float) -> None:
    truth = truth_of(scene)
    hits, _ = run(truth, DwellRule("dwell", zone=truth.zone, after_s=after_s, **EXACT))
    said = sorted((f, owner(truth, h)) for f, h in hits if f >= 0)
    wanted = []
    for one in truth.data["stays"]:
        due = one["enter_frame"] + round(after_s * FPS)
        if due < one["leave_frame"]:
            # in the second round it is seen as a whole if it began there or goes over into it
            wanted.append((due % truth.total, one["id"]))
    assert said == sorted(wanted)


@pytest.mark.parametrize(("seed", "seconds"), [(1, 40.0), (2, 40.0), (5, 24.0)])
def test_queue_measures_waits_and_numbers_exactly(seed: int, seconds: float) -> None:
    truth = truth_of("counter_queue", seed, seconds)
    rule = QueueRule("queue", zone=truth.zone, alert_s=1e4, **EXACT)
    _, counts = run(truth, rule)
    waits: dict[int, int] = {}
    by_minute: dict[int, list[tuple[int, int, int]]] = {}
    ended: dict[int, list[int]] = {}
    since_us = truth.sights[0].at_us - 1000
    for sight in truth.sights:
        now = {t.id for t in sight.tracks if inside(truth.zone.points, foot(t.box))}
        minute = sight.at_us // 60_000_000 * 60_000_000
        for ident in [ident for ident in waits if ident not in now]:
            ended.setdefault(minute, []).append(sight.at_us - 100_000 - waits.pop(ident))
        for ident in now:
            waits.setdefault(ident, sight.at_us)
        longest = max((sight.at_us - since for since in waits.values()), default=0)
        lasted, since_us = sight.at_us - since_us, sight.at_us
        by_minute.setdefault(minute, []).append((len(now), longest, lasted))
    said = {(r.start_us, r.measure, r.how): r for r in counts}
    assert {start for start, _, _ in said} == set(by_minute)
    for minute, looks in by_minute.items():
        assert said[minute, "waiting", "max"].value == max(number for number, _, _ in looks)
        mean = sum(n * lasted for n, _, lasted in looks) / sum(lasted for _, _, lasted in looks)
        assert said[minute, "waiting", "mean"].value == pytest.approx(mean)
        assert said[minute, "longest_wait_s", "max"].value == max(w for _, w, _ in looks) / 1e6
        done = ended.get(minute, [])
        if done:
            assert said[minute, "left", "sum"].value == len(done)
            assert said[minute, "wait_s", "max"].value == pytest.approx(max(done) / 1e6)
            mean = sum(done) / len(done) / 1e6
            assert said[minute, "wait_s", "mean"].value == pytest.approx(mean)


@pytest.mark.parametrize("count_only", [False, True])
def test_queue_alerts_when_the_longest_wait_passes_and_count_only_names_nobody(
    count_only: bool,
) -> None:
    truth = truth_of("counter_queue", 1, 40.0)
    longest = max(one["seconds"] for one in truth.data["stays"])
    rule = QueueRule(
        "queue", zone=truth.zone, alert_s=longest - 1, clear_s=0, count_only=count_only, **EXACT
    )
    hits, _ = run(truth, rule)
    wanted = [
        one["enter_frame"] + round((longest - 1) * FPS)
        for one in truth.data["stays"]
        if one["seconds"] >= longest - 1 + 1 / FPS
    ]
    assert sorted(f for f, _ in hits if f >= 0) == sorted(frame % truth.total for frame in wanted)
    assert hits
    for _, hit in hits:
        assert hit.kind == "queue_wait"
        assert (hit.track is None) == count_only
        assert hit.picture is not count_only
    none, _ = run(truth, QueueRule("queue", zone=truth.zone, alert_s=longest + 0.2, **EXACT))
    assert none == []


@pytest.mark.parametrize(
    ("scene", "above"), [("traffic", 4), ("pedestrians", 2), ("pedestrians", 6)]
)
def test_crowd_is_told_when_the_truth_has_too_many_for_long_enough(scene: str, above: int) -> None:
    truth = truth_of(scene)
    hits, counts = run(
        truth, CrowdRule("crowd", zone=truth.zone, above=above, for_s=1, clear_s=0, **EXACT)
    )
    numbers = [
        sum(inside(truth.zone.points, foot(t.box)) for t in sight.tracks) for sight in truth.sights
    ]
    wanted, since, raised = [], 0, False
    for index, number in enumerate(numbers):
        since = since + 1 if number > above else 0
        raised = raised and since > 0
        if since > FPS and not raised:
            raised = True
            wanted.append(index - truth.total)
    assert [frame for frame, _ in hits] == wanted
    assert all(hit.track is None for _, hit in hits)
    assert max(record.value for record in counts if record.how == "max") == max(numbers)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("down", [True, False])
def test_wrong_way_is_told_of_exactly_those_who_drive_the_other_way(seed: int, down: bool) -> None:
    truth = truth_of("traffic", seed)
    arrow = Line("arrow", (0.5, 0.2), (0.5, 0.9)) if down else Line("arrow", (0.5, 0.9), (0.5, 0.2))
    hits, _ = run(truth, WrongWayRule("way", allowed=arrow, **EXACT))
    # the scene drives on the right: who goes away from the camera is on its right half
    wanted = {
        track.id
        for sight in truth.sights
        for track in sight.tracks
        if track.label != "person" and (foot(track.box)[0] > 0.5) == down
    }
    told = [hit.track.id for _, hit in hits if hit.track is not None]
    assert len(told) == len(set(told)) == len(hits)
    assert set(told) == wanted
    assert len(wanted) >= 20


@pytest.mark.parametrize(("scene", "seed"), SCENES)
@pytest.mark.parametrize("whole", [True, False])
def test_wrong_way_is_told_in_the_first_frame_whose_last_seconds_lead_the_other_way(
    scene: str, seed: int, whole: bool
) -> None:
    truth = truth_of(scene, seed)
    zone = WHOLE_ZONE if whole else truth.zone
    across = Line("arrow", (0.2, 0.5), (0.8, 0.5))
    rule = WrongWayRule("way", zone=zone, allowed=across, window_s=2, tolerance=60, **EXACT)
    hits, _ = run(truth, rule)
    wanted: list[tuple[int, int]] = []
    ways: dict[int, list[tuple[int, float, float]]] = {}
    for index, sight in enumerate(truth.sights):
        for track in sight.tracks:
            x, y = foot(track.box)
            way = ways.setdefault(track.id, [])
            if not whole and not inside(zone.points, (x, y)):
                way.clear()
                continue
            way.append((index, x * 480 / 270, y))
            _, x0, y0 = next(step for step in way if step[0] >= index - 2 * FPS)
            to_left, aside = x0 - x * 480 / 270, abs(y - y0)
            far = math.hypot(to_left, aside) >= rule.min_distance
            if far and to_left > 0 and aside <= math.tan(math.radians(60)) * to_left:
                wanted.append((index - truth.total, track.id))
    first: dict[int, int] = {}
    for frame, ident in wanted:
        first.setdefault(ident, frame)
    told = {hit.track.id: frame for frame, hit in hits if hit.track is not None}
    assert told == first
    assert len(told) == len(hits)


def test_stopped_is_told_of_the_visitors_who_stand_and_of_no_vehicle_that_drives() -> None:
    truth = truth_of("counter_queue", 1, 40.0)
    hits, _ = run(
        truth, StoppedRule("stop", after_s=3, drift=0.05, **{**EXACT, "min_travel": 0.05})
    )
    wanted: list[tuple[int, int]] = []
    stands: dict[int, tuple[tuple[float, float], int, bool]] = {}
    for index, sight in enumerate(truth.sights):
        for track in sight.tracks:
            here = foot(track.box)
            at, since, told = stands.get(track.id, (here, index, False))
            limit = 0.05 * max(track.box.w * sight.aspect, track.box.h) * (2 if told else 1)
            far = ((here[0] - at[0]) * sight.aspect) ** 2 + (here[1] - at[1]) ** 2 > limit**2
            if far:
                at, since, told = here, index, False
            if not told and index - since >= 3 * FPS and track.travel >= 0.05:
                told = True
                wanted.append((index - truth.total, track.id))
            stands[track.id] = at, since, told
    assert [(f, h.track and h.track.id) for f, h in hits] == wanted
    # each visitor stands at the places of the queue; the clerk never moved and is not told
    owners = {owner(truth, hit) for _, hit in hits}
    assert owners == set(range(1, 7))
    moving, _ = run(truth_of("traffic"), StoppedRule("stop", after_s=3, drift=0.05, **EXACT))
    assert moving == []

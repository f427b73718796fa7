from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from analytics.geometry import crossing, distance_to_segment
from analytics.rulebook.book import Line, LineCrossRule
from analytics.rules.base import Hit, Sight
from analytics.rules.lines import LineCross
from tests.analytics.rules.truth import ANY
from tests.analytics.rules.ways import PLACES, STEP_US, sights, track

LINE = Line("line", (0.2, 0.5), (0.8, 0.5))
BARE = {key: value for key, value in ANY.items() if key != "margin"}


def walk(machine: LineCross, places: list[tuple[float, float]]) -> list[Hit]:
    return [hit for sight in sights([{1: place} for place in places]) for hit in machine.see(sight)]


def total(machine: LineCross) -> Counter[str]:
    found: Counter[str] = Counter()
    for record in machine.counts(None):
        found[record.direction] += int(record.value)
    return found


@given(st.lists(PLACES, min_size=1, max_size=25), st.sampled_from([0.0, 0.01, 0.05, 0.2]))
def test_counts_add_up_to_the_crossings_of_the_way(
    places: list[tuple[float, float]], margin: float
) -> None:
    machine = LineCross(LineCrossRule("r", line=LINE, margin=margin, **BARE))
    hits = walk(machine, places)
    counted = total(machine)
    told = Counter(hit.kind for hit in hits)
    steps = [crossing(a, b, LINE.a, LINE.b) for a, b in pairwise(places)]
    if margin == 0:
        assert counted["right"] == sum(step > 0 for step in steps)
        assert counted["left"] == sum(step < 0 for step in steps)
        assert told["line_cross_right"] == counted["right"]
    # hysteresis leaves out pairs of there and back, never more
    assert counted["right"] <= sum(step > 0 for step in steps)
    assert counted["left"] <= sum(step < 0 for step in steps)
    if distance_to_segment(places[-1], LINE.a, LINE.b) > margin:
        assert counted["right"] - counted["left"] == sum(steps)


@given(st.lists(st.floats(0.492, 0.508), min_size=2, max_size=40))
def test_who_stands_on_the_line_counts_for_nothing(heights: list[float]) -> None:
    machine = LineCross(LineCrossRule("r", line=LINE, margin=0.01, **BARE))
    assert walk(machine, [(0.5, y) for y in heights]) == []
    assert total(machine) == Counter()


def test_crossing_before_it_qualifies_is_counted_when_it_does() -> None:
    machine = LineCross(LineCrossRule("r", line=LINE, min_age_s=1.0))
    hits = []
    for index, y in enumerate([0.4, 0.45, 0.55, 0.6, 0.6, 0.6, 0.6]):
        at_us = index * STEP_US
        hits += [
            (index, hit.kind) for hit in machine.see(Sight([track(1, (0.5, y), at_us)], at_us))
        ]
    assert hits == [(5, "line_cross_right")]


def test_count_only_and_cool_down_tell_less_and_count_the_same() -> None:
    there_and_back = [(0.5, 0.4), (0.5, 0.6), (0.5, 0.4), (0.5, 0.6)]
    silent = LineCross(LineCrossRule("r", line=LINE, count_only=True, **BARE))
    assert walk(silent, there_and_back) == []
    slow = LineCross(LineCrossRule("r", line=LINE, cool_down_s=60, **BARE))
    assert [hit.kind for hit in walk(slow, there_and_back)] == ["line_cross_right"]
    assert slow.held_back == 2
    assert total(silent) == total(slow) == Counter(right=2, left=1)


def test_labels_filter_and_part_the_counts() -> None:
    machine = LineCross(LineCrossRule("r", line=LINE, labels=frozenset({"car", "bus"}), **BARE))
    for index, y in enumerate([0.4, 0.6]):
        at_us = index * STEP_US
        labels = enumerate(["car", "person", "bus", "car"], 1)
        machine.see(Sight([track(i, (0.5, y), at_us, 0, label) for i, label in labels], at_us))
    records = machine.counts(None)
    assert [(r.label, r.direction, r.value) for r in records] == [
        ("bus", "right", 1),
        ("car", "right", 2),
    ]

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings

from analytics.geometry import Point
from analytics.rulebook.book import (
    CrowdRule,
    DwellRule,
    Line,
    LineCrossRule,
    QueueRule,
    Rulebook,
    StoppedRule,
    WrongWayRule,
    Zone,
    ZoneEnterRule,
    ZoneLeaveRule,
)
from analytics.rulebook.schedule import Schedule, Window
from analytics.rules.base import Outcome, Sight
from analytics.rules.engine import RuleEngine
from tests.analytics.rules.truth import EXACT
from tests.analytics.rules.ways import FRAMES, STEP_US, sights, track

HALF = Zone("right", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
LINE = Line("line", (0.5, 0.0), (0.5, 1.0))
BOOK = Rulebook(
    (
        ZoneEnterRule("a", zone=HALF, cool_down_s=0, **EXACT),
        ZoneLeaveRule("b", zone=HALF, cool_down_s=1, **EXACT),
        LineCrossRule("c", line=LINE, **{k: v for k, v in EXACT.items() if k != "settle_s"}),
        DwellRule("d", zone=HALF, after_s=1, **EXACT),
        QueueRule("e", zone=HALF, alert_s=1, **EXACT),
        CrowdRule("f", zone=HALF, above=1, for_s=0.4, **EXACT),
        StoppedRule("g", after_s=1, **EXACT),
        WrongWayRule("h", allowed=LINE, **EXACT),
    )
)
AT_ONCE: dict[str, Any] = {"for_s": 0, **EXACT}
SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
EIGHT = datetime(2026, 3, 2, 8, tzinfo=SAIGON)  # a Monday


@settings(max_examples=60)
@given(FRAMES)
def test_same_frames_same_words_and_rules_do_not_disturb_each_other(
    frames: list[dict[int, Point]],
) -> None:
    one, two = RuleEngine(BOOK), RuleEngine(BOOK)
    alone = [RuleEngine(Rulebook((rule,))) for rule in BOOK.rules]
    for sight in sights(frames):
        said = one.update(sight)
        assert said == two.update(sight)
        parts = [engine.update(sight) for engine in alone]
        assert said.hits == [hit for part in parts for hit in part.hits]
    assert one.flush() == two.flush() == [r for engine in alone for r in engine.flush()]


@settings(max_examples=60)
@given(FRAMES)
def test_unseen_tracks_say_nothing(frames: list[dict[int, Point]]) -> None:
    engine = RuleEngine(BOOK)
    for sight in sights(frames):
        hidden = [
            type(one)(
                one.id, one.box, one.score, one.label, 0, one.last_us, one.confirmed, False, 0.5
            )
            for one in sight.tracks
        ]
        assert engine.update(Sight(hidden, sight.at_us)).hits == []


def test_outside_of_its_schedule_a_rule_sees_and_remembers_nothing() -> None:
    office = Schedule((Window(frozenset({"mon"}), "08:00", "09:00"),))
    rule = DwellRule("d", zone=HALF, after_s=60, schedule=office, **EXACT)
    engine = RuleEngine(Rulebook((rule,)))
    hits = []
    for minute in range(-10, 70):
        at_us = round((EIGHT + timedelta(minutes=minute)).timestamp()) * 1_000_000
        hits += [
            (minute, h.kind)
            for h in engine.update(Sight([track(1, (0.7, 0.5), at_us)], at_us)).hits
        ]
    assert hits == [(1, "dwell")]  # it has been there for long, but the rule looks since eight


def test_counts_come_when_the_minute_is_over_or_the_schedule_ends() -> None:
    rule = CrowdRule(
        "c", above=0, schedule=Schedule((Window(frozenset({"mon"}), "08:00", "08:02"),))
    )
    engine = RuleEngine(Rulebook((rule,)))
    minutes: dict[int, int] = {}
    for second in range(0, 180, 10):
        at_us = round((EIGHT + timedelta(seconds=second)).timestamp()) * 1_000_000
        for record in engine.update(Sight([], at_us)).counts:
            minutes[record.start_us] = minutes.get(record.start_us, 0) + 1
    first = round(EIGHT.timestamp()) * 1_000_000
    assert minutes == {first: 2, first + 60_000_000: 2}
    assert engine.flush() == []


def test_clock_set_back_begins_anew_and_loses_no_count() -> None:
    engine = RuleEngine(BOOK)
    outcome = Outcome()
    for at_us in (10 * STEP_US, 11 * STEP_US, 0, STEP_US):
        outcome = engine.update(Sight([track(at_us + 1, (0.7, 0.5), at_us)], at_us))
        if at_us == 0:
            assert {record.rule for record in outcome.counts} == {"e", "f"}
    assert [hit.kind for hit in outcome.hits] == ["zone_enter"]


def test_held_back_hits_are_counted_by_kind() -> None:
    engine = RuleEngine(Rulebook((ZoneEnterRule("a", cool_down_s=60, **EXACT),)))
    first = engine.update(Sight([track(1, (0.5, 0.5), 0)], 0))
    assert (len(first.hits), first.held_back) == (1, {})
    second = engine.update(Sight([track(2, (0.5, 0.5), STEP_US)], STEP_US))
    assert (second.hits, second.held_back) == ([], {"zone_enter": 1})


def test_a_change_of_the_rules_leaves_those_that_are_as_they_were_alone() -> None:
    wait = QueueRule("wait", zone=HALF, alert_s=2, **EXACT)
    other, changed = CrowdRule("crowd", above=3), CrowdRule("crowd", version=2, above=0, **AT_ONCE)
    engine = RuleEngine(Rulebook((wait, other)))
    hits: list[tuple[int, str]] = []
    for step in range(15):
        if step == 6:
            counts = engine.use(Rulebook((ZoneEnterRule("new", **EXACT), changed, wait)))
            assert {record.rule for record in counts} == {"crowd"}
        at_us = step * STEP_US
        outcome = engine.update(Sight([track(1, (0.7, 0.5), at_us)], at_us))
        hits += [(step, hit.rule) for hit in outcome.hits]
    assert hits == [(6, "new"), (6, "crowd"), (10, "wait")]
    assert {record.rule for record in engine.use(Rulebook(()))} == {"crowd", "wait"}
    assert engine.flush() == []

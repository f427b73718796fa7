from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.events import Box, Track
from analytics.rulebook.book import Rulebook, Zone, ZoneEnterRule, default_rulebook
from analytics.rules.base import Hit
from analytics.rules.zones import ZoneEnter
from camera_registry.base.errors import InvalidError

STEP_US = 200_000
RIGHT_HALF = Zone("right", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))


def track(
    x: float,
    at_us: int,
    *,
    ident: int = 1,
    size: float = 0.1,
    travel: float = 0.2,
    confirmed: bool = True,
    seen: bool = True,
    label: str = "object",
    score: float = 0.9,
) -> Track:
    box = Box(x - size / 2, 0.5, size, size)
    return Track(ident, box, score, label, at_us - 2_000_000, at_us, confirmed, seen, travel)


def walk(rule: ZoneEnterRule, places: list[float]) -> list[int]:
    """Move one track through the places; return the frames in which the rule spoke."""
    zone = ZoneEnter(rule)
    return [
        index
        for index, x in enumerate(places)
        if zone.update([track(x, index * STEP_US)], index * STEP_US)
    ]


def test_entering_is_told_once_for_a_track_even_when_it_returns() -> None:
    rule = ZoneEnterRule("r", zone=RIGHT_HALF, cool_down_s=0)
    assert walk(rule, [0.3, 0.4, 0.6, 0.7, 0.8, 0.3, 0.2, 0.7, 0.8]) == [3]


def test_hit_carries_rule_version_zone_and_track() -> None:
    zone = ZoneEnter(ZoneEnterRule("gate", version=7, zone=RIGHT_HALF, settle_s=0))
    seen = track(0.7, 0, ident=42)
    assert zone.update([seen], 0) == [Hit("zone_enter", "gate", 7, "right", seen)]


def test_jitter_at_the_border_does_not_settle_but_the_margin_holds_who_is_inside() -> None:
    rule = ZoneEnterRule("r", zone=RIGHT_HALF, settle_s=0.4, margin=0.02, cool_down_s=0)
    assert walk(rule, [0.51, 0.45, 0.51, 0.45, 0.51, 0.45]) == []
    assert walk(rule, [0.51, 0.49, 0.51]) == [2]


@pytest.mark.parametrize(
    "change",
    [
        {"confirmed": False},
        {"seen": False},
        {"travel": 0.01},
        {"size": 0.01},
        {"score": 0.3},
        {"label": "vehicle-like"},
    ],
)
def test_a_track_that_does_not_qualify_is_not_told(change: dict[str, object]) -> None:
    rule = ZoneEnterRule("r", settle_s=0, labels=frozenset({"object"}))
    seen = track(0.7, 0, **change)  # type: ignore[arg-type]
    assert ZoneEnter(rule).update([seen], 0) == []
    assert len(ZoneEnter(rule).update([track(0.7, 0)], 0)) == 1


def test_young_track_is_told_when_it_is_old_enough() -> None:
    zone = ZoneEnter(ZoneEnterRule("r", settle_s=0, min_age_s=3.0))
    assert zone.update([track(0.7, 0)], 0) == []
    older = Track(1, Box(0.5, 0.5, 0.1, 0.1), 0.9, "object", 0, 3_000_000, True, True, 0.2)
    assert len(zone.update([older], 3_000_000)) == 1


def test_cool_down_holds_back_and_counts() -> None:
    zone = ZoneEnter(ZoneEnterRule("r", settle_s=0, cool_down_s=10))
    both = [track(0.2, 0, ident=1), track(0.7, 0, ident=2)]
    assert [hit.track and hit.track.id for hit in zone.update(both, 0)] == [1]
    assert zone.update([*both, track(0.5, 0, ident=3)], 9_999_999) == []
    assert zone.held_back == 2
    assert len(zone.update([track(0.5, 0, ident=4)], 10_000_000)) == 1


def test_the_shortest_cool_down_lets_one_of_a_frame_through() -> None:
    zone = ZoneEnter(ZoneEnterRule("r", settle_s=0, cool_down_s=1e-9))
    assert len(zone.update([track(0.2, 0, ident=1), track(0.7, 0, ident=2)], 0)) == 1


def test_clock_set_back_does_not_silence_the_rule() -> None:
    zone = ZoneEnter(ZoneEnterRule("r", settle_s=0, cool_down_s=3600))
    assert len(zone.update([track(0.2, 0, ident=1)], 10**12)) == 1
    assert len(zone.update([track(0.2, 0, ident=2)], 0)) == 1


@settings(max_examples=80)
@given(
    st.lists(
        st.dictionaries(st.integers(1, 5), st.floats(0.0, 1.0), max_size=5),
        max_size=30,
    ),
    st.floats(0, 3),
    st.floats(0, 1),
)
def test_never_twice_for_a_track_never_outside_never_in_the_cool_down(
    frames: list[dict[int, float]], cool_down_s: float, settle_s: float
) -> None:
    rule = ZoneEnterRule("r", zone=RIGHT_HALF, cool_down_s=cool_down_s, settle_s=settle_s)
    one, two = ZoneEnter(rule), ZoneEnter(rule)
    gone: set[int] = set()
    told: set[int] = set()
    last: int | None = None
    previous: set[int] = set()
    for index, places in enumerate(frames):
        at_us = index * STEP_US
        gone |= previous - places.keys()
        # the tracker never gives an id again
        tracks = [track(x, at_us, ident=i) for i, x in places.items() if i not in gone]
        previous = {item.id for item in tracks}
        hits = one.update(tracks, at_us)
        assert hits == two.update(tracks, at_us)
        for hit in hits:
            assert hit.track is not None
            assert hit.track.id not in told
            assert hit.track.box.x + hit.track.box.w / 2 >= 0.5 - rule.margin - 1e-9
            assert last is None or cool_down_s == 0 or at_us - last >= cool_down_s * 1e6
            told.add(hit.track.id)
            last = at_us


def test_unusable_rules_are_refused() -> None:
    with pytest.raises(InvalidError):
        ZoneEnterRule("Not an id")
    with pytest.raises(InvalidError):
        ZoneEnterRule("r", cool_down_s=-1)
    with pytest.raises(InvalidError):
        ZoneEnterRule("r", min_travel=float("nan"))
    with pytest.raises(InvalidError):
        Rulebook((ZoneEnterRule("r"), ZoneEnterRule("r")))


def test_default_rulebook_watches_the_whole_picture_with_a_cool_down() -> None:
    (rule,) = default_rulebook().rules
    assert isinstance(rule, ZoneEnterRule)
    assert rule.zone.whole
    assert rule.cool_down_s == 10

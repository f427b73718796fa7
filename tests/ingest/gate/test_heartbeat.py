from __future__ import annotations

from ingest.gate.heartbeat import Heartbeat, HeartbeatConfig

S = 1_000_000


def passed(heartbeat: Heartbeat, gop_s: float, until_s: float, first_us: int = 0) -> list[float]:
    """Times of the keyframes that are looked at, where every look shows an empty scene."""
    looked, found, at = first_us, [], first_us
    while (at := at + round(gop_s * S)) < first_us + until_s * S:
        if not heartbeat.lets_by(at, looked, moved_us=-60 * S, gop_us=round(gop_s * S)):
            looked = at
            found.append((at - first_us) / S)
    return found


def test_looks_are_no_farther_apart_than_said() -> None:
    for gop_s, apart in ((0.5, 6.0), (1.0, 6.0), (2.0, 6.0), (2.5, 5.0), (4.0, 4.0), (10.0, 10.0)):
        looks = passed(Heartbeat(HeartbeatConfig(longest_s=6)), gop_s, 61)
        assert looks == [apart * n for n in range(1, len(looks) + 1)]
        assert len(looks) >= 5


def test_unless_told_otherwise_it_looks_at_every_keyframe() -> None:
    assert passed(Heartbeat(HeartbeatConfig()), 2.0, 9) == [2.0, 4.0, 6.0, 8.0]
    assert passed(Heartbeat(HeartbeatConfig()), 0.125, 0.4) == [0.125, 0.25, 0.375]


def test_after_a_movement_that_was_not_told_every_keyframe_counts_for_a_while() -> None:
    heartbeat = Heartbeat(HeartbeatConfig(longest_s=6, careful_s=20))
    heartbeat.untold(100 * S)
    assert passed(heartbeat, 2.0, 11, 100 * S) == [2.0, 4.0, 6.0, 8.0, 10.0]
    assert passed(heartbeat, 2.0, 13, 119 * S) == [6.0, 12.0]


def test_a_clock_that_was_set_back_lets_nothing_by() -> None:
    heartbeat = Heartbeat(HeartbeatConfig(longest_s=6))
    assert not heartbeat.lets_by(150 * S, 160 * S, moved_us=0, gop_us=2 * S)
    assert not heartbeat.lets_by(150 * S, 150 * S, moved_us=0, gop_us=2 * S)


def test_after_a_movement_a_minute_is_looked_at_in_full() -> None:
    heartbeat = Heartbeat(HeartbeatConfig(longest_s=6))
    assert not heartbeat.lets_by(100 * S, 98 * S, moved_us=41 * S, gop_us=2 * S)
    assert heartbeat.lets_by(100 * S, 98 * S, moved_us=40 * S, gop_us=2 * S)

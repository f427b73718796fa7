from __future__ import annotations

import random
import threading
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from analytics.gatekeeper import Gatekeeper, Work
from analytics.inbox import InboxLimits
from analytics.metrics import GATE_CAMERAS, GATE_DUTY, GATE_WAKES
from ingest.gate.activity import ActivityGate
from ingest.gate.config import GateConfig
from ingest.gate.heartbeat import HeartbeatConfig
from ingest.gate.packet_sizes import SizeConfig
from ingest.gate.rate_control import RateConfig
from ingest.gate.state import Phase
from ingest.packets import Packet, StreamInfo

INFO = StreamInfo("h264", "avc1.42C01E", 640, 360)
GOP = 10
QUICK = GateConfig(
    SizeConfig(RateConfig(first_gops=2, skip_gops=0, settle_gops=0), least_packets=5, smooth=1),
    hold_s=0.5,
    confirm_s=0.2,
    audit_every_s=1e6,
    trial_audit_s=1e6,
)
WIDE = InboxLimits(packets=10_000)


def packet(seq: int, size: int = 100, epoch: int = 1) -> Packet:
    key = seq % GOP == 0
    at = seq * 40_000
    return Packet(epoch, seq, key, at, at, at, bytes(5000 if key else size), INFO)


def drain(keeper: Gatekeeper) -> list[Work]:
    found = []
    while (work := keeper.take()) is not None:
        found.append(work)
    return found


def asleep(config: GateConfig = QUICK) -> tuple[Gatekeeper, ActivityGate, int]:
    """Return a gatekeeper whose camera fell asleep with the keyframe before the number given."""
    gate = ActivityGate(config, chance=random.Random(1))
    keeper = Gatekeeper(gate, WIDE)
    seq = 0
    while gate.phase is not Phase.ASLEEP:
        keeper.put(packet(seq, 900 if seq < 15 else 100))
        for work in drain(keeper):
            keeper.saw(work.packet.utc_us, moving=False)
        seq += 1
        assert seq < 500
    return keeper, gate, seq


def test_asleep_only_keyframes_come_through_and_the_pool_is_left_alone() -> None:
    keeper, _, seq = asleep()
    assert seq % GOP == 1
    for start in (seq, seq + GOP):
        woken = [keeper.put(packet(n)) for n in range(start, start + GOP)]
        assert sum(woken) == 1
        (work,) = drain(keeper)
        assert (work.packet.seq, work.still) == (start - 1 + GOP, True)


def test_a_wake_puts_back_the_group_from_its_keyframe() -> None:
    keeper, gate, seq = asleep()
    wakes = GATE_WAKES._value.get()
    for n in range(seq, seq + GOP + 4):
        keeper.put(packet(n))
    assert [work.still for work in drain(keeper)] == [True]
    assert keeper.put(packet(seq + GOP + 4, 2000))
    assert gate.phase is Phase.AWAKE
    assert GATE_WAKES._value.get() - wakes == 1
    found = drain(keeper)
    key = seq - 1 + GOP
    assert [work.packet.seq for work in found] == list(range(key, seq + GOP + 5))
    assert not any(work.still for work in found)
    assert all(work.held for work in found)
    keeper.put(packet(seq + GOP + 5))
    assert [(work.packet.seq, work.held) for work in drain(keeper)] == [(seq + GOP + 5, False)]


def test_a_keyframe_that_was_not_seen_yet_is_not_decoded_twice() -> None:
    keeper, _, seq = asleep()
    for n in range(seq, seq + GOP + 4):  # nobody takes the keyframe in between
        keeper.put(packet(n))
    keeper.put(packet(seq + GOP + 4, 2000))
    numbers = [work.packet.seq for work in drain(keeper)]
    assert numbers == list(range(seq - 1 + GOP, seq + GOP + 5))


def test_a_keyframe_that_differs_brings_the_group_before_it() -> None:
    keeper, gate, seq = asleep()
    for n in range(seq, seq + GOP + 3):
        keeper.put(packet(n))
    key = drain(keeper)[-1].packet
    assert keeper.saw(key.utc_us, moving=True)
    assert gate.counts.late_wakes == 1
    numbers = [work.packet.seq for work in drain(keeper)]
    assert numbers == list(range(seq - 1, seq + GOP + 3))


def resting(longest_s: float = 1.2) -> tuple[Gatekeeper, ActivityGate, int]:
    """A proved camera asleep, whose last keyframe (the number before) was seen to be empty."""
    keeper, gate, seq = asleep(
        replace(QUICK, heartbeat=HeartbeatConfig(longest_s=longest_s, quiet_s=0.1))
    )
    assert gate._sizes is not None
    gate._sizes.rate.proved = True
    for n in range(seq, seq + GOP):
        keeper.put(packet(n))
    (work,) = drain(keeper)
    keeper.saw(work.packet.utc_us, moving=False)
    keeper.empty(work.packet.utc_us)
    return keeper, gate, seq + GOP


def test_keyframes_of_an_empty_scene_are_let_by_for_a_while() -> None:
    keeper, _, seq = resting()
    woken = [keeper.put(packet(n)) for n in range(seq, seq + 3 * GOP)]
    assert sum(woken) == 1
    assert [(work.packet.seq, work.still) for work in drain(keeper)] == [(seq - 1 + 3 * GOP, True)]


def test_a_look_that_was_not_said_to_be_empty_lets_nothing_by() -> None:
    keeper, _, seq = resting()
    for n in range(seq, seq + 3 * GOP):
        keeper.put(packet(n))
    drain(keeper)  # somebody is in this one
    woken = [keeper.put(packet(n)) for n in range(seq + 3 * GOP, seq + 4 * GOP)]
    assert sum(woken) == 1


def test_on_trial_nothing_is_let_by_before_two_audits() -> None:
    keeper, gate, seq = resting()
    assert gate._sizes is not None
    gate._sizes.rate.proved = False
    assert sum(keeper.put(packet(n)) for n in range(seq, seq + GOP)) == 1


def test_a_wake_after_keyframes_that_nobody_saw_brings_all_since_the_last_look() -> None:
    keeper, gate, seq = resting()
    for n in range(seq, seq + GOP + 4):
        keeper.put(packet(n))
    assert drain(keeper) == []
    assert keeper.put(packet(seq + GOP + 4, 2000))
    assert gate.phase is Phase.AWAKE
    found = drain(keeper)
    assert [work.packet.seq for work in found] == list(range(seq - 1, seq + GOP + 5))
    assert not any(work.still for work in found)


def test_a_late_wake_brings_all_since_the_look_before() -> None:
    keeper, gate, seq = resting()
    for n in range(seq, seq + 3 * GOP + 2):
        keeper.put(packet(n))
    (work,) = drain(keeper)
    assert keeper.saw(work.packet.utc_us, moving=True)
    assert gate.counts.late_wakes == 1
    numbers = [work.packet.seq for work in drain(keeper)]
    assert numbers == list(range(seq - 1, seq + 3 * GOP + 2))


def test_keyframes_that_show_nothing_by_themselves_end_the_sleep_for_this_session() -> None:
    keeper, gate, seq = asleep()
    keeper.blank()  # one may have come to harm
    for n in range(seq, seq + GOP):
        keeper.put(packet(n))
    assert [work.still for work in drain(keeper)] == [True]
    assert gate.reason != "keyframes_depend"
    keeper.blank()
    assert (gate.phase, gate.reason) == (Phase.UNGATED, "keyframes_depend")
    assert [work.packet.seq for work in drain(keeper)] == list(range(seq - 1, seq + GOP))
    last = seq + 40 * GOP
    for n in range(seq + GOP, last):
        keeper.put(packet(n))
        keeper.saw(packet(n).utc_us, moving=False)
    assert gate.reason == "keyframes_depend"
    assert [work.packet.seq for work in drain(keeper)] == list(range(seq + GOP, last))
    keeper.put(packet(0, epoch=2))
    assert gate.reason == "learning"


def test_a_single_keyframe_that_shows_nothing_changes_nothing() -> None:
    keeper, gate, seq = asleep()
    for n in range(seq, seq + 6 * GOP):
        keeper.put(packet(n))
        for work in drain(keeper):
            if n // GOP % 2:
                keeper.blank()
            else:
                keeper.saw(work.packet.utc_us, moving=False)
    assert gate.phase is Phase.ASLEEP


def test_no_more_keyframes_are_said_to_be_looked_at_than_there_are() -> None:
    keeper = Gatekeeper(ActivityGate(auto=False), WIDE)
    for n in range(2 * GOP + 1):
        keeper.put(packet(n))
    assert keeper.status(1.25).analysis_fps == 1.25
    assert keeper.status(1.25, keyframes_only=True).analysis_fps == 1.25
    for n in range(3 * GOP, 100 * GOP, 10 * GOP):
        keeper.put(packet(n))
    assert keeper.status(1.25, keyframes_only=True).analysis_fps == 0.25


def test_while_a_look_is_late_what_lies_before_it_is_kept() -> None:
    keeper, gate, seq = asleep()
    last = seq + 4 * GOP + 3
    for n in range(seq, last):
        keeper.put(packet(n))
    (work,) = drain(keeper)  # the first of four keyframes; the others pass meanwhile
    assert (work.packet.seq, work.still) == (seq - 1 + GOP, True)
    assert keeper.saw(work.packet.utc_us, moving=True)
    assert gate.counts.late_wakes == 1
    assert [one.packet.seq for one in drain(keeper)] == list(range(seq - 1, last))


def test_a_look_that_never_comes_does_not_hold_more_and_more() -> None:
    keeper, _, seq = asleep()
    held = 0
    for n in range(seq, seq + 60 * GOP):
        one = packet(n)
        keeper.put(replace(one, data=bytes(1_000_000)) if one.keyframe else one)
        held = max(held, sum(len(p.data) for p in (*keeper._previous, *keeper._current)))
    assert held < 20_000_000


def audited() -> tuple[Gatekeeper, ActivityGate, int]:
    """A camera that sleeps, and whose next keyframe is due for an audit."""
    keeper, gate, seq = asleep(replace(QUICK, audit_every_s=0.001, trial_audit_s=0.001))
    for n in range(seq, seq + GOP):
        keeper.put(packet(n))
    assert gate.phase is Phase.ASLEEP
    return keeper, gate, seq


def test_an_audit_begins_with_a_keyframe_that_showed_nothing() -> None:
    keeper, gate, seq = audited()
    (work,) = drain(keeper)
    keeper.put(packet(seq + GOP))
    assert keeper.saw(work.packet.utc_us, moving=False)
    assert gate.counts.audits == 1
    found = drain(keeper)
    assert [one.packet.seq for one in found] == [seq - 1 + GOP, seq + GOP]
    assert not any(one.still for one in found)


def test_no_audit_takes_the_look_that_tells_of_the_group_before() -> None:
    keeper, gate, seq = audited()
    (work,) = drain(keeper)
    assert work.still
    assert keeper.saw(work.packet.utc_us, moving=True)
    assert (gate.counts.late_wakes, gate.counts.audits) == (1, 0)
    assert [one.packet.seq for one in drain(keeper)] == list(range(seq - 1, seq + GOP))


def test_a_great_many_bytes_are_not_held_without_a_look() -> None:
    keeper, _, seq = resting(60.0)
    held = 0
    for n in range(seq, seq + 100 * GOP):
        one = packet(n)
        heavy = replace(one, data=bytes(1_000_000)) if one.keyframe else one
        if keeper.put(heavy):
            break
        held += len(heavy.data)
    assert 8_000_000 < held < 10_000_000


def test_what_was_held_of_an_old_session_is_dropped() -> None:
    keeper, _, seq = asleep()
    for n in range(seq, seq + 5):
        keeper.put(packet(n))
    drain(keeper)
    keeper.put(packet(0, epoch=2))
    assert [(work.packet.epoch, work.still) for work in drain(keeper)] == [(2, False)]


def test_a_closed_one_takes_nothing_and_leaves_the_gauges_even() -> None:
    duty = GATE_DUTY._value.get()
    cameras = {phase: GATE_CAMERAS.labels(phase.value)._value.get() for phase in Phase}
    keeper, _, seq = asleep()
    keeper.close()
    assert not keeper.put(packet(seq))
    assert keeper.take() is None
    assert abs(GATE_DUTY._value.get() - duty) < 1e-9
    assert {p: GATE_CAMERAS.labels(p.value)._value.get() for p in Phase} == cameras


@given(st.lists(st.tuples(st.sampled_from([100, 100, 100, 2000]), st.integers(0, 3)), max_size=200))
def test_nothing_comes_twice_or_out_of_order_and_an_awake_camera_loses_nothing(
    script: list[tuple[int, int]],
) -> None:
    keeper, gate, seq = asleep()
    got: list[Work] = []
    awake: set[int] = set()
    for number, (size, takes) in enumerate(script):
        keeper.put(packet(seq + number, size))
        if gate.phase is not Phase.ASLEEP:
            awake.add(seq + number)
        for _ in range(takes):
            if (work := keeper.take()) is not None:
                got.append(work)
                keeper.saw(work.packet.utc_us, moving=False)
    got += drain(keeper)
    full = [work.packet.seq for work in got if not work.still]
    assert full == sorted(set(full))
    assert awake <= set(full)
    everything = [work.packet.seq for work in got]
    repeated = {n for n in everything if everything.count(n) > 1}
    assert all(n % GOP == 0 for n in repeated)  # a keyframe, once by itself and once with its group


def test_session_and_pool_may_meet() -> None:
    keeper, _, seq = asleep()
    got: list[int] = []
    over = threading.Event()

    def take() -> None:
        while not over.is_set() or len(keeper):
            work = keeper.take()
            if work is not None:
                got.append(work.packet.seq)
                keeper.saw(work.packet.utc_us, moving=work.packet.seq % 97 == 0)

    taker = threading.Thread(target=take)
    taker.start()
    for number in range(seq, seq + 3000):
        keeper.put(packet(number, 2000 if number % 333 == 0 else 100))
    over.set()
    taker.join()
    assert {n for n in range(seq, seq + 3000) if n % 333 == 0} <= set(got) | {
        n for n in range(seq, seq + 3000) if n % GOP == 0
    }

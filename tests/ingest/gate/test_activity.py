"""The gate on made-up packets: what it must do, and what must hold whatever comes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.gate.activity import ActivityGate
from ingest.gate.config import GateConfig
from ingest.gate.packet_sizes import SizeConfig
from ingest.gate.rate_control import RateConfig
from ingest.gate.state import GateMemory, Phase
from ingest.packets import Packet, StreamInfo

INFO = StreamInfo("h264", "avc1.42C01E", 640, 360)
GOP = 50
FRAME_US = 40_000
LOOK = 5


class Street:
    """A camera that is looked at as the pipeline would: all when awake, keyframes when asleep."""

    def __init__(
        self,
        config: GateConfig | None = None,
        *,
        auto: bool = True,
        memory: GateMemory | None = None,
    ) -> None:
        self.gate = ActivityGate(config, auto=auto, memory=memory, chance=random.Random(7))
        self.at = 0
        self.epoch = 1
        self.phases: list[Phase] = []

    def phase(self) -> Phase:
        return self.phases[-1]

    def run(
        self,
        seconds: float,
        size: Callable[[int], int] = lambda at: 100,
        *,
        moving: bool = False,
        seen: bool = True,
    ) -> None:
        for _ in range(round(seconds * 25)):
            key = self.at % GOP == 0
            time = self.at * FRAME_US
            data = bytes(6000 if key else size(self.at))
            packet = Packet(self.epoch, self.at, key, time, time, time, data, INFO)
            phase = self.gate.packet(packet)
            self.phases.append(phase)
            if seen and (key if phase is Phase.ASLEEP else self.at % LOOK == 0):
                self.gate.pixels(time, moving=moving and phase is not Phase.ASLEEP)
            self.at += 1

    def settle(self) -> None:
        """Let a visitor prove that the rate is variable, and the street come to rest."""
        self.run(22)
        self.run(4, lambda at: 900, moving=True)
        self.run(12)
        assert self.gate.phase in (Phase.ASLEEP, Phase.AUDIT)


NO_AUDITS = GateConfig(audit_every_s=1e6, trial_audit_s=1e6)


def test_variable_rate_sleeps_and_wakes_within_three_packets() -> None:
    street = Street(NO_AUDITS)
    street.settle()
    street.run(3)
    before = street.gate.counts.wakes
    street.run(3 / 25, lambda at: 900, moving=True)
    assert street.phase() is Phase.AWAKE
    assert street.gate.counts.wakes == before + 1
    street.run(1, lambda at: 900, moving=True)
    street.run(12)
    assert street.phase() is Phase.ASLEEP
    assert street.gate.counts.false_wakes == 0


def test_it_stays_awake_for_its_time_after_the_last_movement() -> None:
    street = Street(NO_AUDITS)
    street.settle()
    street.run(2, lambda at: 900, moving=True)
    start = len(street.phases)
    street.run(12)
    asleep = street.phases[start:].index(Phase.ASLEEP)
    assert 4.0 <= asleep / 25 <= 4.0 + 2 * GOP / 25


def test_constant_rate_is_never_gated() -> None:
    street = Street()
    street.run(300, lambda at: 2000 + at % 3, moving=True)
    assert set(street.phases) == {Phase.LEARNING, Phase.UNGATED}
    assert street.gate.reason == "constant_rate"
    assert street.gate.duty == 1.0


def test_off_is_off() -> None:
    street = Street(auto=False)
    street.run(60, lambda at: 100 + 50 * (at // 100 % 7))
    assert set(street.phases) == {Phase.OFF}
    assert street.gate.reason == "gate_off"


def test_false_wakes_raise_the_threshold_until_they_end() -> None:
    street = Street(NO_AUDITS)
    street.settle()
    for _ in range(20):
        street.run(1, lambda at: 300)
        street.run(9)
    counts = street.gate.counts
    assert 2 <= counts.false_wakes < 10
    assert (300 + 32) / (100 + 32) < street.gate.threshold <= GateConfig().threshold_max
    raised = street.gate.threshold
    for _ in range(30):
        street.run(2, lambda at: 900, moving=True)
        street.run(10)
    assert GateConfig().threshold <= street.gate.threshold < raised


def woken() -> tuple[Street, int, int]:
    """A street that slept and was woken by sizes; when its last keyframe came, and the wake."""
    street = Street(NO_AUDITS)
    street.settle()
    street.run((GOP - street.at % GOP + 1) / 25)
    keyframe = (street.at - 1) * FRAME_US
    while street.phase() is Phase.ASLEEP:
        street.run(1 / 25, lambda _: 900, seen=False)
    assert street.gate.counts.wakes == 1
    return street, keyframe, (street.at - 1) * FRAME_US


def test_movement_that_was_over_before_the_sizes_told_it_confirms_the_wake() -> None:
    street, keyframe, _ = woken()
    threshold = street.gate.threshold
    street.gate.pixels(keyframe + FRAME_US, moving=True)  # decoded back
    street.run(20)
    assert street.phase() is Phase.ASLEEP
    assert street.gate.counts.false_wakes == 0
    assert street.gate.threshold <= threshold


def test_a_wake_is_not_refuted_by_two_looks() -> None:
    street, _, woke = woken()
    for second in range(1, 5):
        street.run(1, seen=False)
        street.gate.pixels(woke + second * 900_000, moving=False)
        assert street.gate.counts.false_wakes == 0
    street.run(4)
    assert street.gate.counts.false_wakes == 1


def test_what_told_of_somebody_who_has_left_does_not_wake_again() -> None:
    """A camera that gives so few pictures that the newest eight hold the visitor for long."""
    slow = replace(NO_AUDITS, sizes=SizeConfig(smooth=130))
    street = Street(slow)
    street.run(22)
    for _ in range(3):
        street.run(4, lambda at: 2000, moving=True)
        street.run(20)
    assert Phase.ASLEEP in street.phases
    assert street.gate.counts.false_wakes == 0


def test_movement_that_sizes_do_not_tell_is_a_miss_and_costs_the_gate() -> None:
    street = Street(GateConfig(audit_every_s=20.0, demoted_s=60.0))
    street.settle()
    for _ in range(100):
        street.run(2, moving=True)
        if street.phase() is Phase.DEMOTED:
            break
    counts = street.gate.counts
    assert (counts.misses, counts.demotions) == (1, 1)
    assert counts.audits >= 1
    assert street.gate.reason == "missed"
    lost = len(street.phases)
    street.run(58)
    assert set(street.phases[lost:]) == {Phase.DEMOTED}
    street.run(20)
    assert street.phase() is Phase.ASLEEP


def test_a_demotion_survives_a_new_session_and_the_next_one_is_longer() -> None:
    street = Street(GateConfig(audit_every_s=5.0, demoted_s=60.0))
    lasted = []
    for _ in range(2):
        street.settle()
        while street.phase() is not Phase.DEMOTED:
            street.run(2, moving=True)
        start = street.at
        street.epoch += 1
        while street.phase() is Phase.DEMOTED:
            street.run(2)
        lasted.append((street.at - start) / 25)
    assert lasted[0] == pytest.approx(60, abs=4)
    assert lasted[1] == pytest.approx(120, abs=4)


def test_an_audit_of_a_quiet_street_finds_nothing() -> None:
    street = Street(GateConfig(audit_every_s=10.0))
    street.settle()
    street.run(300)
    counts = street.gate.counts
    assert counts.audits >= 10
    assert (counts.misses, counts.false_wakes) == (0, 0)
    assert street.gate.duty < 0.7


def test_a_keyframe_that_differs_wakes() -> None:
    street = Street(NO_AUDITS)
    street.settle()
    assert street.gate.pixels(street.at * FRAME_US, moving=True) is Phase.AWAKE
    assert street.gate.counts.late_wakes == 1


def test_nobody_sleeps_while_the_looking_is_behind() -> None:
    street = Street(NO_AUDITS)
    street.run(22)
    street.run(4, lambda at: 900, moving=True)
    start = len(street.phases)
    street.run(60, seen=False)
    assert Phase.ASLEEP not in street.phases[start:]


def test_a_new_session_goes_on_from_what_was_learnt() -> None:
    street = Street(NO_AUDITS)
    street.settle()
    assert street.gate.reason == "variable_rate"
    street.epoch += 1
    start = len(street.phases)
    street.run(12)
    asleep = street.phases[start:].index(Phase.ASLEEP)
    assert asleep / 25 <= 10  # and not twenty seconds of learning
    assert street.gate.reason == "on_trial"
    street.run(3, lambda at: 900, moving=True)
    street.run(18)
    assert street.gate.reason == "variable_rate"


def busy(at: int) -> int:
    """Pictures of a stream that takes far more of its keyframe."""
    return 2500 + at % 3


def test_a_session_of_other_sizes_has_to_qualify_anew() -> None:
    street = Street(NO_AUDITS)
    street.settle()
    street.epoch += 1
    start = len(street.phases)
    street.run(60, busy)
    assert Phase.ASLEEP not in street.phases[start:]
    assert street.gate.reason == "constant_rate"
    learnt = street.gate.learnt()
    assert learnt is not None
    assert learnt.proved  # the old setting may come back


def test_what_was_learnt_holds_in_another_worker_and_for_its_own_stream_only() -> None:
    street = Street(NO_AUDITS)
    street.settle()
    learnt = street.gate.learnt()
    assert learnt is not None
    assert (learnt.proved, learnt.usual_bytes) == (True, 100)
    for memory, latest in ((learnt, 10), (replace(learnt, width=1280), 40)):
        other = Street(NO_AUDITS, memory=memory)
        other.run(40)
        asleep = other.phases.index(Phase.ASLEEP) / 25
        assert asleep <= latest
        assert asleep > latest - 20


def test_a_demotion_goes_on_in_another_worker() -> None:
    config = GateConfig(audit_every_s=5.0, demoted_s=60.0)
    street = Street(config)
    street.settle()
    while street.phase() is not Phase.DEMOTED:
        street.run(2, moving=True)
    other = Street(config, memory=street.gate.learnt())
    other.at = street.at
    other.run(50)
    assert set(other.phases) == {Phase.DEMOTED}
    assert other.gate.reason == "missed"


def test_a_memory_that_somebody_forged_does_no_lasting_harm() -> None:
    forged = GateMemory("h264", 640, 360, True, 10**9, 1e300, 10**18, 1e300)
    street = Street(GateConfig(demoted_max_s=30.0, demoted_s=10.0), memory=forged)
    street.run(60)
    assert street.phases[0] is Phase.DEMOTED
    assert street.phase() is not Phase.DEMOTED
    assert street.gate.threshold <= GateConfig().threshold_max


def test_a_scene_at_rest_sleeps_on_trial_and_is_audited_more_often() -> None:
    street = Street(GateConfig(audit_every_s=120.0))
    street.run(60)
    assert Phase.ASLEEP in street.phases
    assert street.gate.reason == "on_trial"
    assert street.gate.counts.audits >= 1
    street.run(3 * 3600)
    assert Phase.UNGATED not in street.phases
    assert street.gate.duty < 0.1
    assert street.gate.counts.wakes == 0


def test_one_movement_that_sizes_did_not_tell_ends_the_trial() -> None:
    street = Street(NO_AUDITS)
    street.run(40)
    assert street.phase() is Phase.ASLEEP
    street.gate.pixels(street.at * FRAME_US, moving=True)  # told by a keyframe only
    street.run(6, moving=True)
    assert street.gate.reason == "constant_rate"
    street.run(300)
    assert street.phase() is Phase.UNGATED


def test_flickers_prove_nothing() -> None:
    street = Street(NO_AUDITS)
    street.settle()
    for _ in range(60):
        street.run(1 / 25, moving=True)
        street.run(9)
    assert street.gate.reason == "variable_rate"
    assert street.gate.counts.misses == 0
    assert Phase.UNGATED not in street.phases[-1000:]


_STEP = st.tuples(
    st.booleans(),  # keyframe
    st.sampled_from([0, 40, 100, 3000]),  # bytes
    st.sampled_from([40_000, 40_000, 40_000, 2_000_000, -60_000_000]),  # step of time
    st.sampled_from([None, False, True]),  # looked, and what was seen
    st.integers(0, 30).map(lambda n: n == 0),  # a new session
)


@given(st.lists(_STEP, max_size=300), st.integers(0, 5))
def test_whatever_comes_the_gate_stays_within_its_rules(
    steps: list[tuple[bool, int, int, bool | None, bool]], seed: int
) -> None:
    sizes = SizeConfig(
        RateConfig(first_gops=2, window_gops=6, skip_gops=0, settle_gops=0), least_packets=3
    )
    config = GateConfig(
        sizes, confirm_s=0.1, hold_s=0.2, fresh_s=30.0, audit_every_s=1.0, demoted_s=5.0
    )
    gate = ActivityGate(config, chance=random.Random(seed))
    at, epoch = 10**9, 1
    for seq, (keyframe, size, step, looked, new) in enumerate(steps):
        at, epoch = at + step, epoch + new
        before = gate.phase
        key = keyframe or new or seq == 0
        phase = gate.packet(Packet(epoch, seq, key, at, at, at, bytes(size), INFO))
        if phase is Phase.ASLEEP and before is not Phase.ASLEEP:
            assert key  # a wake must find all that it has to decode
            assert before in (Phase.AWAKE, Phase.AUDIT)
            assert gate.variation > 0
        if looked is not None:
            after = gate.pixels(at, moving=looked)
            assert not (looked and after is Phase.ASLEEP)
        counts = gate.counts
        assert counts.false_wakes <= counts.wakes
        assert counts.misses == counts.demotions <= counts.audits
        assert config.threshold <= gate.threshold <= config.threshold_max
        assert 0.0 <= gate.duty <= 1.0

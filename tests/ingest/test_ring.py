from __future__ import annotations

import threading

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ingest.packets import Packet, StreamInfo
from ingest.ring import GopRing

INFO = StreamInfo("h264", "avc1.42C015", 320, 180)
T0 = 1_700_000_000_000_000


def packet(seq: int, *, key: bool = False, size: int = 10, epoch: int = 1, at: int = 0) -> Packet:
    at = at or T0 + seq * 40_000
    return Packet(epoch, seq, key, at, at, at, bytes(size), INFO)


def test_nothing_before_the_first_keyframe() -> None:
    ring = GopRing(10, 1000)
    assert not ring.push(packet(0))
    assert ring.snapshot() == ()
    assert ring.push(packet(1, key=True))
    assert ring.push(packet(2))
    assert [p.seq for p in ring.snapshot()] == [1, 2]


def test_snapshot_is_the_newest_group_and_since_goes_back_to_a_keyframe() -> None:
    ring = GopRing(100, 10_000)
    for seq in range(12):
        ring.push(packet(seq, key=seq % 4 == 0))
    assert [p.seq for p in ring.snapshot()] == [8, 9, 10, 11]
    assert [p.seq for p in ring.since(T0 + 6 * 40_000)] == list(range(4, 12))
    assert [p.seq for p in ring.since(T0 + 4 * 40_000)] == list(range(4, 12))
    assert [p.seq for p in ring.since(0)] == list(range(12))
    assert [p.seq for p in ring.since(T0 + 10**9)] == [8, 9, 10, 11]
    assert [gop.size for gop in ring.gops()] == [40, 40, 40]


def test_packets_are_shared_not_copied() -> None:
    ring = GopRing(10, 1000)
    given = packet(0, key=True)
    ring.push(given)
    assert ring.snapshot()[0] is given


def test_age_keeps_the_whole_time_asked_for() -> None:
    ring = GopRing(1.0, 10**6)
    for seq in range(100):
        ring.push(packet(seq, key=seq % 10 == 0))
        oldest = ring.since(0)[0].dts_us
        held = T0 + seq * 40_000 - oldest
        assert seq < 25 or held >= 1_000_000
        assert held < 1_000_000 + 10 * 40_000


def test_a_group_over_the_limit_empties_the_ring_until_the_next_keyframe() -> None:
    ring = GopRing(10, 100)
    ring.push(packet(0, key=True, size=60))
    assert not ring.push(packet(1, size=60))
    assert ring.bytes_held == 0
    assert not ring.push(packet(2))
    assert ring.push(packet(3, key=True))


def test_readers_and_the_writer_at_once_see_whole_groups() -> None:
    ring = GopRing(0.5, 10**6)
    ring.push(packet(0, key=True))
    bad: list[tuple[Packet, ...]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            for seen in (ring.snapshot(), ring.since(T0)):
                seqs = [p.seq for p in seen]
                if not seen[0].keyframe or seqs != list(range(seqs[0], seqs[0] + len(seqs))):
                    bad.append(seen)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for seq in range(1, 20_000):
        ring.push(packet(seq, key=seq % 7 == 0))
    done.set()
    for reader in readers:
        reader.join()
    assert bad == []


def test_a_pre_roll_reaches_back_over_a_reconnection_until_it_is_too_old() -> None:
    ring = GopRing(10, 10_000)
    first = [packet(seq, key=seq == 0) for seq in range(3)]
    second = [packet(seq, key=seq == 0, epoch=2, at=T0 + 5_000_000 + seq) for seq in range(3)]
    for given in first + second:
        assert ring.push(given)
    assert ring.since(0) == (*first, *second)
    assert ring.snapshot() == tuple(second)
    late = packet(0, key=True, epoch=3, at=T0 + 12_000_000)
    ring.push(late)
    assert ring.since(0) == (*second, late)


def test_after_a_hole_it_waits_for_a_keyframe() -> None:
    ring = GopRing(10, 10_000)
    assert ring.push(packet(0, key=True))
    assert not ring.push(packet(2))
    assert not ring.push(packet(3))
    assert ring.push(packet(4, key=True))
    assert [p.seq for p in ring.since(0)] == [0, 4]


def test_a_clock_that_is_set_back_empties_it() -> None:
    ring = GopRing(10, 10_000)
    ring.push(packet(0, key=True))
    back = packet(1, key=True, at=T0 - 3_600_000_000)
    assert ring.push(back)
    assert ring.since(0) == (back,)


def test_a_session_that_begins_with_what_the_camera_kept_takes_its_place_and_no_more() -> None:
    ring = GopRing(10, 10_000)
    first = [packet(seq, key=seq % 50 == 0) for seq in range(130)]
    second = [packet(seq, key=seq == 0, epoch=2, at=T0 + (105 + seq) * 40_000) for seq in range(40)]
    for given in first + second:
        assert ring.push(given)
    held = ring.since(0)
    assert held == (*first[:105], *second)
    assert ring.bytes_held == sum(len(one.data) for one in held)


def test_following_gives_every_packet_once_and_the_very_same() -> None:
    ring = GopRing(1.0, 10**6)
    given = [packet(seq, key=seq % 7 == 0) for seq in range(60)]
    given += [packet(seq, key=seq % 7 == 0, epoch=2, at=T0 + 3_000_000 + seq) for seq in range(20)]
    got: list[Packet] = []
    last = (0, -1)
    for index, one in enumerate(given):
        ring.push(one)
        if index % 3 == 0 or index == len(given) - 1:
            fresh = ring.after(*last)
            got += fresh
            last = (fresh[-1].epoch, fresh[-1].seq)
            assert ring.after(*last) == ()
    assert len(got) == len(given)
    assert all(a is b for a, b in zip(got, given, strict=True))


def test_a_follower_that_is_too_slow_goes_on_with_a_keyframe() -> None:
    ring = GopRing(0.5, 10**6)
    for seq in range(100):
        ring.push(packet(seq, key=seq % 10 == 0))
    fresh = ring.after(1, 4)
    assert fresh[0].keyframe
    assert fresh[0].seq > 5
    assert fresh[-1].seq == 99


class RingMachine(RuleBasedStateMachine):
    """Against a model: the list of all packets, of which those that follow nothing are refused."""

    MAX_S = 2.0
    MAX_BYTES = 500

    def __init__(self) -> None:
        super().__init__()
        self.ring = GopRing(self.MAX_S, self.MAX_BYTES)
        self.model: list[Packet] = []
        self.seq = 0
        self.epoch = 1
        self.now = T0

    @rule(key=st.booleans(), size=st.integers(0, 300), step=st.integers(1, 900_000))
    def push(self, key: bool, size: int, step: int) -> None:
        self.now += step
        given = packet(self.seq, key=key, size=size, epoch=self.epoch, at=self.now)
        self.seq += 1
        newest = (self.ring.snapshot() or (None,))[-1]
        follows = newest is not None and (newest.epoch, newest.seq + 1) == (given.epoch, given.seq)
        if key or follows:
            self.model.append(given)
        before = self.ring.since(0)
        took = self.ring.push(given)
        assert took or not (key or follows) or size + sum(len(p.data) for p in before) > 500

    @rule()
    def new_session(self) -> None:
        self.epoch += 1
        self.seq = 0

    @rule()
    def clear(self) -> None:
        self.ring.clear()
        assert self.ring.since(0) == ()

    @rule(back=st.integers(-1_000_000, 4_000_000))
    def since(self, back: int) -> None:
        wanted = self.now - back
        got = self.ring.since(wanted)
        whole = self.ring.since(0)
        if not whole:
            assert got == ()
            return
        assert got == whole[len(whole) - len(got) :]
        assert got[0].keyframe
        earlier = [p for p in whole if p.keyframe and p.utc_us <= wanted]
        assert got[0] is (earlier[-1] if earlier else whole[0])

    @invariant()
    def holds_the_newest_without_a_hole(self) -> None:
        held = self.ring.since(0)
        if not held:
            assert self.ring.bytes_held == 0
            return
        assert held[0].keyframe
        assert held == tuple(self.model[-len(held) :])
        for gop in self.ring.gops():
            first = gop.packets[0]
            assert first.keyframe
            assert {p.epoch for p in gop.packets} == {first.epoch}
            assert [p.seq - first.seq for p in gop.packets] == list(range(len(gop.packets)))

    @invariant()
    def stays_within_its_bounds(self) -> None:
        held = self.ring.since(0)
        assert self.ring.bytes_held == sum(len(p.data) for p in held) <= self.MAX_BYTES
        gops = self.ring.gops()
        if len(gops) > 1:
            last, following = gops[0].packets[-1], gops[1].packets[0]
            over = following if following.epoch == last.epoch else last
            assert held[-1].dts_us - over.dts_us < self.MAX_S * 1_000_000


TestRingMachine = RingMachine.TestCase
TestRingMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

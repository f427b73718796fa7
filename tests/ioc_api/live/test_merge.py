"""The merger and the GOP buffer: order, no gap, no duplicate, bounds."""

from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from ingest.packets import Packet, StreamInfo
from ioc_api.live.merge import GopBuffer, Merger, Taken

INFO = StreamInfo("h264", "avc1.42C01F", 320, 180)


def packet(seq: int, *, key: bool = False, epoch: int = 1, size: int = 10, utc: int = -1) -> Packet:
    at = seq * 40_000 if utc < 0 else utc
    return Packet(epoch, seq, key, at, seq * 40_000, 0, b"x" * size, INFO)


def test_live_before_prime_is_held_and_then_continues() -> None:
    merger = Merger()
    assert merger.push(packet(7)).taken is Taken.HELD
    assert merger.starved
    seen = [ready for seq in (5, 6) for ready in merger.push(packet(seq, key=seq == 5)).ready]
    assert [each.seq for each in seen] == [5, 6, 7]
    assert not merger.starved


def test_the_same_packets_again_are_duplicates() -> None:
    merger = Merger()
    gop = [packet(seq, key=seq == 0) for seq in range(4)]
    assert sum(len(merger.push(each).ready) for each in gop) == 4
    assert {merger.push(each).taken for each in gop} == {Taken.DUPLICATE}


def test_a_gap_ends_at_the_next_keyframe_and_is_counted() -> None:
    merger = Merger()
    merger.push(packet(0, key=True))
    assert merger.push(packet(2)).taken is Taken.HELD
    assert [each.seq for each in merger.push(packet(5, key=True)).ready] == [5]
    assert merger.gaps == 1
    assert merger.push(packet(3)).taken is Taken.DUPLICATE


def test_a_newer_epoch_replaces_an_older_one_until_reset() -> None:
    merger = Merger()
    merger.push(packet(9, key=True, epoch=2))
    assert merger.push(packet(10, key=True, epoch=1)).taken is Taken.OLD_EPOCH
    merger.reset()
    assert merger.push(packet(10, key=True, epoch=1)).taken is Taken.EMITTED


def test_held_packets_are_bounded() -> None:
    merger = Merger(max_held=8, max_held_bytes=1000)
    for seq in range(1, 500):
        merger.push(packet(seq, size=300))
        assert len(merger._held) <= 8
        assert merger._held_bytes <= 1000


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=6),
    st.data(),
)
def test_any_mix_of_sources_gives_runs_without_gap_or_duplicate(
    gops: list[int], data: st.DataObject
) -> None:
    stream: list[Packet] = []
    for length in gops:
        stream += [packet(len(stream) + index, key=index == 0) for index in range(length)]
    arrivals = data.draw(st.lists(st.sampled_from(stream), max_size=60))
    merger = Merger(max_held=16)
    out = [ready for each in arrivals for ready in merger.push(each).ready]
    seqs = [each.seq for each in out]
    assert seqs == sorted(set(seqs))
    for before, after in zip([None, *out], out, strict=False):
        assert after.keyframe or (before is not None and after.seq == before.seq + 1)


@given(st.integers(0, 20), st.integers(0, 2**16))
def test_prime_and_live_interleaved_give_everything_from_the_primed_keyframe(
    cut: int, seed: int
) -> None:
    stream = [packet(seq, key=seq in (0, 21)) for seq in range(30)]
    sources = [stream[: cut + 1], stream[cut + 1 :]]
    order = random.Random(seed)
    merger = Merger()
    out: list[Packet] = []
    while any(sources):
        source = order.choice([each for each in sources if each])
        out += merger.push(source.pop(0)).ready
    seqs = [each.seq for each in out]
    # A live keyframe may overtake the primed GOP; what comes before it is then of no use.
    assert seqs[0] in (0, 21)
    assert seqs[-1] == 29
    assert all(after == before + 1 or after == 21 for before, after in itertools.pairwise(seqs))


def test_buffer_holds_the_current_gop() -> None:
    buffer = GopBuffer(1000)
    buffer.append(packet(3))
    assert not buffer.packets
    for seq in range(4, 9):
        buffer.append(packet(seq, key=seq in (4, 7)))
    assert [each.seq for each in buffer.packets] == [7, 8]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 400)), max_size=60))
def test_buffer_is_bounded_and_starts_with_a_keyframe(units: list[tuple[bool, int]]) -> None:
    buffer = GopBuffer(1000)
    for seq, (key, size) in enumerate(units):
        buffer.append(packet(seq, key=key, size=size))
        held = buffer.packets
        assert sum(len(each.data) for each in held) <= 1000
        assert not held or (held[0].keyframe and held[-1].seq == seq)


def test_b_frames_are_noticed_and_forgotten_with_the_epoch() -> None:
    buffer = GopBuffer(1000)
    for seq, (key, utc) in enumerate([(True, 0), (False, 120_000), (False, 40_000)]):
        buffer.append(packet(seq, key=key, utc=utc))
    assert buffer.reordered
    buffer.append(packet(3, key=True))
    assert buffer.reordered
    buffer.append(packet(0, key=True, epoch=2))
    assert not buffer.reordered

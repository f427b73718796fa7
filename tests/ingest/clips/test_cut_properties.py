"""Whatever a camera gives and whoever asks: the promises of a clip."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from camera_registry.base.errors import NotFoundError
from ingest.clips import Clip, Cut, GapReason, cut
from ingest.packets import Packet
from tests.ingest import footage
from tests.ingest.clips.reading import samples, units

T0 = footage.START_US
_CODED = footage.packets("h264", 64, 64, 12, gop=6)
_KEY, _OTHER = _CODED[0], _CODED[1]


@st.composite
def streams(draw: st.DrawFn) -> list[Packet]:
    """Sessions of groups of pictures, with pauses, lost packets and reconnections."""
    packets: list[Packet] = []
    now = T0
    for epoch in range(1, draw(st.integers(1, 3)) + 1):
        seq = 0
        for _ in range(draw(st.integers(1, 4))):
            for index in range(draw(st.integers(1, 6))):
                coded = _OTHER if index else _KEY
                if index == 0 or draw(st.integers(0, 9)):
                    packets.append(replace(coded, epoch=epoch, seq=seq, utc_us=now, dts_us=now - 5))
                seq += 1
                now += draw(st.sampled_from([1, 33_333, 40_000, 40_000, 900_000, 5_000_000]))
        now += draw(st.integers(1, 4_000_000))
    return packets


def decodable(packets: list[Packet]) -> list[Packet]:
    """The packets that follow a keyframe without a hole."""
    found: list[Packet] = []
    for packet in packets:
        follows = found and (found[-1].epoch, found[-1].seq + 1) == (packet.epoch, packet.seq)
        if packet.keyframe or follows:
            found.append(packet)
    return found


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_promises_of_a_clip(data: st.DataObject) -> None:
    packets = data.draw(streams())
    usable = decodable(packets)
    end = packets[-1].utc_us + 3_000_000
    from_us = data.draw(st.integers(T0 - 3_000_000, end))
    to_us = data.draw(st.integers(from_us, end + 1_000_000))
    wished = [p for p in usable if from_us <= p.utc_us <= to_us]
    with tempfile.TemporaryDirectory() as directory:
        try:
            done = cut(packets, from_us, to_us, Path(directory, "a.mp4"))
        except NotFoundError:
            assert not wished
            assert not list(Path(directory).iterdir())
            return
        written = [(clip, sample) for clip in done.clips for sample in samples(clip.path)]
    by_time = {p.utc_us: p for p in usable}
    times = [clip.start_us + sample.pts_us for clip, sample in written]
    for (_, sample), at in zip(written, times, strict=True):
        assert sample.keyframe == by_time[at].keyframe
        assert sample.units == units("h264", by_time[at].data)
    # All of the wished time that can be shown, from a keyframe on, and nothing left out between.
    assert {p.utc_us for p in wished} <= set(times)
    assert times == [p.utc_us for p in usable if times[0] <= p.utc_us <= times[-1]]
    for clip in done.clips:
        check_clip(clip, [at for owner, at in zip((c for c, _ in written), times, strict=True)
                          if owner is clip], by_time)  # fmt: skip
    check_ends(done, packets)
    check_gaps(done, [by_time[at] for at in times])


def check_clip(clip: Clip, times: list[int], by_time: dict[int, Packet]) -> None:
    """It begins with a keyframe and tells its times as they are."""
    assert by_time[times[0]].keyframe
    assert (clip.start_us, clip.end_us, clip.packets) == (times[0], times[-1], len(times))
    assert clip.duration_us > clip.end_us - clip.start_us


def check_ends(done: Cut, packets: list[Packet]) -> None:
    """It covers the wish, or says why not, and begins no earlier than it must."""
    keyframes = [p.utc_us for p in packets if p.keyframe]
    before = [at for at in keyframes if at <= done.from_us]
    start = done.clips[0].start_us
    missing = {gap.reason: gap for gap in done.missing}
    assert start == (before[-1] if before else keyframes[0])
    assert (GapReason.NOT_HELD in missing) == (start > done.from_us)
    shown_until = done.clips[-1].start_us + done.clips[-1].duration_us
    assert (GapReason.ENDED in missing) == (shown_until < done.to_us)


def check_gaps(done: Cut, written: list[Packet]) -> None:
    """Every break among the pictures is noted, with its very times."""
    noted = {(gap.start_us, gap.end_us): gap.reason for gap in done.gaps}
    assert len(noted) == len(done.gaps)
    for earlier, later in pairwise(written):
        reason = noted.pop((earlier.utc_us, later.utc_us), None)
        if earlier.epoch != later.epoch:
            assert reason is GapReason.RECONNECTED
        elif earlier.seq + 1 != later.seq:
            assert reason is GapReason.PACKETS_LOST
        else:
            assert reason in (None, GapReason.NO_PICTURES)
            if reason:
                assert later.utc_us - earlier.utc_us > 1_000_000
    assert not noted

"""The track: times that never go back, a start at the present, a keyframe after every loss."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest
from aiortc.mediastreams import MediaStreamError
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.base.clock import SystemClock
from ingest.packets import Packet, StreamInfo
from ioc_api.live.queues import QueueLimits
from ioc_api.live.whep_track import PacketTrack, preferences

INFO = StreamInfo("h264", "avc1.42C01F", 320, 180)


def packet(seq: int, *, key: bool = False, dts: int | None = None) -> Packet:
    at = seq * 40_000 if dts is None else dts
    return Packet(1, seq, key, at, at, 0, b"\x00\x00\x01" + bytes([seq % 250 + 1]), INFO)


class Stage:
    """A track, and whether it found its stream unusable."""

    def __init__(self, gop: list[Packet]) -> None:
        self.unusable = 0
        self.clock = _Clock()
        self.track = PacketTrack(lambda: gop, self.clock, QueueLimits(), self._unusable)

    def _unusable(self) -> None:
        self.unusable += 1

    async def times(self, count: int) -> list[int]:
        """RTP times of the next packets."""
        units = [await self.track.recv() for _ in range(count)]
        assert all(unit.pts is not None for unit in units)
        return [int(unit.pts or 0) for unit in units]


class _Clock(SystemClock):
    """The machine's clock, moved on by ``ahead`` seconds."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.ahead += seconds


async def test_a_viewer_begins_at_the_keyframe_and_is_at_once_at_the_present() -> None:
    stage = Stage([packet(seq, key=seq == 0) for seq in range(50)])
    times = asyncio.create_task(stage.times(51))
    await asyncio.sleep(0)
    stage.track.offer(packet(50))
    steps = [after - before for before, after in itertools.pairwise(await times)]
    # 49 pictures a millisecond apart, then the camera's own 40 ms.
    assert steps == [90] * 48 + [3600, 3600]


async def test_packets_before_the_first_read_do_not_pile_up() -> None:
    stage = Stage([packet(10, key=True)])
    for seq in range(11, 100):
        stage.track.offer(packet(seq))
    assert len(stage.track._queue) == 0


@given(st.lists(st.integers(-(2**50), 2**50), min_size=2, max_size=30))
def test_times_rise_whatever_the_camera_says(stamps: list[int]) -> None:
    async def run() -> list[int]:
        stage = Stage([packet(0, key=True, dts=stamps[0])])
        reading = asyncio.create_task(stage.times(len(stamps)))
        await asyncio.sleep(0)
        for seq, dts in enumerate(stamps[1:], start=1):
            stage.track.offer(packet(seq, dts=dts))
        return await reading

    times = asyncio.run(run())
    for before, after in itertools.pairwise(times):
        assert 0 <= after - before <= 10_000_000 * 9 // 100 + 1


async def test_a_lost_picture_waits_for_the_next_keyframe() -> None:
    stage = Stage([packet(0, key=True)])
    await stage.times(1)
    stage.track.offer(packet(1))
    stage.track.picture_lost()
    assert await stage.times(1) == [3600]
    stage.clock.ahead += 1.0
    stage.track.offer(packet(2))
    stage.track.picture_lost()
    for seq in (3, 4):
        stage.track.offer(packet(seq))
    stage.track.offer(packet(5, key=True))
    unit = await stage.track.recv()
    assert bytes(unit) == packet(5).data


async def test_another_codec_ends_it() -> None:
    stage = Stage([packet(0, key=True)])
    await stage.times(1)
    stage.track.offer(replace(packet(1, key=True), info=replace(INFO, codec="hevc")))
    assert stage.unusable == 1


async def test_stop_frees_a_waiting_reader() -> None:
    stage = Stage([packet(0, key=True)])
    await stage.times(1)
    waiting = asyncio.create_task(stage.track.recv())
    await asyncio.sleep(0)
    stage.track.stop()
    with pytest.raises(MediaStreamError):
        await waiting


@pytest.mark.parametrize(
    ("codec", "first"),
    [("avc1.640028", "64001f"), ("avc1.4D401F", "4d001f"), ("avc1.42C01E", "42e01f")],
)
def test_the_cameras_profile_comes_first_and_nothing_but_h264(codec: str, first: str) -> None:
    wanted = preferences(replace(INFO, codec_string=codec))
    assert wanted[0].parameters["profile-level-id"] == first
    assert {each.mimeType for each in wanted} == {"video/H264", "video/rtx"}


@pytest.mark.parametrize("codec", ["", "avc1.", "avc1.zzzzzz", "avc1.12345678"])
def test_an_unknown_profile_is_no_error(codec: str) -> None:
    assert preferences(replace(INFO, codec_string=codec))

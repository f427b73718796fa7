"""Clips out of a ring over a real bus: the worker's desk against the api's fetching."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import CamhubError, UnavailableError
from ingest.clips.desk import ClipDesk
from ingest.recording import read_packets
from ingest.ring import GopRing
from ioc_api.dry_runs.clips import BusClips
from tests.ingest.footage import FRAME_US, START_US, packets
from tests.waiting import eventually

MANY = 2**24


class Worker:
    """A ring with a clip desk over it."""

    def __init__(self, bus: NatsBus, camera_id: str = "c1", frames: int = 100) -> None:
        self.ring = GopRing(60, 2**24)
        self.feed(0, frames)
        self.room = asyncio.Semaphore(1)
        self.desk = ClipDesk(camera_id, self.ring, bus=bus, clock=SystemClock(), room=self.room)

    def feed(self, first: int, frames: int) -> None:
        for packet in packets(
            frames=frames, gop=25, first_seq=first, start_us=START_US + first * FRAME_US
        ):
            self.ring.push(packet)

    async def __aenter__(self) -> Worker:
        await self.desk.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.desk.stop()


async def test_what_the_ring_holds_comes_whole(bus: NatsBus, tmp_path: Path) -> None:
    shares: list[float] = []
    target = tmp_path / "clip.mp4"
    async with Worker(bus):
        last = await BusClips(bus).fetch("c1", 3.0, target, MANY, shares.append)
    times = [packet.utc_us for packet in read_packets(target, last.start_us)]
    newest = START_US + 99 * FRAME_US
    assert times[0] <= newest - 3_000_000 < newest <= times[-1]
    assert last.codec == "h264"
    assert 3.0 <= last.seconds <= 4.1
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


async def test_it_waits_for_what_is_still_to_come(bus: NatsBus, tmp_path: Path) -> None:
    shares: list[float] = []
    target = tmp_path / "clip.mp4"
    async with Worker(bus, frames=50) as worker:
        fetching = asyncio.create_task(BusClips(bus).fetch("c1", 4.0, target, MANY, shares.append))
        await eventually(lambda: bool(shares))
        assert 0.4 <= shares[-1] <= 0.6
        worker.feed(50, 60)
        last = await fetching
    assert 3.9 <= last.seconds <= 4.5


async def test_a_clock_that_is_set_back_holds_no_clip_for_ever(
    bus: NatsBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.clips.desk._LATE_S", 0.5)
    over = asyncio.Event()
    async with Worker(bus, frames=40) as worker:

        async def go_on() -> None:
            hour_ago = packets(frames=1000, gop=25, first_seq=40, start_us=START_US - 3_600_000_000)
            for packet in hour_ago:
                worker.ring.push(packet)
                if over.is_set():
                    return
                await asyncio.sleep(0.02)

        camera = asyncio.create_task(go_on())
        target = tmp_path / "clip.mp4"
        last = await BusClips(bus).fetch("c1", 2.0, target, MANY, lambda _: None)
        assert not camera.done()
        over.set()
        await camera
    assert 0 < last.seconds < 5


async def test_who_gives_up_ends_the_worker_s_work(bus: NatsBus, tmp_path: Path) -> None:
    shares: list[float] = []
    async with Worker(bus, frames=50) as worker:
        fetching = asyncio.create_task(
            BusClips(bus).fetch("c1", 60.0, tmp_path / "clip.mp4", MANY, shares.append)
        )
        await eventually(lambda: bool(shares))
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        await eventually(lambda: not worker.room.locked(), what="the worker has room again")


async def test_every_refusal_has_its_word(bus: NatsBus, tmp_path: Path) -> None:
    clips = BusClips(bus)

    async def refusal(camera: str, seconds: float = 2.0, most: int = MANY) -> str:
        with pytest.raises(CamhubError) as refused:
            await clips.fetch(camera, seconds, tmp_path / "x.mp4", most, lambda _: None)
        return refused.value.code

    assert await refusal("c9") == "no_worker"
    async with Worker(bus) as worker:
        assert await refusal("c1", 1e9) == "clip_interval"
        assert await refusal("c1", float("nan")) == "clip_interval"
        async with worker.room:
            assert await refusal("c1") == "clip_busy"
        worker.ring.clear()
        assert await refusal("c1") == "no_picture"
        worker.feed(0, 100)
        assert await refusal("c1", most=2048) in ("clip_too_large", "no_pictures")
    with pytest.raises(UnavailableError):
        await clips.fetch("c1", 2.0, tmp_path / "x.mp4", MANY, lambda _: None)

"""Field pictures (PAFF) over RTSP: from a file through the simulator to whole pictures."""

from __future__ import annotations

import asyncio
import io
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from analytics.detectors.detector import Look
from analytics.events import Detection
from analytics.pool import AnalysisPool
from analytics.tracking.config import BLOBS
from ingest.decoder import DecodedFrame, FrameDecoder
from ingest.packets import Packet
from ingest.session import Source
from ingest.simulator import CameraConfig
from tests.analytics.camera import Camera
from tests.ingest import fields
from tests.ingest.conftest import simulated
from tests.ingest.sessions import RunningSession, gst_server
from tests.tools import require

_PICTURES = 25
_FIELD = Fraction(1, 50)


def write_fields(path: Path, *, apart: bool) -> Path:
    """Write an MP4 whose samples are fields, or pairs of them."""
    made = fields.pictures(_PICTURES)
    samples = [(first + second, 2, True) for first, second in made]
    if apart:
        pairs = (((first, 1, True), (second, 1, False)) for first, second in made)
        samples = list(chain.from_iterable(pairs))
    raw = io.BytesIO(b"".join(data for data, _, _ in samples))
    with av.open(raw, "r", format="h264") as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        assert isinstance(stream, VideoStream)
        at = 0
        for data, length, keyframe in samples:
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, _FIELD
            packet.pts, packet.dts, packet.duration = at, at, length
            packet.is_keyframe = keyframe
            target.mux(packet)
            at += length
    return path


async def received(film: Path, cache: Path, transport: str, count: int) -> list[Packet]:
    async with simulated(CameraConfig("fields", str(film)), cache) as camera:
        with RunningSession(Source(camera.url, transport)) as running:
            return await asyncio.to_thread(running.wait_for_packets, count)


def levels(frame: DecodedFrame) -> tuple[int, int]:
    """Return the grey of the even rows and of the odd ones, each of which must be one level."""
    luma = np.frombuffer(memoryview(frame.frame.planes[0]), np.uint8)
    rows = luma.reshape(-1, frame.frame.planes[0].line_size)[:32, :16]
    even, odd = set(rows[::2].flat), set(rows[1::2].flat)
    assert len(even) == len(odd) == 1
    return int(even.pop()), int(odd.pop())


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("apart", [True, False])
async def test_fields_become_whole_pictures(apart: bool, transport: str, tmp_path: Path) -> None:
    film = write_fields(tmp_path / "fields.mp4", apart=apart)
    packets = await received(film, tmp_path, transport, 2 * _PICTURES)
    assert all(packet.keyframe for packet in packets)
    assert (packets[0].info.width, packets[0].info.height) == (16, 32)
    decoder = FrameDecoder()
    frames = [frame for packet in packets for frame in decoder.push(packet)]
    assert len(frames) == len(packets)
    numbers = []
    for frame in frames:
        even, odd = levels(frame)
        numbers.append(even - 40)
        assert (even, odd) == (40 + numbers[-1], 200 - numbers[-1])
    assert all(b == (a + 1) % _PICTURES for a, b in pairwise(numbers))
    steps = [b.dts_us - a.dts_us for a, b in pairwise(packets)]
    assert sorted(steps)[len(steps) // 2] == pytest.approx(40_000, abs=2_000)
    # any one of them is a picture by itself, as stills, sleeping cameras and clips need it
    assert all(len(FrameDecoder().still(packet)) == 1 for packet in packets[:5])


class _Means:
    """Looks at each plane, and finds nothing."""

    label, tracking, learning = "means 1", BLOBS, False

    def __init__(self) -> None:
        self.found: list[float] = []

    def camera(self) -> _Means:
        return self

    def detect(self, look: Look) -> list[Detection]:
        self.found.append(float(look.plane.mean()))
        return []


async def test_the_pipeline_sees_whole_pictures(tmp_path: Path) -> None:
    film = write_fields(tmp_path / "fields.mp4", apart=True)
    packets = await received(film, tmp_path, "tcp", 2 * _PICTURES)
    means, pool = _Means(), AnalysisPool(1)
    try:
        camera = Camera(pool, means)
        await asyncio.to_thread(camera.feed, packets)
    finally:
        pool.stop()
    assert camera.failures == []
    # two seconds at five pictures a second; half a picture would be dark or bright throughout
    assert len(means.found) >= 8
    assert means.found == pytest.approx([120.0] * len(means.found), abs=3)


@pytest.mark.gstreamer
@pytest.mark.parametrize("apart", [True, False])
def test_fields_from_a_server_that_is_not_ours(apart: bool, tmp_path: Path) -> None:
    require("gstreamer")
    film = write_fields(tmp_path / "fields.mp4", apart=apart)
    launch = f"( filesrc location={film} ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 )"
    with gst_server(launch) as url, RunningSession(Source(url)) as running:
        packets = running.wait_for_packets(15)
    decoder = FrameDecoder()
    frames = [frame for packet in packets for frame in decoder.push(packet)]
    assert len(frames) == len(packets)
    for frame in frames:
        even, odd = levels(frame)
        assert even + odd == 240

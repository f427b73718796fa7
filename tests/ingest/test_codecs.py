"""What cameras are set to, from a file through RTSP to frames and into a clip."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.clips import cut
from ingest.decoder import FrameDecoder
from ingest.packets import Packet
from ingest.session import Source
from ingest.simulator import CameraConfig
from tests.ingest import footage
from tests.ingest.clips.reading import decoded
from tests.ingest.conftest import simulated
from tests.ingest.sessions import RunningSession

_X264 = {"preset": "veryfast"}
_PROFILES = {
    "baseline": ("h264", 0, {**_X264, "profile": "baseline"}, "avc1.42"),
    "main": ("h264", 2, {**_X264, "profile": "main"}, "avc1.4D"),
    "high": ("h264", 2, {**_X264, "profile": "high", "x264-params": "8x8dct=1"}, "avc1.64"),
    "interlaced": ("h264", 0, {**_X264, "x264-params": "tff=1:keyint=12:scenecut=0"}, "avc1."),
    "hevc": ("hevc", 0, {}, "hev1."),
    "hevc_b": ("hevc", 2, {}, "hev1."),
}
_FRAMES = 50


async def received(film: Path, cache: Path, count: int) -> list[Packet]:
    async with simulated(CameraConfig("film", str(film)), cache) as camera:
        with RunningSession(Source(camera.url)) as running:
            return await asyncio.to_thread(running.wait_for_packets, count)


@pytest.mark.parametrize("name", _PROFILES)
async def test_every_profile_arrives_decodes_and_can_be_kept(name: str, tmp_path: Path) -> None:
    codec, bframes, options, codec_string = _PROFILES[name]
    film = footage.write_mp4(
        tmp_path / "film.mp4", codec, frames=_FRAMES, bframes=bframes, options=options
    )
    packets = await received(film, tmp_path, 90)
    assert {packet.info.codec for packet in packets} == {codec}
    assert packets[0].info.codec_string.startswith(codec_string)
    assert (packets[0].info.width, packets[0].info.height) == (320, 180)
    decoder = FrameDecoder()
    frames = [frame for packet in packets for frame in decoder.push(packet)]
    # A decoder holds the last pictures back, for they may be shown after ones still to come.
    assert len(frames) >= len(packets) - 8
    # The walking block is where its picture says: whole pictures, in the right order.
    places = [block(frame.gray(320, 180)) for frame in frames]
    steps = [(b - a) % 304 for a, b in itertools.pairwise(places)]
    assert sum(abs(step - 8) <= 4 for step in steps) >= len(steps) - 4
    done = cut(packets, packets[0].utc_us, packets[-10].utc_us, tmp_path / "clip.mp4")
    assert sum(len(decoded(clip.path)) for clip in done.clips) >= len(packets) - 14


def block(gray: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    """Return the left edge of the bright block of ``footage.moving``."""
    return int(np.argmax(gray[50:80].mean(axis=0) > 160))


def test_the_interlaced_film_is_interlaced(tmp_path: Path) -> None:
    _, bframes, options, _ = _PROFILES["interlaced"]
    film = footage.write_mp4(tmp_path / "film.mp4", bframes=bframes, options=options)
    with av.open(str(film)) as container:
        assert all(frame.interlaced_frame for frame in container.decode(video=0))

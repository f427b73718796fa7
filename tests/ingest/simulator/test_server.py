"""The server against PyAV, which is how camhub itself will meet it, and against our own client."""

from __future__ import annotations

import asyncio
import struct
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from camera_registry.base.errors import InvalidError, UnavailableError
from ingest.simulator import CameraConfig, Ready, SimulatorConfig, run
from ingest.simulator.auth import digest_response, parse_parameters
from ingest.simulator.config import Auth
from ingest.simulator.nal import Codec
from ingest.simulator.process import simulator_process
from tests.ingest.simulator.client import RtspClient, depacketise
from tests.ingest.simulator.conftest import Start, small
from tests.tools import shared_media

PASSWORD = "mật khẩu 1"


def demux(url: str, transport: str, count: int) -> list[int]:
    """Return ``count`` time stamps; of the first packet PyAV may not know any."""
    with av.open(url, options={"rtsp_transport": transport}, timeout=60) as container:
        found: list[int] = []
        for packet in container.demux(video=0):
            if packet.pts is not None:
                found.append(packet.pts)
            if len(found) == count:
                return found
    raise AssertionError("the stream ended")


def decode(url: str, transport: str, count: int) -> list[VideoFrame]:
    with av.open(url, options={"rtsp_transport": transport}, timeout=60) as container:
        return [frame for _, frame in zip(range(count), container.decode(video=0), strict=False)]


def with_password(url: str) -> str:
    quoted = "m%E1%BA%ADt%20kh%E1%BA%A9u%201"
    return url.replace("rtsp://", f"rtsp://camera:{quoted}@")


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("auth", ["none", "basic", "digest"])
async def test_plays_to_pyav(start: Start, auth: Auth, transport: str) -> None:
    password = "" if auth == "none" else PASSWORD
    ready = await start(small("cam", auth=auth, password=password))
    url = ready.url("cam") if auth == "none" else with_password(ready.url("cam"))
    frames = await asyncio.to_thread(decode, url, transport, 3)
    assert [(frame.width, frame.height) for frame in frames] == [(320, 180)] * 3
    assert int(np.ptp(frames[0].to_ndarray(format="gray"))) > 100


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_time_stamps_go_on_over_the_loop(start: Start, transport: str) -> None:
    ready = await start(small("cam"))
    stamps = await asyncio.to_thread(demux, ready.url("cam"), transport, 35)  # three rounds
    assert {after - before for before, after in pairwise(stamps)} == {3600}


@pytest.mark.parametrize("auth", ["basic", "digest"])
async def test_no_picture_without_the_password(start: Start, auth: Auth) -> None:
    ready = await start(small("cam", auth=auth, password=PASSWORD))
    with pytest.raises(av.error.HTTPUnauthorizedError):
        await asyncio.to_thread(demux, ready.url("cam"), "tcp", 1)
    async with RtspClient(ready.url("cam")) as client:
        answer = await client.ask("DESCRIBE")
        assert answer.status == 401
        assert answer.headers["www-authenticate"].lower().startswith(auth)
        assert (await client.ask("SETUP", Transport="RTP/AVP/TCP")).status == 401
        assert (await client.ask("OPTIONS")).status == 200


async def test_digest_by_hand(start: Start) -> None:
    ready = await start(small("cam", auth="digest", password=PASSWORD))
    async with RtspClient(ready.url("cam")) as client:
        refused = await client.ask("DESCRIBE")
        offer = parse_parameters(refused.headers["www-authenticate"].removeprefix("Digest "))
        for password, status in ((PASSWORD, 200), ("wrong", 401)):
            pairs = {**offer, "uri": client.url, "username": "camera"}
            pairs["response"] = digest_response("camera", password, "DESCRIBE", pairs)
            header = ", ".join(f'{name}="{value}"' for name, value in pairs.items())
            answer = await client.ask("DESCRIBE", Authorization=f"Digest {header}")
            assert answer.status == status


async def test_describes_what_it_sends(start: Start) -> None:
    ready = await start(small("cam"))
    async with RtspClient(ready.url("cam")) as client:
        described = await client.ask("DESCRIBE")
        text = described.body.decode()
        assert described.headers["content-type"] == "application/sdp"
        assert "a=rtpmap:96 H264/90000" in text
        assert "packetization-mode=1" in text
        setup = await client.play_tcp("4-5")
        assert setup.headers["session"].endswith(";timeout=60")
        packets: list[bytes] = []
        channel, report = await client.frame()
        assert channel == 5
        assert report[1] == 200
        stamp = struct.unpack_from(">I", report, 16)[0]
        first = await client.rtp(channel=4)
        assert first.timestamp == stamp
        packets.append(first.payload)
        nals = depacketise(Codec.H264, packets)
        level = nals[0][1:4].hex().upper()
        assert f"profile-level-id={level}" in text
        assert int(setup.headers["transport"].partition("ssrc=")[2][:8], 16) == first.ssrc


async def test_viewers_see_the_same_instant(start: Start) -> None:
    ready = await start(small("cam"))
    async with RtspClient(ready.url("cam")) as one, RtspClient(ready.url("cam")) as two:
        await one.play_tcp()
        await two.play_tcp()
        pictures = [await client.pictures(25) for client in (one, two)]
    bodies = [{b"".join(p.payload for p in picture) for picture in got} for got in pictures]
    # Ten pictures in a round, each seen by both.
    assert bodies[0] == bodies[1]
    assert len(bodies[0]) == 10
    assert {p.ssrc for p in pictures[0][0]} != {p.ssrc for p in pictures[1][0]}


async def test_sessions(start: Start) -> None:
    ready = await start(small("cam"))
    async with RtspClient(ready.url("cam")) as client:
        assert (await client.ask("PLAY")).status == 454
        assert (await client.ask("TEARDOWN")).status == 454
        await client.play_tcp()
        assert (await client.ask("GET_PARAMETER")).status == 200
        assert (await client.ask("SETUP", Transport="RTP/AVP/TCP")).status == 455
        session, client.session = client.session, "0000"
        for method in ("PLAY", "GET_PARAMETER", "TEARDOWN"):
            assert (await client.ask(method)).status == 454
        client.session = session
        assert (await client.ask("TEARDOWN")).status == 200
        assert (await client.ask("PLAY")).status == 454
        client.session = ""
        await client.play_tcp()
        assert len(await client.pictures(2)) == 2


async def test_statuses(start: Start) -> None:
    ready = await start(small("cam"))
    async with RtspClient(ready.url("cam")) as client:
        base = client.url.removesuffix("cam")
        assert (await client.ask("OPTIONS", "*")).status == 200
        assert (await client.ask("DESCRIBE", base + "other")).status == 404
        assert (await client.ask("DESCRIBE", base)).status == 404
        assert (await client.ask("DESCRIBE", base + "cam/trackID=7")).status == 404
        assert (await client.ask("RECORD")).status == 405
        for transport in (
            "RTP/AVP;multicast",
            "RTP/AVP;unicast",
            "RTP/AVP;unicast;client_port=99999-100000",
            "RTP/AVP;unicast;client_port=53-54",
            "RTP/AVP/TCP;interleaved=300-301",
            "RTP/SAVP;unicast;client_port=5000-5001",
            "",
        ):
            assert (await client.ask("SETUP", Transport=transport)).status == 461


async def test_udp_ports_are_a_pair_and_given_back(start: Start) -> None:
    ready = await start(small("cam"))
    async with RtspClient(ready.url("cam")) as client:
        answer = await client.ask("SETUP", Transport="RTP/AVP;unicast;client_port=40000-40001")
        ports = answer.headers["transport"].partition("server_port=")[2].partition(";")[0]
        even, odd = (int(port) for port in ports.split("-"))
        assert even % 2 == 0
        assert odd == even + 1


async def test_plays_a_file(start: Start, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.codec_context.max_b_frames = 2
        for index in range(20):
            pixels = np.full((144, 128), 60, np.uint8)
            pixels[:96, : index * 6] = 200
            frame = VideoFrame.from_ndarray(pixels, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    ready = await start(CameraConfig("film", source=str(film)))
    frames = await asyncio.to_thread(decode, ready.url("film"), "tcp", 50)
    stamps = [frame.pts for frame in frames if frame.pts is not None]
    assert {b - a for a, b in pairwise(stamps)} == {3600}
    widths = [int((frame.to_ndarray(format="gray")[48] > 130).sum()) for frame in frames[:20]]
    steps = {(after - before) % 120 for before, after in pairwise(widths)}
    assert steps <= {5, 6, 7}  # shown in order, although sent in another


async def test_start_errors(tmp_path: Path, start: Start) -> None:
    with pytest.raises(InvalidError, match="neither a scene nor a file"):
        await run(SimulatorConfig((CameraConfig("a", source="nowhere.mp4"),), tmp_path))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    with pytest.raises(InvalidError, match="cannot be read"):
        await run(SimulatorConfig((CameraConfig("a", source=str(broken)),), tmp_path))
    ready = await start(small("cam"))
    with pytest.raises(UnavailableError, match=str(ready.port)):
        await run(SimulatorConfig((), tmp_path, port=ready.port))


def test_in_a_process_of_its_own(cache_dir: Path) -> None:
    config = SimulatorConfig((small("cam"),), cache_dir)
    with simulator_process(config) as simulator:
        assert isinstance(simulator.ready, Ready)
        assert len(demux(simulator.ready.url("cam"), "tcp", 5)) == 5
    with pytest.raises(av.error.FFmpegError):
        demux(simulator.ready.url("cam"), "tcp", 1)


def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    config = SimulatorConfig((CameraConfig("a", source="nowhere.mp4"),), tmp_path)
    with (
        pytest.raises(UnavailableError, match="neither a scene nor a file"),
        simulator_process(config),
    ):
        pass


async def test_plays_h265(start: Start, tmp_path: Path) -> None:
    if "libx265" not in av.codec.codecs_available:
        pytest.skip("PyAV has no libx265")
    film = tmp_path / "film.mp4"
    with av.open(str(film), "w") as container:
        stream = container.add_stream(
            "libx265", rate=25, options={"x265-params": "log-level=none:bframes=0:keyint=10"}
        )
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        generator = np.random.default_rng(1)
        for index in range(20):
            pixels = generator.integers(0, 255, (288, 320), np.uint8)  # noise: many fragments
            frame = VideoFrame.from_ndarray(pixels, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    ready = await start(CameraConfig("film", source=str(film)))
    frames = await asyncio.to_thread(decode, ready.url("film"), "tcp", 5)
    assert [(frame.width, frame.height) for frame in frames] == [(320, 192)] * 5


async def test_plays_a_real_clip(start: Start) -> None:
    clip = shared_media("car-detection.mp4")
    ready = await start(CameraConfig("real", source=str(clip)))
    frames = await asyncio.to_thread(decode, ready.url("real"), "tcp", 3)
    assert len({frame.pts for frame in frames}) == 3

"""Against an RTSP server that is not ours."""

from __future__ import annotations

import contextlib
import threading
from itertools import pairwise

import pytest

from camera_registry.model import Credentials
from ingest.decoder import FrameDecoder
from ingest.session import Source
from tests.ingest.sessions import RunningSession, gst_server
from tests.tools import require, shared_media

pytestmark = pytest.mark.gstreamer

_RAW = "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=25/1"
H264 = f"( {_RAW} ! x264enc tune=zerolatency key-int-max=12 ! rtph264pay name=pay0 pt=96 )"
_B_FRAMES = "x264enc bframes=2 b-adapt=false key-int-max=12 ! video/x-h264,profile=main"
H264_B = f"( {_RAW} ! {_B_FRAMES} ! rtph264pay name=pay0 )"
H265 = f"( {_RAW} ! x265enc tune=zerolatency key-int-max=12 ! rtph265pay name=pay0 pt=96 )"
MJPEG = f"( {_RAW} ! jpegenc ! rtpjpegpay name=pay0 )"
VP8 = f"( {_RAW} ! vp8enc deadline=1 keyframe-max-dist=12 ! rtpvp8pay name=pay0 )"
SOUND = "( audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay0 )"
_TONE = "audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay1 pt=8"
BOTH = f"{H264[:-2]} {_TONE} )"


@pytest.fixture(autouse=True)
def _gstreamer() -> None:
    require("gstreamer")


@pytest.mark.parametrize(
    ("launch", "codec", "name", "transport"),
    [
        (H264, "h264", "avc1.", "tcp"),
        (H264, "h264", "avc1.", "udp"),
        (H264_B, "h264", "avc1.", "tcp"),
        (H265, "hevc", "hev1.", "tcp"),
        (H265, "hevc", "hev1.", "udp"),
        (MJPEG, "mjpeg", "", "tcp"),
        (MJPEG, "mjpeg", "", "udp"),
        (BOTH, "h264", "avc1.", "tcp"),
    ],
)
def test_streams_arrive_and_decode(launch: str, codec: str, name: str, transport: str) -> None:
    with gst_server(launch) as url, RunningSession(Source(url, transport)) as running:
        packets = running.wait_for_packets(30)
    first = packets[0]
    assert first.keyframe
    assert first.info.codec == codec
    assert first.info.codec_string.startswith(name)
    assert (first.info.width, first.info.height) == (320, 240)
    assert [p.seq for p in packets] == list(range(len(packets)))
    assert sum(p.keyframe for p in packets) >= 2
    assert all(a.dts_us < b.dts_us for a, b in pairwise(packets))
    assert running.error is None
    assert running.session.timeline_jumps == 0
    decoder = FrameDecoder()
    frames = [frame for packet in packets for frame in decoder.push(packet)]
    assert len(frames) >= len(packets) - 5
    assert {(frame.width, frame.height) for frame in frames} == {(320, 240)}


@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_log_in(auth: str) -> None:
    user, password = "camera user", "p/a:s@s#w%rd"
    with gst_server(H264, auth=auth, user=user, password=password) as url:
        good = Source(url, "tcp", Credentials(user, password))
        with RunningSession(good) as running:
            assert running.wait_for_packets(3)[0].keyframe
        with RunningSession(Source(url, "tcp", Credentials(user, "wrong"))) as running:
            assert running.wait_for_error().code == "auth_failed"
        with RunningSession(Source(url)) as running:
            assert running.wait_for_error().code == "auth_failed"


@pytest.mark.parametrize(("launch", "code"), [(VP8, "unsupported_codec"), (SOUND, "no_video")])
def test_what_we_do_not_speak(launch: str, code: str) -> None:
    with gst_server(launch) as url, RunningSession(Source(url)) as running:
        assert running.wait_for_error().code == code


def test_an_unknown_path() -> None:
    with gst_server(H264) as url, RunningSession(Source(url + "/none")) as running:
        assert running.wait_for_error().code == "not_found"


def test_a_server_that_dies() -> None:
    with contextlib.ExitStack() as server:
        url = server.enter_context(gst_server(H264))
        with RunningSession(Source(url)) as running:
            running.wait_for_packets(3)
            server.close()
            assert running.wait_for_error().code == "closed"


def test_stopping_leaves_no_thread() -> None:
    before = threading.active_count()
    with gst_server(H264) as url:
        for _ in range(3):
            with RunningSession(Source(url)) as running:
                running.wait_for_packets(1)
    assert threading.active_count() == before


def test_a_real_clip() -> None:
    clip = shared_media("car-detection.mp4")
    launch = f"( filesrc location={clip} ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 )"
    with gst_server(launch) as url, RunningSession(Source(url)) as running:
        packets = running.wait_for_packets(30)
    assert (packets[0].info.width, packets[0].info.height) == (768, 432)
    decoder = FrameDecoder()
    frames = [frame for packet in packets for frame in decoder.push(packet)]
    assert len(frames) >= 25

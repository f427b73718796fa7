from __future__ import annotations

import base64
import contextlib
import socket
import struct
import threading
import traceback
from itertools import pairwise

import pytest

from camera_registry.base.clock import SystemClock
from camera_registry.model import Credentials
from ingest.bitstream import parameter_sets
from ingest.packets import Packet
from ingest.session import KEYFRAMES, OPENS, PACKETS, CameraSession, Source
from tests.ingest import footage
from tests.ingest.conftest import Camera
from tests.ingest.scripted_camera import Play, describing, scripted_camera, status
from tests.ingest.sessions import SHORT, RunningSession
from tests.waiting import eventually

LOGIN = Credentials("camera", "s3cret")
VIDEO = footage.packets(width=64, height=64, frames=30, gop=5)


def description() -> str:
    nals = list(parameter_sets.nal_units(VIDEO[0].data))
    sets = [n for n in nals if parameter_sets.nal_type("h264", n) in (7, 8)]
    sprop = ",".join(base64.b64encode(n).decode() for n in sets)
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
        "a=rtpmap:96 H264/90000\r\na=control:v\r\n"
        f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sprop}\r\n"
    )


def interleaved(channel: int, body: bytes) -> bytes:
    return b"$" + bytes([channel]) + struct.pack(">H", len(body)) + body


def rtp_of(packets: list[Packet]) -> list[bytes]:
    """One list entry per access unit: its NAL units as single RTP packets (RFC 6184, 5.6)."""
    sequence, out = 0, []
    for index, packet in enumerate(packets):
        nals = list(parameter_sets.nal_units(packet.data))
        unit = b""
        for nal in nals:
            marker = 0x80 if nal is nals[-1] else 0
            head = struct.pack(">BBHII", 0x80, 96 | marker, sequence, index * 3600, 7)
            unit += interleaved(0, head + nal)
            sequence += 1
        out.append(unit)
    return out


def sender_report() -> bytes:
    return interleaved(1, struct.pack(">BBHIIIIII", 0x80, 200, 6, 7, 0, 0, 0, 1, 1))


def video_then(after: bytes, every_s: float = 0.05) -> Play:
    """Play the video at four times its speed, then repeat ``after``."""

    def play(connection: socket.socket, ended: threading.Event) -> None:
        with contextlib.suppress(OSError):
            for unit in rtp_of(VIDEO):
                connection.sendall(unit)
                ended.wait(0.01)
            while not ended.wait(every_s):
                connection.sendall(after)

    return play


async def test_packets_in_order_with_times(camera: Camera) -> None:
    before = PACKETS._value.get(), KEYFRAMES._value.get(), OPENS.labels("ok")._value.get()
    with RunningSession(Source(camera.url, "tcp", LOGIN)) as running:
        await eventually(lambda: len(running.packets) >= 30)
    packets = list(running.packets)
    assert running.error is None
    assert packets[0].keyframe
    assert [p.seq for p in packets] == list(range(len(packets)))
    assert len({p.epoch for p in packets}) == 1
    steps = [b.utc_us - a.utc_us for a, b in pairwise(packets)]
    assert all(0 < step < 500_000 for step in steps)
    # the opening burst came in at once, and has the camera's own spacing nevertheless
    assert all(step > 1_000 for step in steps[:12])
    assert PACKETS._value.get() - before[0] >= len(packets)
    assert KEYFRAMES._value.get() - before[1] == sum(p.keyframe for p in packets)
    assert OPENS.labels("ok")._value.get() - before[2] == 1


def test_reports_alone_do_not_keep_a_dead_picture_alive() -> None:
    camera = scripted_camera(describing(description()), video_then(sender_report()))
    with camera as port, RunningSession(Source(f"rtsp://127.0.0.1:{port}/v")) as running:
        error = running.wait_for_error()
    assert error.code == "stalled"
    assert len(running.packets) >= 20


def test_garbage_after_good_video_ends_or_stalls_the_session() -> None:
    camera = scripted_camera(describing(description()), video_then(b"\x00\xff$#!" * 200))
    with camera as port, RunningSession(Source(f"rtsp://127.0.0.1:{port}/v")) as running:
        assert running.wait_for_error().code in ("stalled", "bad_data", "closed")


def test_video_without_any_parameter_set() -> None:
    bare = description().partition("a=fmtp")[0]
    nals_only = rtp_of([packet for packet in VIDEO if not packet.keyframe])

    def play(connection: socket.socket, ended: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while not ended.is_set():
                for unit in nals_only:
                    connection.sendall(unit)
                    if ended.wait(0.02):
                        return

    with (
        scripted_camera(describing(bare), play) as port,
        RunningSession(Source(f"rtsp://127.0.0.1:{port}/v")) as running,
    ):
        error = running.wait_for_error(30)
    assert error.code == "no_parameter_sets"
    assert running.packets == []


def test_a_session_stopped_while_it_opens_hands_out_nothing() -> None:
    camera = scripted_camera(describing(description()), video_then(sender_report()))
    with camera as port:
        running = RunningSession(Source(f"rtsp://127.0.0.1:{port}/v"))
        running.stop.set()
        with running:
            pass
    assert running.packets == []
    assert running.error is None


def test_what_a_sink_raises_ends_the_session_and_closes_it() -> None:
    def sink(_: Packet) -> None:
        raise RuntimeError("the sink's own fault")

    camera = scripted_camera(describing(description()), video_then(sender_report()))
    with camera as port:
        session = CameraSession(
            Source(f"rtsp://127.0.0.1:{port}/v"),
            sink,
            clock=SystemClock(),
            options=SHORT,
            stop=threading.Event(),
        )
        with pytest.raises(RuntimeError, match="own fault"):
            session.run_once()


def test_no_secret_in_an_error_or_a_repr() -> None:
    source = Source("rtsp://127.0.0.1:1/v", "tcp", Credentials("me", "t0p-s3cret"))
    assert "t0p-s3cret" not in repr(source)
    with scripted_camera(status("401 No", 'WWW-Authenticate: Basic realm="x"')) as port:
        source = Source(f"rtsp://127.0.0.1:{port}/v", "tcp", Credentials("me", "t0p-s3cret"))
        with RunningSession(source) as running:
            error = running.wait_for_error()
    assert error.code == "auth_failed"
    assert "t0p-s3cret" not in "".join(traceback.format_exception(error))

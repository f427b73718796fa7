"""Probes of simulated and scripted cameras: what is measured, and every cause of failure."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from camera_registry.base.clock import SystemClock
from camera_registry.model import Credentials
from camera_registry.probe import ProbeReport, ProbeRequest, decode_report, encode
from camera_registry.urls import UrlPolicy
from ingest.options import IngestOptions
from ingest.probe.first_words import read_answer
from ingest.probe.paths import paths_to_try
from ingest.probe.rtsp import probe_rtsp
from ingest.simulator import CameraConfig
from tests.ingest.conftest import Camera, simulated
from tests.ingest.footage import write_mp4
from tests.ingest.scripted_camera import describing, reply, scripted_camera, status

RIGHT = Credentials("camera", "s3cret")
QUICK = IngestOptions(open_timeout_s=1.5, stalled_after_s=1.5, keyframe_within_s=1.5)


async def probe(
    url: str,
    credentials: Credentials | None = RIGHT,
    *,
    seconds: float = 1.5,
    options: IngestOptions = QUICK,
    transport: str = "tcp",
) -> tuple[ProbeReport, bytes]:
    report, picture = await probe_rtsp(
        ProbeRequest(url, transport, seconds),
        credentials,
        clock=SystemClock(),
        options=options,
        progress=lambda done, phase: None,
    )
    assert decode_report(encode(report)) == report
    return report, picture


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def test_a_stream_is_measured(camera: Camera) -> None:
    report, picture = await probe(camera.url)
    assert (report.ok, report.reachable, report.failure) == (True, True, None)
    stream = report.stream
    assert stream is not None
    assert (stream.codec, stream.width, stream.height) == ("h264", 320, 180)
    assert stream.codec_string.startswith("avc1.")
    assert stream.profile
    assert stream.login == ("Digest MD5",)
    assert stream.fps == pytest.approx(25, abs=0.5)
    # twelve pictures each, but for the two at the clip's end
    assert 6 <= stream.gop_frames <= 12
    assert stream.longest_gop_s == pytest.approx(0.48, abs=0.02)
    assert stream.gop_s == pytest.approx(stream.gop_frames / 25, abs=0.06)
    assert not stream.b_frames
    assert stream.gops >= 2
    assert stream.clock_offset_s is not None
    assert abs(stream.clock_offset_s) < 1.0
    assert 0 < stream.open_s <= stream.first_picture_s <= report.took_s
    assert picture[:2] == b"\xff\xd8"


async def test_bit_rate_is_that_of_the_file(clip: Path, tmp_path: Path) -> None:
    async with simulated(CameraConfig("open", str(clip)), tmp_path) as camera:
        report, _ = await probe(camera.url, None, seconds=3.0)
    assert report.stream is not None
    assert report.stream.login == ()
    kbps = clip.stat().st_size * 8 / 1000 / 2.0
    assert report.stream.bitrate_kbps == pytest.approx(kbps, rel=0.15)


async def test_b_pictures_are_seen(tmp_path: Path) -> None:
    path = write_mp4(tmp_path / "b.mp4", bframes=2)
    async with simulated(CameraConfig("b", str(path)), tmp_path) as camera:
        report, _ = await probe(camera.url, None)
    assert report.stream is not None
    assert report.stream.b_frames


@pytest.mark.parametrize(
    ("fault", "amount", "credentials", "code"),
    [
        (None, None, None, "credentials_missing"),
        (None, None, Credentials("camera", "wrong"), "auth_failed"),
        ("refuse", None, RIGHT, "refused"),
        ("slow_start", 30.0, RIGHT, "timeout"),
        ("unknown_codec", None, RIGHT, "unsupported_codec"),
    ],
)
async def test_every_cause_has_its_code(
    camera: Camera,
    fault: str | None,
    amount: float | None,
    credentials: Credentials | None,
    code: str,
) -> None:
    if fault:
        await camera.fault(fault, amount)
    report, picture = await probe(camera.url, credentials)
    assert report.failure is not None
    assert (report.ok, report.failure.code, picture) == (False, code, b"")
    assert report.failure.message
    assert report.failure.hint
    if code in ("credentials_missing", "auth_failed"):
        assert report.failure.schemes == ("Digest MD5",)
        assert "Digest MD5" in report.failure.message
        assert "wrong" not in repr(report)


async def test_no_such_path_proposes_those_of_the_maker(camera: Camera) -> None:
    report, _ = await probe(camera.url + "x", RIGHT)
    assert report.failure is not None
    assert report.failure.code == "not_found"
    assert report.reachable
    assert {each.make for each in report.failure.paths} >= {"Hikvision", "Dahua", "Axis"}


async def test_a_port_that_nobody_listens_on() -> None:
    report, _ = await probe(f"rtsp://127.0.0.1:{closed_port()}/a", None)
    assert report.failure is not None
    assert (report.failure.code, report.reachable) == ("refused", False)


async def test_a_name_that_does_not_exist() -> None:
    report, _ = await probe("rtsp://nobody.invalid/a", None)
    assert report.failure is not None
    assert (report.failure.code, report.reachable) == ("dns", False)


async def test_a_name_that_leads_where_it_must_not() -> None:
    options = IngestOptions(permits=UrlPolicy().permits)
    report, _ = await probe("rtsp://localhost/a", None, options=options)
    assert report.failure is not None
    assert (report.failure.code, report.reachable) == ("forbidden_network", False)


@pytest.mark.parametrize(
    ("line", "headers", "code"),
    [
        (
            "401 Unauthorized",
            ('WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256',),
            "auth_scheme_unsupported",
        ),
        ("404 Not Found", ("Server: Hipcam RealServer/V1.0",), "not_found"),
        ("302 Moved", ("Location: rtsp://127.0.0.1:1/a",), "redirected"),
        ("500 Internal Server Error", (), "server_error"),
    ],
)
async def test_what_a_camera_answers(line: str, headers: tuple[str, ...], code: str) -> None:
    with scripted_camera(status(line, *headers)) as port:
        report, _ = await probe(f"rtsp://127.0.0.1:{port}/a", RIGHT)
    assert report.failure is not None
    assert report.failure.code == code
    if code == "not_found":
        assert [each.make for each in report.failure.paths] == ["Hipcam"]
    if code == "auth_scheme_unsupported":
        assert report.failure.schemes == ("Digest SHA-256",)


@contextlib.asynccontextmanager
async def server(answer: bytes, *, forever: bool = False) -> AsyncIterator[str]:
    """A server that says the same to everybody, again and again if it is to be endless."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read(1024)
            writer.write(answer)
            while forever:
                writer.write(answer)
                await writer.drain()
        writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"rtsp://127.0.0.1:{running.sockets[0].getsockname()[1]}/a"
    finally:
        running.close()


@pytest.mark.parametrize(
    ("answer", "forever"),
    [
        (b"\x00\xff" * 4000, False),
        (b"", False),
        (b"RTSP/1.0 200 OK\r\nX: " + b"y" * 4000, True),
        (b"HTTP/1.1 400 Bad Request\r\nServer: web\r\n\r\n<html>", False),
    ],
)
async def test_nonsense_becomes_a_failure(answer: bytes, forever: bool) -> None:
    async with server(answer, forever=forever) as url:
        report, _ = await probe(url, None)
    assert report.failure is not None
    assert report.failure.code in ("bad_data", "closed", "timeout", "request_refused")


async def test_a_description_without_end_is_not_asked_for_by_ffmpeg() -> None:
    asked = []

    def answer(request: bytes) -> bytes:
        asked.append(request.split(b" ")[0])
        return reply(
            request, "200 OK", "Content-Type: application/sdp", "Content-Length: 2000000000"
        )

    with scripted_camera(answer) as port:
        report, _ = await probe(f"rtsp://127.0.0.1:{port}/a", None)
    assert report.failure is not None
    assert (report.failure.code, report.reachable) == ("bad_data", True)
    assert asked == [b"DESCRIBE"]


async def test_media_that_is_noise_ends_as_a_failure() -> None:
    """A session that opens as it should, and then interleaved packets of nothing, without end."""
    sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    sdp += "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:t\r\n"

    def noise(connection: socket.socket, ended: threading.Event) -> None:
        made = random.Random(7)
        with contextlib.suppress(OSError):
            while not ended.is_set():
                connection.sendall(b"$" + bytes([made.randrange(4)]) + made.randbytes(2 + 900))

    with scripted_camera(describing(sdp), noise) as port:
        report, picture = await probe(f"rtsp://127.0.0.1:{port}/a", None)
    assert report.failure is not None
    assert (report.ok, picture) == (False, b"")


async def test_a_probe_is_called_off(camera: Camera) -> None:
    task = asyncio.create_task(probe(camera.url, seconds=25.0))
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_answers_are_read_whatever_they_hold() -> None:
    several = (
        b"RTSP/1.0 401 Unauthorized\r\nServer: H264DVR 1.0\r\n"
        b'WWW-Authenticate: Digest realm="Login to 7", nonce="x"\r\n'
        b'WWW-Authenticate: Basic realm="Login to 7"\r\n\r\n'
    )
    words = read_answer(several)
    assert (words.status, words.server, words.realm) == (401, "H264DVR 1.0", "Login to 7")
    assert words.schemes == ("Digest MD5", "Basic")
    for head in (b"", b"\r\n\r\n", b"RTSP/1.0", b"RTSP/1.0 999 x\r\n", b"\xff" * 99):
        assert read_answer(head).status == 0


def test_paths_by_the_clues_of_a_maker() -> None:
    assert [each.make for each in paths_to_try("", "Hikvision-Webs", "")] == ["Hikvision"]
    assert [each.make for each in paths_to_try("axis", "", "")] == ["Axis"]
    everybody = paths_to_try("", "", "")
    assert len(everybody) > 20
    assert all(path.startswith("/") for each in everybody for path in each.paths)

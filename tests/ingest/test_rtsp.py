from __future__ import annotations

import contextlib
import socket
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import av
import av.error
import pytest

from camera_registry.model import Credentials
from ingest.allocations import LARGEST_BYTES, bound_allocations
from ingest.open_errors import OpenError, explain
from ingest.options import IngestOptions
from ingest.rtsp import open_camera, open_file
from tests.ingest import footage
from tests.ingest.scripted_camera import Answer, describing, reply, scripted_camera, status

SECRET = "pa:ss/w@rd#1"
LOGIN = Credentials("me", SECRET)
OPTIONS = IngestOptions(open_timeout_s=1.5)
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n"


def failure(url: str, *, credentials: Credentials | None = LOGIN) -> OpenError:
    with pytest.raises(OpenError) as caught:
        open_camera(url, credentials, "tcp", OPTIONS)
    error = caught.value
    text = "".join(traceback.format_exception(error)) + repr(error) + error.message + error.hint
    assert SECRET not in text
    assert "pa%3Ass" not in text
    assert error.__context__ is None
    assert error.__cause__ is None
    assert error.hint
    return error


def silent(request: bytes) -> bytes:
    return b""


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (status("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'), "auth_failed"),
        (
            status(
                "401 Unauthorized",
                'WWW-Authenticate: Digest realm="x", nonce="n", algorithm=SHA-256',
            ),
            "digest_sha256_unsupported",
        ),
        (
            status("401 Unauthorized", 'WWW-Authenticate: Digest realm="x", nonce="n"'),
            "auth_failed",
        ),
        (status("403 Forbidden"), "auth_failed"),
        (status("404 Not Found"), "not_found"),
        (status("503 Service Unavailable"), "server_error"),
        (lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n", "timeout"),
        (describing(SDP), "no_video"),
        (describing(SDP + "m=audio 0 RTP/AVP 8\r\na=control:a\r\n"), "no_video"),
        (
            describing(SDP + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 X-NEW/90000\r\na=control:v\r\n"),
            "unsupported_codec",
        ),
        (silent, "timeout"),
    ],
)
def test_what_a_camera_answers_becomes_a_code(answer: Answer, code: str) -> None:
    with scripted_camera(answer) as port:
        assert failure(f"rtsp://127.0.0.1:{port}/live").code == code


@pytest.mark.parametrize("close_at", [b"OPTIONS", b"DESCRIBE"])
def test_a_camera_that_hangs_up(close_at: bytes) -> None:
    def answer(request: bytes) -> bytes | None:
        return None if request.startswith(close_at) else reply(request, "200 OK")

    with scripted_camera(answer) as port:
        assert failure(f"rtsp://127.0.0.1:{port}/live").code in ("closed", "bad_data")


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert failure(f"rtsp://127.0.0.1:{port}/live").code == "refused"


def test_credentials_are_asked_for_where_none_are_registered() -> None:
    answer = status("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"')
    with scripted_camera(answer) as port:
        error = failure(f"rtsp://127.0.0.1:{port}/live", credentials=None)
    assert error.code == "auth_failed"
    assert "none is registered" in error.message


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("rtsp://no-such-host.invalid/live", "dns"),
        ("http://127.0.0.1/live", "bad_url"),
        ("file:///etc/passwd", "bad_url"),
        ("concat:/etc/passwd", "bad_url"),
        ("rtsp://", "bad_url"),
        ("rtsp://[::1/live", "bad_url"),
        ("rtsp://127.0.0.1:99999/live", "bad_url"),
        ("rtsp://127.0.0.1:0/live", "bad_url"),
    ],
)
def test_addresses_that_cannot_be_opened(url: str, code: str) -> None:
    assert failure(url).code == code


def test_credentials_that_ffmpeg_would_cut_off_are_refused() -> None:
    long = Credentials("me", "#" * 50)
    assert failure("rtsp://127.0.0.1/live", credentials=long).code == "credentials_too_long"


def test_every_kind_of_error_is_explained_without_its_text() -> None:
    kinds: list[Callable[[], Exception]] = [
        lambda kind=kind: kind(1, "text", "rtsp://u:secret@h")  # type: ignore[misc]
        for kind in vars(av.error).values()
        if isinstance(kind, type) and issubclass(kind, av.error.FFmpegError)
    ]
    assert len(kinds) > 20
    for make in kinds:
        error = explain(make())
        assert "secret" not in str(error)
        assert error.code
        assert error.hint


def test_a_file_opens_in_the_same_form(tmp_path: Path) -> None:
    opened = open_file(str(footage.write_mp4(tmp_path / "a.mp4", frames=5)))
    assert opened.codec == "h264"
    opened.container.close()
    with pytest.raises(OpenError):
        open_file(str(tmp_path / "none.mp4"))


def test_an_address_that_is_not_allowed_is_not_connected_to() -> None:
    """Asked of the address, not of the name: a name may point anywhere."""
    asked: list[str] = []

    def permits(address: str) -> bool:
        asked.append(address)
        return False

    with pytest.raises(OpenError, match="network that is not allowed") as caught:
        open_camera("rtsp://localhost:9/x", None, "tcp", IngestOptions(permits=permits))
    assert caught.value.code == "forbidden_network"
    assert set(asked) <= {"127.0.0.1", "::1"}
    assert asked


@pytest.mark.parametrize("length", [LARGEST_BYTES + 1, 2_000_000_000, 2**31 - 1])
def test_a_description_of_gigabytes_is_not_taken_in(length: int) -> None:
    """Without a bound FFmpeg fills memory for as long as the opening may last."""
    sent, ended = [0], threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    line = b"a=x:" + b"y" * 60 + b"\r\n"

    def pour(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while request := connection.recv(65536):
                if not request.startswith(b"DESCRIBE"):
                    connection.sendall(reply(request, "200 OK", "Public: DESCRIBE"))
                    continue
                said = ("Content-Type: application/sdp", f"Content-Length: {length}")
                connection.sendall(reply(request, "200 OK", *said))
                while not ended.is_set():
                    sent[0] += connection.send(line * 1000)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                pour(listener.accept()[0])

    server = threading.Thread(target=serve)
    server.start()
    try:
        port = listener.getsockname()[1]
        error = failure(f"rtsp://127.0.0.1:{port}/a")
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        server.join()
    assert error.code == "bad_data"
    assert sent[0] < LARGEST_BYTES  # what the sockets hold, and not what was announced


def test_pictures_of_the_largest_cameras_fit_the_bound() -> None:
    assert bound_allocations()
    frame = av.VideoFrame(8192, 4320, "rgb24")
    assert frame.planes[0].buffer_size < LARGEST_BYTES
    with pytest.raises(MemoryError):
        av.VideoFrame(8192, 8192, "rgb24")

from __future__ import annotations

import socket

import pytest

from ingest.auth_probe import challenges_of, ffmpeg_can_answer, refuses_every_scheme_we_speak

MD5 = b'Digest realm="x", nonce="n", algorithm=MD5'
PLAIN = b'Digest realm="x", nonce="n"'
SHA = b'Digest realm="x", nonce="n", algorithm="SHA-256"'
BASIC = b'Basic realm="x"'


@pytest.mark.parametrize(
    ("offered", "can"),
    [
        ([], True),
        ([BASIC], True),
        ([MD5], True),
        ([PLAIN], True),
        ([SHA], False),
        ([MD5, SHA], False),
        ([SHA, MD5], True),
        ([BASIC, SHA], False),
    ],
)
def test_what_ffmpeg_can_answer(offered: list[bytes], can: bool) -> None:
    assert ffmpeg_can_answer(offered) is can


def test_headers_are_read_whatever_their_case() -> None:
    answer = (
        b"RTSP/1.0 401 No\r\nCSeq: 1\r\nwww-authenticate: " + SHA + b"\r\n\r\nWWW-Authenticate: x"
    )
    assert challenges_of(answer) == [SHA]


def test_nobody_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert not refuses_every_scheme_we_speak("127.0.0.1", port, "rtsp://x/", 1.0)

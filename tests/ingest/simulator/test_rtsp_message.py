from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.simulator.rtsp_message import (
    MAX_BODY,
    MAX_HEAD,
    Request,
    RequestReader,
    RtspError,
    response,
)

GOOD = b"DESCRIBE rtsp://h/a RTSP/1.0\r\nCSeq: 2\r\nAccept: application/sdp\r\n\r\n"


def read(data: bytes) -> list[Request]:
    return RequestReader().feed(data)


def read_or_refuse(data: bytes) -> list[Request]:
    """Return no request where the reader refuses; any exception but RtspError fails the test."""
    try:
        return read(data)
    except RtspError:
        return []


def test_reads_a_request() -> None:
    (request,) = read(GOOD)
    assert (request.method, request.url, request.cseq) == ("DESCRIBE", "rtsp://h/a", "2")
    assert request.headers["accept"] == "application/sdp"


@given(st.lists(st.integers(1, 200), max_size=30), st.binary(max_size=300))
def test_pieces_make_no_difference(cuts: list[int], noise: bytes) -> None:
    frame = b"$\x01" + len(noise).to_bytes(2, "big") + noise
    body = b"OPTIONS * RTSP/1.0\r\nCSeq: 3\r\nContent-Length: 4\r\n\r\nabcd"
    data = GOOD + frame + body + b"\r\n" + GOOD + frame + GOOD
    reader, found, at = RequestReader(), [], 0
    for cut in [*cuts, len(data)]:
        found += reader.feed(data[at : at + cut])
        at += cut
    assert found == [*read(GOOD), *read(body), *read(GOOD), *read(GOOD)]


@given(st.binary(max_size=2000))
def test_any_bytes_give_requests_or_a_refusal(data: bytes) -> None:
    requests = read_or_refuse(data)
    assert all(request.cseq.isdigit() for request in requests)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=200))
def test_any_text_in_the_places_of_a_request(method: str, url: str, value: str) -> None:
    data = f"{method} {url} RTSP/1.0\r\nCSeq: {value}\r\nX: {value}\r\n\r\n"
    assert len(read_or_refuse(data.encode("utf-8", "surrogatepass"))) <= 1


@pytest.mark.parametrize(
    "data",
    [
        b"x" * (MAX_HEAD + 1),
        b"OPTIONS * RTSP/1.0\r\n" + b"A: b\r\n" * 70 + b"CSeq: 1\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nCSeq: x\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nno colon\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -1\r\n\r\n",
        f"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n".encode(),
        b"options * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nCSeq: 1\r\n\r\n",
        b"OPTIONS rtsp://" + b"a" * 2000 + b" RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nX: \xff\r\n\r\n",
    ],
)
def test_nonsense_is_a_bad_request(data: bytes) -> None:
    with pytest.raises(RtspError) as caught:
        read(data)
    assert caught.value.status == 400


def test_another_version_is_told() -> None:
    with pytest.raises(RtspError) as caught:
        read(b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n")
    assert caught.value.status == 505


def test_response() -> None:
    text = response(200, "7", {"Session": "abc"}, b"body").decode()
    assert text.startswith("RTSP/1.0 200 OK\r\nCSeq: 7\r\n")
    assert text.endswith("Session: abc\r\nContent-Length: 4\r\n\r\nbody")

from __future__ import annotations

import asyncio

import pytest

from ingest.simulator import Ready
from tests.ingest.simulator.conftest import Start, small
from tests.ingest.simulator.test_server_faults import control


async def test_lists_cameras_without_secrets(start: Start) -> None:
    ready = await start(small("cam", auth="digest", password="geheim-7"))
    status, body = await control(ready, "GET", "/cameras")
    assert status == 200
    cameras = body["cameras"]
    assert isinstance(cameras, list)
    camera = cameras[0]
    assert (camera["name"], camera["ready"], camera["viewers"]) == ("cam", True, 0)
    assert (camera["codec"], camera["width"], camera["fps"]) == ("H264", 320, 25)
    assert "geheim-7" not in str(body)


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/cameras/cam/fault", {"fault": "unheard-of"}, 400),
        ("POST", "/cameras/cam/fault", {}, 400),
        ("POST", "/cameras/other/fault", {"fault": "stall"}, 404),
        ("DELETE", "/cameras/other/fault", None, 404),
        ("GET", "/cameras/cam/fault", None, 405),
        ("PUT", "/cameras", None, 405),
        ("GET", "/../etc/passwd", None, 404),
    ],
)
async def test_refusals(
    start: Start, method: str, path: str, body: dict[str, object] | None, expected: int
) -> None:
    ready = await start(small("cam"))
    status, answer = await control(ready, method, path, body)
    assert status == expected
    assert answer["error"]


async def raw(ready: Ready, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", ready.control_port)
    writer.write(data)
    writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 60)
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 100_000,
        b"nonsense\r\n\r\n",
        b"POST /cameras/cam/fault HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"POST /cameras/cam/fault HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /cameras/cam/fault HTTP/1.1\r\n"  # noqa: ISC004 - one request in two lines
        b"Content-Type: application/json\r\nContent-Length: 5\r\n\r\n[[[[[",
        b'POST /cameras/cam/fault HTTP/1.1\r\nContent-Length: 17\r\n\r\n{"fault":"stall"}',
        b"GET /cameras HTTP/1.1\r\n",
    ],
)
async def test_nonsense_does_no_harm(start: Start, data: bytes) -> None:
    ready = await start(small("cam"))
    answer = await raw(ready, data)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    status, body = await control(ready, "GET", "/cameras")
    assert status == 200
    assert body["cameras"][0]["fault"] is None  # type: ignore[index]

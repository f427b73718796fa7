"""The HTTP control: a tiny HTTP/1.1 server for the machine itself, one request per connection."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping

from camera_registry.base.errors import CamhubError, InvalidError, NotFoundError
from ingest.simulator.camera import SimulatedCamera
from ingest.simulator.faults import Fault

_MAX_BODY = 4096
_PATIENCE_S = 10.0
_FAULT_PATH = re.compile(r"/cameras/([A-Za-z0-9_.-]{1,64})/fault")
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}


class Control:
    """``GET /cameras``, ``POST`` and ``DELETE /cameras/{name}/fault``."""

    def __init__(self, cameras: Mapping[str, SimulatedCamera]) -> None:
        self._cameras = cameras

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                status, body = await self._answer(head, reader)
                text = json.dumps(body, ensure_ascii=False).encode() + b"\n"
                writer.write(
                    f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n"
                    "Connection: close\r\n\r\n".encode()
                    + text
                )
                await writer.drain()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            return
        except asyncio.LimitOverrunError:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        finally:
            writer.close()

    async def _answer(
        self, head: bytes, reader: asyncio.StreamReader
    ) -> tuple[int, dict[str, object]]:
        try:
            method, path, headers = _parse(head)
            length = headers.get("content-length", "0")
            if not (length.isascii() and length.isdigit()) or int(length[:9]) > _MAX_BODY:
                raise InvalidError("the body is too long")
            body = await reader.readexactly(int(length))
            # A page in a browser on this machine could post here too; it cannot send this type
            # without asking first, and the question is not answered.
            if method == "POST" and "application/json" not in headers.get("content-type", ""):
                raise InvalidError("send Content-Type: application/json")
            return await self._dispatch(method, path, body)
        except NotFoundError as error:
            return 404, {"error": str(error)}
        except CamhubError as error:
            return 400, {"error": str(error)}

    async def _dispatch(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, object]]:
        if path == "/cameras":
            if method != "GET":
                return 405, {"error": "only GET"}
            return 200, {"cameras": [camera.status() for camera in self._cameras.values()]}
        match = _FAULT_PATH.fullmatch(path)
        camera = self._cameras.get(match[1]) if match else None
        if camera is None:
            raise NotFoundError("no such camera", hint="GET /cameras lists them")
        if method == "POST":
            await camera.set_fault(Fault.from_json(_read_json(body)))
        elif method == "DELETE":
            await camera.set_fault(None)
        else:
            return 405, {"error": "only POST and DELETE"}
        return 200, camera.status()


def _parse(head: bytes) -> tuple[str, str, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise InvalidError("this is no HTTP/1.1 request")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines[1:])
    }
    return parts[0], parts[1].partition("?")[0], headers


def _read_json(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidError("the body is no JSON") from None
    if not isinstance(value, dict):
        raise InvalidError("the body is no JSON object")
    return value

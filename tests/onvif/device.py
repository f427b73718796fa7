"""An ONVIF device for tests: SOAP 1.2 over HTTP with a log-in, a clock of its own, and PTZ.

What comes in and what goes out is checked against the WSDLs' schemas (``tests.onvif.schemas``).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from lxml import etree

from tests.onvif import messages
from tests.onvif.ptz import Motors
from tests.onvif.schemas import SOAP, body_of, check
from tests.onvif.security import TokenChecker

USER, PASSWORD = "viewer", "canary-onvif-77"
PATH = "/onvif/device_service"
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 200 + b"\xff\xd9"

Hostile = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""Writes whatever it likes in place of an answer."""

SetUser = Callable[["TestDevice", str, str], str]
"""What a device makes of SetUser, given the user and the new password: ``yes``, ``silent`` (it
closes the connection), ``garbage``, or the subcode of a fault. It takes the password itself."""

_OPEN = frozenset(("GetSystemDateAndTime",))


@dataclass
class Setup:
    """How the device is. ``stream_urls`` by profile token; ``skew`` is its clock less the truth.

    ``sources`` are its video sources, two profiles each (a recorder has many), of which those in
    ``fixed`` cannot be moved. ``media`` are the media services that it has; the names of operations
    of Media2 begin with ``Media2``. ``protocols`` are those in which it gives addresses there.
    """

    stream_urls: dict[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = messages.ONE
    fixed: frozenset[str] = frozenset()
    skew: timedelta = timedelta()
    ptz: bool = True
    media: tuple[str, ...] = (messages.TRT,)
    protocols: tuple[str, ...] = ("RTSP", "RtspUnicast")
    has_get_services: bool = True
    xaddr_host: str = ""
    snapshot_url: str = ""
    serial: str = "SN-0042"
    hostile: Hostile | None = None
    hostile_operations: frozenset[str] = frozenset()
    http_401: bool = False
    level: str = "Administrator"
    set_user: SetUser | None = None


class TestDevice:
    """The running device."""

    __test__ = False

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.motors = Motors()
        self.calls: list[str] = []
        self.problems: list[str] = []
        self.tokens = TokenChecker({USER: PASSWORD}, self.now)
        self.port = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.setup.skew

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (each.partition(":") for each in rest if each)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if line.startswith("GET "):
            writer.write(_http(200, "image/jpeg", JPEG))
        else:
            await self._soap(body, headers, writer)
        await writer.drain()
        return True

    async def _soap(
        self, data: bytes, headers: dict[str, str], writer: asyncio.StreamWriter
    ) -> None:
        envelope = etree.fromstring(data)
        request = body_of(envelope)
        name = etree.QName(request)
        operation = f"Media2 {name.localname}" if name.namespace == messages.TR2 else name.localname
        self.calls.append(operation)
        self._note(lambda: check(request))
        if "application/soap+xml" not in headers.get("content-type", ""):
            self.problems.append("a request is not sent as SOAP 1.2")
        hostile = self.setup.hostile
        if hostile and (
            not self.setup.hostile_operations or operation in self.setup.hostile_operations
        ):
            await hostile(writer)
            return
        if operation not in _OPEN and not self.tokens.accepts(envelope):
            if self.setup.http_401:
                writer.write(
                    _http(401, "text/plain", b"", 'WWW-Authenticate: Digest realm="d", nonce="n"')
                )
            else:
                writer.write(
                    _http(400, _KIND, _fault("ter:NotAuthorized", "Sender not authorized"))
                )
            return
        user = self.tokens.user_of(envelope)
        if operation in ("GetUsers", "SetUser") and self.setup.level != "Administrator":
            writer.write(_http(400, _KIND, _fault("ter:NotAuthorized", "Sender not authorized")))
            return
        if operation == "SetUser" and (refusal := self._set_user(request)) != "yes":
            await self._unwilling(refusal, writer)
            return
        text = self._answer(operation, request, user)
        if text is None:
            writer.write(_http(400, _KIND, _fault("ter:ActionNotSupported", "No such action")))
            return
        answer = etree.fromstring(text)
        self._note(lambda: check(answer))
        writer.write(_http(200, _KIND, _envelope(text)))

    def _set_user(self, request: etree._Element) -> str:
        texts = {etree.QName(each).localname: each.text or "" for each in request.iter()}
        name, password = texts["Username"], texts["Password"]
        if self.setup.set_user is not None:
            return self.setup.set_user(self, name, password)
        self.tokens.passwords[name] = password
        return "yes"

    async def _unwilling(self, how: str, writer: asyncio.StreamWriter) -> None:
        if how == "silent":
            raise ConnectionResetError
        if how == "garbage":
            writer.write(_http(200, _KIND, b"<a><b>canary"))
            return
        # a device that repeats what it was sent
        words = " ".join(self.tokens.passwords.values())
        writer.write(_http(400, _KIND, _fault(f"ter:{how}", f"no to {words}")))

    def _note(self, check_it: Callable[[], None]) -> None:
        try:
            check_it()
        except AssertionError as error:
            self.problems.append(str(error))

    def _answer(self, operation: str, request: etree._Element, user: str) -> str | None:
        host = self.setup.xaddr_host or f"127.0.0.1:{self.port}"
        setup = self.setup
        token = next(
            (each.text or "" for each in request.iter() if each.tag.endswith("ProfileToken")), ""
        )
        plain: dict[str, Callable[[], str | None]] = {
            "GetSystemDateAndTime": lambda: messages.date_and_time(self.now()),
            "GetDeviceInformation": lambda: messages.information(setup.serial),
            "GetScopes": messages.scopes,
            "GetUsers": lambda: messages.users({user: setup.level, "somebody": "User"}),
            "SetUser": messages.user_set,
            "GetEndpointReference": messages.endpoint,
            "GetServices": lambda: (
                messages.services(host, setup.ptz, setup.media) if setup.has_get_services else None
            ),
            "GetCapabilities": lambda: messages.capabilities(host, setup.ptz),
            "GetProfiles": lambda: messages.profiles(setup.ptz, setup.sources, setup.fixed),
            "GetStreamUri": lambda: messages.uri(
                "GetStreamUri", escape(setup.stream_urls.get(token, ""))
            ),
            "GetSnapshotUri": lambda: messages.uri(
                "GetSnapshotUri",
                escape(setup.snapshot_url or f"http://127.0.0.1:{self.port}/snapshot.jpg"),
            ),
        }
        if operation.startswith("Media2 "):
            return self._media2(operation, request) if messages.TR2 in setup.media else None
        if operation in ("GetProfiles", "GetStreamUri") and messages.TRT not in setup.media:
            return None
        if operation in plain:
            return plain[operation]()
        return self.motors.answer(operation, request) if setup.ptz else None

    def _media2(self, operation: str, request: etree._Element) -> str | None:
        given = {etree.QName(each).localname: each.text or "" for each in request}
        if operation == "Media2 GetProfiles":
            types = {each.text or "" for each in request if each.tag.endswith("}Type")}
            setup = self.setup
            return messages.profiles2(setup.ptz, types, setup.sources, setup.fixed)
        if operation == "Media2 GetStreamUri" and given["Protocol"] in self.setup.protocols:
            url = self.setup.stream_urls.get(given["ProfileToken"], "")
            return messages.uri2("GetStreamUri", escape(url))
        if operation == "Media2 GetSnapshotUri":
            return messages.uri2("GetSnapshotUri", f"http://127.0.0.1:{self.port}/snapshot.jpg")
        return None


@contextlib.asynccontextmanager
async def running(setup: Setup | None = None) -> AsyncIterator[TestDevice]:
    """Run a device; at the end, every message must have been as the WSDL has it."""
    device = TestDevice(setup or Setup())
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await device.serve(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    device.port = server.sockets[0].getsockname()[1]
    try:
        yield device
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        device.motors.end()
    assert not device.problems, device.problems


_KIND = "application/soap+xml; charset=utf-8"


def _http(status: int, kind: str, body: bytes, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, *headers, "", ""]).encode() + body


def _envelope(body: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><e:Envelope xmlns:e="{SOAP}">'
        f"<e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


def _fault(subcode: str, reason: str) -> bytes:
    return _envelope(
        f'<e:Fault xmlns:e="{SOAP}" xmlns:ter="http://www.onvif.org/ver10/error"><e:Code>'
        f"<e:Value>e:Sender</e:Value><e:Subcode><e:Value>{subcode}</e:Value></e:Subcode></e:Code>"
        f'<e:Reason><e:Text xml:lang="en">{reason}</e:Text></e:Reason></e:Fault>'
    )

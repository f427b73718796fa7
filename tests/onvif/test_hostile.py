"""Devices that lie, flood, hang and trick: a failure with a code, in bounded time and memory."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import CamhubError
from camera_registry.model import Credentials
from camera_registry.probe import ProbeReport, ProbeRequest
from camera_registry.urls import UrlPolicy
from ingest.onvif import probe as probing
from ingest.onvif.device import OnvifDevice
from ingest.onvif.xml import MAX_BYTES, parse
from tests.onvif import messages
from tests.onvif.device import PASSWORD, USER, Hostile, Setup, running
from tests.onvif.schemas import SOAP, check

RIGHT = Credentials(USER, PASSWORD)
HERE = UrlPolicy(loopback=True)

BILLION = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">'
    + b"".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9))
    + b"]><l>&j;</l>"
)
EXTERNAL = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><a>&x;</a></e:Body>'
    b"</e:Envelope>"
)
UTF16 = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE l [<!ENTITY a "b">]><l>&a;</l>'.encode(
    "utf-16"
)
XML = "application/soap+xml"


def head(status: int, kind: str, *headers: str) -> bytes:
    return "\r\n".join(
        [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", *headers, "Connection: close", "", ""]
    ).encode()


def says(body: bytes, status: int = 200, kind: str = XML, *headers: str) -> Hostile:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, kind, *headers) + body)
        await writer.drain()
        writer.close()

    return answer


def endless(piece: bytes, start: bytes = b"") -> Hostile:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, XML) + start)
        while True:
            writer.write(piece)
            await writer.drain()

    return answer


async def silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def dripping(writer: asyncio.StreamWriter) -> None:
    writer.write(head(200, XML) + b"<a>")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a device for one second only."""

    class Impatient(OnvifDevice):
        def __init__(
            self,
            url: str,
            credentials: Credentials | None,
            permits: Callable[[str], bool],
            clock: SystemClock,
        ) -> None:
            super().__init__(url, credentials, permits, clock, timeout_s=1.0)

    monkeypatch.setattr(probing, "OnvifDevice", Impatient)


async def look(url: str) -> ProbeReport:
    report, _ = await probing.probe_onvif(
        ProbeRequest(url), RIGHT, policy=HERE, clock=SystemClock(), progress=lambda done, step: None
    )
    return report


CASES: dict[str, tuple[Hostile, str]] = {
    "garbage": (says(b"\x00\xff\x17" * 5000), "bad_xml"),
    "nothing": (says(b""), "bad_xml"),
    "no end": (endless(b"<a>" * 8000), "too_big"),
    "deep": (says(b"<a>" * 500), "bad_xml"),
    "huge text": (endless(b"x" * 65536, b"<a>"), "too_big"),
    "many elements": (says(b"<a>" + b"<b/>" * 100_000 + b"</a>"), "bad_xml"),
    "billion laughs": (says(BILLION), "bad_xml"),
    "external entity": (says(EXTERNAL), "bad_xml"),
    "document type in utf-16": (says(UTF16), "bad_xml"),
    "never": (silent, "timeout"),
    "a drop at a time": (dripping, "timeout"),
    "a web page": (says(b"<html></html>", 200, "text/html"), "not_onvif"),
    "not there": (says(b"", 404, "text/plain"), "not_onvif"),
    "other xml": (says(b"<rss/>"), "bad_xml"),
    "no http": (says(b""), "no_http"),
    "redirect to loopback": (
        says(b"", 302, "text/plain", "Location: http://127.0.0.1:1/onvif"),
        "redirected",
    ),
    "redirect elsewhere": (
        says(b"", 307, "text/plain", "Location: http://10.0.0.1/onvif"),
        "redirected",
    ),
    "compressed bomb": (
        says(b"\x1f\x8b" + b"\x00" * 4000, 200, XML, "Content-Encoding: gzip"),
        "bad_xml",
    ),
}


async def heads_without_end(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 X\r\n")
    while True:
        writer.write(b"X-A: " + b"a" * 8000 + b"\r\n")
        await writer.drain()


async def a_head_drop_by_drop(writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 X\r\nX-A: " + b"a" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def hints_without_end(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 50)
        await writer.drain()


CASES["heads without end"] = (heads_without_end, "no_http")
CASES["a head drop by drop"] = (a_head_drop_by_drop, "timeout")
CASES["hints without end"] = (hints_without_end, "timeout")
CASES["shorter than it says"] = (says(b"<a/>", 200, XML, "Content-Length: 4000"), "no_http")
CASES["longer than it says"] = (says(b"<a/>" * 99, 200, XML, "Content-Length: 3"), "bad_xml")
CASES["a length that is none"] = (says(b"<a/>", 200, XML, "Content-Length: -1"), "no_http")
CASES["two lengths"] = (
    says(b"<a/>", 200, XML, "Content-Length: 3", "Content-Length: 4"),
    "no_http",
)
CASES["a bad chunk"] = (says(b"zz\r\n<a/>", 200, XML, "Transfer-Encoding: chunked"), "no_http")
CASES["a real bomb"] = (
    says(gzip.compress(b"<a>" * 5_000_000), 200, XML, "Content-Encoding: gzip"),
    "bad_xml",
)


async def shouting(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n" * 20)
    await writer.drain()
    writer.close()


CASES["no http"] = (shouting, "no_http")


@pytest.mark.parametrize("name", CASES)
async def test_what_answers_the_first_question(name: str) -> None:
    hostile, code = CASES[name]
    async with running(Setup(hostile=hostile)) as device:
        report = await look(device.url)
    assert report.failure is not None
    assert (report.ok, report.failure.code) == (False, code)
    assert report.device is None
    assert report.failure.message
    assert PASSWORD not in repr(report)


@pytest.mark.parametrize("operation", ["GetProfiles", "GetServices", "GetStreamUri", "GetPresets"])
@pytest.mark.parametrize("name", ["garbage", "billion laughs", "no end", "other xml"])
async def test_what_answers_a_later_question_spoils_that_step_only(
    operation: str, name: str
) -> None:
    hostile, _ = CASES[name]
    setup = Setup(hostile=hostile, hostile_operations=frozenset((operation,)))
    async with running(setup) as device:
        report = await look(device.url)
    assert report.device is not None
    assert report.device.make == "Example Optics"
    assert operation in {failure.step for failure in report.device.failures}


async def test_a_flood_is_not_kept_in_memory() -> None:
    async with running(Setup(hostile=endless(b"x" * 65536, b"<a>"))) as device:
        await look(device.url)  # loads the WSDL
        tracemalloc.start()
        await look(device.url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 12 * MAX_BYTES


async def test_answers_of_the_wrong_shape_spoil_nothing() -> None:
    """Answers that are SOAP, but not what the WSDL has: fields missing, doubled, of other kinds."""
    odd = [
        "<tds:GetDeviceInformationResponse/>",
        "<tds:GetDeviceInformationResponse><tds:Model><a/></tds:Model></tds:GetDeviceInformationResponse>",
        "<tds:GetProfilesResponse><x/></tds:GetProfilesResponse>",
        "<unknown/>",
        "",
    ]
    for body in odd:
        text = (
            f'<e:Envelope xmlns:e="{SOAP}" xmlns:tds="{messages.TDS}"><e:Body>{body}</e:Body>'
            "</e:Envelope>"
        )
        setup = Setup(
            hostile=says(text.encode()),
            hostile_operations=frozenset(("GetDeviceInformation", "GetScopes", "GetProfiles")),
        )
        async with running(setup) as device:
            report = await look(device.url)
        assert report.device is not None
        assert report.device.profiles == ()


@given(st.binary(max_size=400))
def test_any_bytes_are_a_document_or_an_error(data: bytes) -> None:
    code = ""
    try:
        parse(data)
    except CamhubError as error:
        code = error.code
    assert code in ("", "bad_xml", "too_big")


def test_the_arbiter_refuses_what_the_wsdl_does_not_have() -> None:
    good = messages.information("7")
    check(etree.fromstring(good))
    for bad in (
        good.replace("<tds:Model>T-1000</tds:Model>", ""),
        good.replace("tds:Model", "tds:Modell"),
        good.replace("</tds:GetDevice", "<tds:More/></tds:GetDevice"),
        messages.profiles(ptz=True).replace(">2560<", ">wide<"),
        messages.ptz("ContinuousMove", "<x/>"),
    ):
        with pytest.raises(AssertionError):
            check(etree.fromstring(bad))


async def test_the_device_refuses_what_a_careful_one_refuses() -> None:
    """A token used twice, one of another time, and one whose digest is of another password."""
    async with running() as device:
        async with OnvifDevice(device.url, RIGHT, HERE.permits, SystemClock()) as client:
            await client.greet()
            await client.call("devicemgmt", "GetScopes")
        assert device.tokens.refusals == []
        wrong = Credentials(USER, "other")
        async with OnvifDevice(device.url, wrong, HERE.permits, SystemClock()) as client:
            await client.greet()
            with pytest.raises(CamhubError) as caught:
                await client.call("devicemgmt", "GetScopes")
        assert caught.value.code == "auth_failed"
        assert device.tokens.refusals == ["wrong digest"]

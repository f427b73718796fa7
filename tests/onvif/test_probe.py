"""The probe of an ONVIF device, on one that checks every message against the WSDL."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from camera_registry.base.clock import SystemClock
from camera_registry.model import Credentials
from camera_registry.probe import ProbeReport, ProbeRequest, decode_report, encode
from camera_registry.urls import UrlPolicy
from ingest.onvif.probe import probe_onvif
from tests.onvif import messages
from tests.onvif.device import JPEG, PASSWORD, USER, Setup, running

RIGHT = Credentials(USER, PASSWORD)
HERE = UrlPolicy(loopback=True)
URLS = {"main": "rtsp://127.0.0.1:8554/street", "sub": "rtsp://127.0.0.1:8554/street_sub"}


async def probe(
    url: str, credentials: Credentials | None = RIGHT, policy: UrlPolicy = HERE
) -> tuple[ProbeReport, bytes]:
    report, picture = await probe_onvif(
        ProbeRequest(url),
        credentials,
        policy=policy,
        clock=SystemClock(),
        progress=lambda done, step: None,
    )
    assert decode_report(encode(report)) == report
    assert PASSWORD not in repr(report)
    return report, picture


async def test_a_device_tells_all() -> None:
    async with running(Setup(stream_urls=URLS)) as device:
        report, picture = await probe(device.url)
    assert (report.ok, report.failure) == (True, None)
    found = report.device
    assert found is not None
    assert (found.make, found.model, found.firmware) == ("Example Optics", "T-1000", "5.7.1")
    assert (found.serial, found.hardware) == ("SN-0042", "rev-B")
    assert (found.name, found.location) == ("Cổng chợ", "Ben Thanh")
    assert found.endpoint_id == messages.GUID
    assert found.onvif_profiles == ("T", "Streaming")
    assert found.authenticated
    assert [service.namespace for service in found.services] == [
        messages.TDS,
        messages.TRT,
        messages.TPTZ,
    ]
    main, sub = found.profiles
    assert (main.codec, main.width, main.height, main.fps) == ("h264", 2560, 1440, 25)
    assert (main.bitrate_kbps, main.gop_frames, main.ptz, main.audio) == (4096, 50, True, False)
    assert (main.stream_url, sub.stream_url) == (URLS["main"], URLS["sub"])
    assert main.snapshot_url.endswith("/snapshot.jpg")
    assert (found.ptz, found.presets) == (True, 1)
    assert found.clock_offset_s == pytest.approx(0, abs=1.5)
    assert found.failures == ()
    assert picture == JPEG


@pytest.mark.parametrize("minutes", [-90, 60 * 24 * 365])
async def test_a_clock_that_is_wrong_is_told_and_does_not_lock_us_out(minutes: int) -> None:
    async with running(Setup(skew=timedelta(minutes=minutes), stream_urls=URLS)) as device:
        report, _ = await probe(device.url)
        assert device.tokens.refusals == []
    assert report.device is not None
    assert report.device.clock_offset_s == pytest.approx(minutes * 60, abs=1.5)
    assert len(report.device.profiles) == 2


async def test_an_old_device_without_get_services() -> None:
    async with running(Setup(has_get_services=False, stream_urls=URLS)) as device:
        report, _ = await probe(device.url)
    assert report.device is not None
    assert len(report.device.profiles) == 2
    assert report.device.ptz


async def test_a_fixed_camera_has_no_ptz() -> None:
    async with running(Setup(ptz=False, stream_urls=URLS)) as device:
        report, _ = await probe(device.url)
    assert report.device is not None
    assert (report.device.ptz, report.device.presets) == (False, 0)


@pytest.mark.parametrize("http_401", [False, True])
@pytest.mark.parametrize(
    ("credentials", "code"),
    [(None, "credentials_missing"), (Credentials(USER, "wrong-word"), "auth_failed")],
)
async def test_a_log_in_that_is_refused(
    credentials: Credentials | None, code: str, http_401: bool
) -> None:
    async with running(Setup(http_401=http_401)) as device:
        report, _ = await probe(device.url, credentials)
    assert report.failure is not None
    assert (report.ok, report.reachable, report.failure.code) == (False, True, code)
    assert report.failure.schemes == (("Digest",) if http_401 else ())
    assert report.device is not None
    assert report.device.clock_offset_s is not None
    assert "wrong-word" not in repr(report)


async def test_services_are_asked_at_the_host_that_was_given_whatever_the_device_says() -> None:
    async with running() as other, running(Setup(stream_urls=URLS)) as device:
        device.setup.xaddr_host = f"localhost:{other.port}"
        report, _ = await probe(device.url)
        assert other.calls == []
    assert report.device is not None
    assert len(report.device.profiles) == 2
    assert all(f":{device.port}/" in service.url for service in report.device.services)


@pytest.mark.parametrize(
    ("told", "shown", "note"),
    [
        ("rtsp://169.254.169.254/a", "", "network_not_allowed"),
        ("file:///etc/passwd", "", "url"),
        ("http://127.0.0.1/a", "", "url"),
        ("rtsp://admin:canary-onvif-77@127.0.0.1/a", "rtsp://127.0.0.1/a", ""),
        ("rtsp://127.0.0.1/a?password=canary-onvif-77", "", "url"),
        ("rtsp://10.9.8.7/a", "rtsp://10.9.8.7/a", "elsewhere"),
        ("", "", "fault"),
    ],
)
async def test_stream_urls_of_a_device_are_checked_and_hold_no_password(
    told: str, shown: str, note: str
) -> None:
    async with running(Setup(stream_urls={"main": told, "sub": URLS["sub"]})) as device:
        report, _ = await probe(device.url)
    assert report.device is not None
    main = report.device.profiles[0]
    assert (main.stream_url, main.note) == (shown, note)


@pytest.mark.parametrize(
    "told",
    [
        "http://localhost/s.jpg",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://u:canary-onvif-77@127.0.0.1/s.jpg",
    ],
)
async def test_a_snapshot_is_fetched_from_the_device_alone(told: str) -> None:
    async with running(Setup(stream_urls=URLS, snapshot_url=told)) as device:
        report, picture = await probe(device.url)
    assert report.device is not None
    assert report.device.profiles[0].snapshot_url == ""
    assert picture == b""


async def test_networks_that_are_not_allowed_are_never_asked() -> None:
    async with running() as device:
        report, _ = await probe(device.url, policy=UrlPolicy())
        assert device.calls == []
        named, _ = await probe(device.url.replace("127.0.0.1", "localhost"), policy=UrlPolicy())
        assert device.calls == []
    for each in (report, named):
        assert each.failure is not None
        assert (each.failure.code, each.reachable) == ("forbidden_network", False)


async def test_where_nobody_listens() -> None:
    async with running() as device:
        url = device.url
    report, _ = await probe(url)
    assert report.failure is not None
    assert (report.failure.code, report.reachable) == ("refused", False)


async def test_many_at_once_share_what_is_loaded() -> None:
    async with running(Setup(stream_urls=URLS)) as device:
        reports = await asyncio.gather(*(probe(device.url) for _ in range(8)))
    assert all(report.ok for report, _ in reports)

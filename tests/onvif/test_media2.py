"""ONVIF Media2 (Profile T): devices that have it alone, beside the older service, or broken."""

from __future__ import annotations

import pytest
from lxml import etree

from camera_registry.base.clock import SystemClock
from camera_registry.model import Credentials
from ingest.onvif.device import OnvifDevice
from ingest.onvif.media import media_of
from ingest.onvif.ptz import OnvifMotors
from tests.onvif import messages
from tests.onvif.device import JPEG, USER, Setup, running
from tests.onvif.schemas import check
from tests.onvif.test_hostile import CASES
from tests.onvif.test_probe import HERE, RIGHT, URLS, probe

ALONE = (messages.TR2,)
BOTH = (messages.TRT, messages.TR2)


async def test_a_device_with_media2_alone_tells_all() -> None:
    async with running(Setup(stream_urls=URLS, media=ALONE)) as device:
        report, picture = await probe(device.url)
        assert device.tokens.refusals == []
    assert (report.ok, report.failure) == (True, None)
    found = report.device
    assert found is not None
    assert found.failures == ()
    main, sub = found.profiles
    assert (main.token, main.name, main.codec) == ("main", "Main", "hevc")
    assert (main.width, main.height, main.fps) == (3840, 2160, 25)
    assert (main.bitrate_kbps, main.gop_frames, main.ptz, main.audio) == (6144, 100, True, True)
    assert (sub.width, sub.audio) == (640, False)
    assert (main.stream_url, sub.stream_url) == (URLS["main"], URLS["sub"])
    assert (found.ptz, found.presets, picture) == (True, 1, JPEG)


async def test_media2_goes_before_the_older_service() -> None:
    async with running(Setup(stream_urls=URLS, media=BOTH)) as device:
        report, _ = await probe(device.url)
        assert "GetProfiles" not in device.calls
    assert report.device is not None
    assert [profile.codec for profile in report.device.profiles] == ["hevc", "hevc"]


@pytest.mark.parametrize("name", ["garbage", "billion laughs", "no end", "other xml", "not there"])
@pytest.mark.parametrize("operation", ["GetProfiles", "GetStreamUri"])
async def test_where_media2_is_broken_the_older_service_is_asked(operation: str, name: str) -> None:
    step = f"Media2 {operation}"
    setup = Setup(
        stream_urls=URLS,
        media=BOTH,
        hostile=CASES[name][0],
        hostile_operations=frozenset((step,)),
    )
    async with running(setup) as device:
        report, _ = await probe(device.url)
    assert report.ok
    assert report.device is not None
    assert [profile.codec for profile in report.device.profiles] == ["h264", "h264"]
    assert report.device.profiles[0].stream_url == URLS["main"]
    assert step in {failure.step for failure in report.device.failures}


async def test_a_broken_media2_without_another_is_a_failed_step() -> None:
    setup = Setup(
        media=ALONE,
        hostile=CASES["garbage"][0],
        hostile_operations=frozenset(("Media2 GetProfiles",)),
    )
    async with running(setup) as device:
        report, _ = await probe(device.url)
    assert report.device is not None
    assert report.device.profiles == ()
    assert [(each.step, each.code) for each in report.device.failures] == [
        ("Media2 GetProfiles", "bad_xml")
    ]


async def test_a_device_that_gives_addresses_for_udp_alone() -> None:
    setup = Setup(stream_urls=URLS, media=ALONE, protocols=("RtspUnicast",))
    async with running(setup) as device:
        report, _ = await probe(device.url)
    assert report.device is not None
    assert [profile.stream_url for profile in report.device.profiles] == [*URLS.values()]
    assert report.device.failures == ()


async def test_a_wrong_password_is_not_tried_again_and_again() -> None:
    """A device locks the account after a few; the probe itself must not do that."""
    async with running(Setup(stream_urls=URLS, media=BOTH)) as device:
        report, _ = await probe(device.url, Credentials(USER, "wrong-word"))
        assert device.tokens.refusals == ["wrong digest"] * 2
    assert report.failure is not None
    assert report.failure.code == "auth_failed"


async def test_motors_find_their_profile_in_media2() -> None:
    async with running(Setup(media=ALONE)) as device:
        motors = OnvifMotors(OnvifDevice(device.url, RIGHT, HERE.permits, SystemClock()))
        try:
            await motors.move(0.5, 0.0, 0.0)
        finally:
            await motors.close()
        assert device.motors.speed == (0.5, 0.0, 0.0)
        assert "Media2 GetProfiles" in device.calls


@pytest.mark.parametrize(
    ("codec", "shown"), [("H264", "h264"), ("JPEG", "mjpeg"), ("MPV4-ES", "mpeg4"), ("AV1", "av1")]
)
async def test_odd_values_are_bounded(
    codec: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = (
        messages.profiles2(ptz=False, types={"VideoEncoder"})
        .replace("H265", codec)
        .replace(">25<", ">1e400<")
        .replace(">6144<", ">-5<")
        .replace(">3840<", ">wide<")
        .replace('GovLength="100"', 'GovLength="99999999999999"')
    )
    monkeypatch.setattr(messages, "profiles2", lambda *_: told)
    async with running(Setup(media=ALONE)) as device:
        async with OnvifDevice(device.url, RIGHT, HERE.permits, SystemClock()) as client:
            await client.greet()
            (media,) = await media_of(client)
            main, _ = await media.profiles()
        device.problems.clear()
    assert main.codec == shown
    assert (main.fps, main.bitrate_kbps, main.width) == (0, 0, 0)
    assert main.gop_frames == 1_000_000_000


def test_the_arbiter_refuses_what_the_contract_does_not_have() -> None:
    good = messages.profiles2(ptz=True, types={"All"})
    check(etree.fromstring(good))
    for bad in (
        good.replace("tr2:VideoEncoder", "tr2:VideoEncoder2"),
        good.replace("<tt:Quality>4</tt:Quality>", ""),
        good.replace(' token="main"', ""),
        good.replace("tt:Encoding", "tr2:Encoding"),
        messages.uri2("GetStreamUri", "rtsp://a/b").replace("tr2:Uri", "tr2:MediaUri"),
        (
            f'<a:GetStreamUri xmlns:a="{messages.TR2}"><a:ProfileToken>a</a:ProfileToken>'
            "<a:Protocol>RTSP</a:Protocol></a:GetStreamUri>"
        ),
        f'<a:GetProfiles xmlns:a="{messages.TR2}"><a:Type>Video</a:Type></a:GetProfiles>',
    ):
        with pytest.raises(AssertionError):
            check(etree.fromstring(bad))

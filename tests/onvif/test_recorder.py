"""A recorder: which video source each profile shows, by either media service, and its motors."""

from __future__ import annotations

import pytest

from camera_registry.base.clock import SystemClock
from camera_registry.channels import channels_of
from camera_registry.probe import MAX_PROFILES
from ingest.onvif.device import OnvifDevice
from ingest.onvif.ptz import OnvifMotors
from ingest.open_errors import OpenError
from tests.onvif import messages
from tests.onvif.device import Setup, running
from tests.onvif.recorder import CHANNELS, recorder, url_of
from tests.onvif.test_probe import HERE, RIGHT, URLS, probe

SERVICES = pytest.mark.parametrize("media", [(messages.TRT,), (messages.TR2,)], ids=["1", "2"])


@SERVICES
async def test_each_profile_tells_its_video_source(media: tuple[str, ...]) -> None:
    async with running(recorder(media=media)) as device:
        report, _ = await probe(device.url)
        asked = [each for each in device.calls if each.endswith("GetSnapshotUri")]
    found = report.device
    assert found is not None
    assert [(each.source, each.token) for each in found.profiles] == [
        (source, f"{kind}-{source}") for source in CHANNELS for kind in ("main", "sub")
    ]
    assert len(asked) == len(CHANNELS)  # a still of each channel, not of each stream
    channels = channels_of(found)
    assert [(each.source, each.number) for each in channels] == [
        (source, number) for number, source in enumerate(CHANNELS, 1)
    ]
    for channel in channels:
        main = channel.main
        assert main is not None
        sub = channel.sub_beside(main)
        assert sub is not None
        assert main.stream_url == url_of("main", channel.source)
        assert sub.stream_url == url_of("sub", channel.source)
        assert main.ptz == (channel.source == "vs_2")


@SERVICES
async def test_a_camera_has_one(media: tuple[str, ...]) -> None:
    async with running(Setup(stream_urls=URLS, media=media)) as device:
        report, _ = await probe(device.url)
    assert report.device is not None
    (channel,) = channels_of(report.device)
    assert (channel.source, len(channel.profiles)) == ("vs_0", 2)


async def test_a_recorder_of_sixty_four_channels_is_read_whole() -> None:
    sources = tuple(f"vs_{n}" for n in range(1, 70))
    async with running(recorder(sources)) as device:
        report, _ = await probe(device.url)
    assert report.device is not None
    assert len(report.device.profiles) == MAX_PROFILES
    assert len(channels_of(report.device)) == 64
    assert report.device.failures == ()


@SERVICES
async def test_motors_are_those_of_the_channel(media: tuple[str, ...]) -> None:
    async with running(recorder(media=media)) as device:
        for source, moved in (("vs_2", "main-vs_2"), ("", "main-vs_2")):
            motors = OnvifMotors(
                OnvifDevice(device.url, RIGHT, HERE.permits, SystemClock()), source
            )
            try:
                await motors.move(0.5, 0.0, 0.0)
                await motors.stop()
            finally:
                await motors.close()
            assert device.motors.profile == moved
        fixed = OnvifMotors(OnvifDevice(device.url, RIGHT, HERE.permits, SystemClock()), "vs_3")
        try:
            with pytest.raises(OpenError, match="no profile that can be moved"):
                await fixed.move(0.5, 0.0, 0.0)
        finally:
            await fixed.close()
        assert device.motors.stops == 2

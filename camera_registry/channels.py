"""The channels of a device: a camera has one, a recorder one for each video source. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from camera_registry.likeness import LikelyCamera, Traits, is_device, registered_as
from camera_registry.probe import OnvifProfile, OnvifReport


@dataclass(frozen=True, slots=True)
class Channel:
    """A video source with its profiles. ``number`` counts from 1 in the device's own order."""

    source: str
    number: int
    profiles: tuple[OnvifProfile, ...]

    @property
    def streams(self) -> tuple[OnvifProfile, ...]:
        """Its profiles with a stream that is allowed, the largest picture first."""
        usable = [each for each in self.profiles if each.stream_url]
        return tuple(sorted(usable, key=lambda each: -each.width * each.height))

    @property
    def main(self) -> OnvifProfile | None:
        """The profile that is proposed for the main stream."""
        return next(iter(self.streams), None)

    def sub_beside(self, main: OnvifProfile) -> OnvifProfile | None:
        """Return the smallest of its other streams."""
        others = [each for each in self.streams if each.stream_url != main.stream_url]
        return others[-1] if others else None


def channels_of(device: OnvifReport) -> tuple[Channel, ...]:
    """Return the channels of a device.

    A profile without a video source has sound or metadata alone, unless the device names no source
    at all: then it is a camera with one.
    """
    by_source: dict[str, list[OnvifProfile]] = {}
    named = any(profile.source for profile in device.profiles)
    for profile in device.profiles:
        if profile.source or not named:
            by_source.setdefault(profile.source, []).append(profile)
    return tuple(
        Channel(source, number, tuple(profiles))
        for number, (source, profiles) in enumerate(by_source.items(), 1)
    )


def registered_channel(
    device: OnvifReport, channel: Channel, cameras: Iterable[LikelyCamera]
) -> LikelyCamera | None:
    """Return the camera that a channel is registered as.

    Where a device has several, the device alone says nothing: the source or a stream has to be the
    same.
    """
    urls = tuple(each.stream_url for each in channel.profiles if each.stream_url)
    traits = Traits("", device.url, device.endpoint_id, device.serial, urls)
    if len(channels_of(device)) == 1:
        return registered_as(traits, cameras)
    for camera in cameras:
        if camera.url in urls:
            return camera
        if channel.source and channel.source == camera.source_token and is_device(traits, camera):
            return camera
    return None

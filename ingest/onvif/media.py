"""The media profiles of a device: by Media2 where it has it, else by the older media service.

Media2 alone can tell H.265 (ONVIF Profile T), and some devices have nothing else; others declare it
and do not answer. What either says becomes the same values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ingest.onvif import answers
from ingest.onvif.device import MEDIA, OnvifDevice
from ingest.onvif.media2 import NAMESPACE, Media2
from ingest.onvif.media_profile import MediaProfile

_STREAM = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}


class Media(Protocol):
    """A service that knows profiles.

    Every method raises OpenError; an address is as the device told it, empty where it told none.
    """

    @property
    def label(self) -> str:
        """Return what stands before the names of its steps."""
        ...

    async def profiles(self) -> tuple[MediaProfile, ...]:
        """Return the profiles that have a token."""
        ...

    async def stream_uri(self, token: str) -> str:
        """Return the RTSP address of a profile."""
        ...

    async def snapshot_uri(self, token: str) -> str:
        """Return the address of a profile's still pictures."""
        ...


async def media_of(device: OnvifDevice) -> tuple[Media, ...]:
    """Return the services of a device that know profiles, the better one first."""
    offered = {service.namespace for service in await device.services()}
    found: list[Media] = []
    if NAMESPACE in offered:
        found.append(Media2(await device.plain(NAMESPACE)))
    if MEDIA in offered:
        found.append(Media1(device))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Media1:
    """The media service of Profile S."""

    device: OnvifDevice
    label: str = ""

    async def profiles(self) -> tuple[MediaProfile, ...]:
        """Ask for all profiles with their configurations."""
        listed = answers.profiles(await self.device.call("media", "GetProfiles"))
        return tuple(_profile(item) for item in listed)

    async def stream_uri(self, token: str) -> str:
        """Ask for the address of RTP in RTSP's own connection."""
        params = {"StreamSetup": _STREAM, "ProfileToken": token}
        return answers.address(await self.device.call("media", "GetStreamUri", params))

    async def snapshot_uri(self, token: str) -> str:
        """Ask for the address of stills."""
        params = {"ProfileToken": token}
        return answers.address(await self.device.call("media", "GetSnapshotUri", params))


def _profile(item: object) -> MediaProfile:
    encoder = answers.field(item, "VideoEncoderConfiguration")
    return MediaProfile(
        token=answers.text(item, "token"),
        name=answers.text(item, "Name"),
        codec=answers.codec(answers.text(encoder, "Encoding")),
        width=int(answers.number(encoder, "Resolution", "Width")),
        height=int(answers.number(encoder, "Resolution", "Height")),
        fps=answers.number(encoder, "RateControl", "FrameRateLimit"),
        bitrate_kbps=int(answers.number(encoder, "RateControl", "BitrateLimit")),
        gop_frames=answers.gop(encoder),
        ptz=answers.field(item, "PTZConfiguration") is not None,
        audio=answers.field(item, "AudioEncoderConfiguration") is not None,
        source=answers.text(item, "VideoSourceConfiguration", "SourceToken"),
    )

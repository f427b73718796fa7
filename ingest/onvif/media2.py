"""ONVIF Media2: the media service of Profile T (Media2 Service Specification 5.2, 5.5, 5.6).

onvif-zeep-async ships no WSDL of it, so messages are written and read here, element by element.
"""

from __future__ import annotations

import math

from lxml import etree

from camera_registry.base.errors import CamhubError
from camera_registry.probe import MAX_PROFILES
from ingest.onvif import answers
from ingest.onvif.media_profile import MediaProfile
from ingest.onvif.plain_soap import PlainSoap
from ingest.onvif.xml import printable

NAMESPACE = "http://www.onvif.org/ver20/media/wsdl"
_TYPES = ("VideoSource", "VideoEncoder", "AudioEncoder", "PTZ")
"""Without them the answer has names and tokens alone."""
_PROTOCOLS = ("RTSP", "RtspUnicast")
"""RTP in RTSP's own connection, and over UDP, which some devices have alone: the same address."""
_REFUSED = frozenset(("fault", "not_supported"))


class Media2:
    """Questions to the Media2 service of a device. Every method raises OpenError."""

    label = "Media2 "

    def __init__(self, service: PlainSoap) -> None:
        self._service = service

    async def profiles(self) -> tuple[MediaProfile, ...]:
        """Return the profiles that have a token."""
        answer = await self._service.call("GetProfiles", [("Type", name) for name in _TYPES])
        found = (_profile(item) for item in answer.findall("{*}Profiles")[:MAX_PROFILES])
        return tuple(profile for profile in found if profile.token)

    async def stream_uri(self, token: str) -> str:
        """Return the RTSP address of a profile as the device tells it; empty: it tells none."""
        for protocol in _PROTOCOLS[:-1]:
            try:
                return await self._uri("GetStreamUri", ("Protocol", protocol), token)
            except CamhubError as error:
                if error.code not in _REFUSED:
                    raise
        return await self._uri("GetStreamUri", ("Protocol", _PROTOCOLS[-1]), token)

    async def snapshot_uri(self, token: str) -> str:
        """Return the address of a profile's still pictures; empty: the device tells none."""
        return await self._uri("GetSnapshotUri", None, token)

    async def _uri(self, operation: str, first: tuple[str, str] | None, token: str) -> str:
        params = [*([first] if first else []), ("ProfileToken", token)]
        answer = await self._service.call(operation, params)
        return str(answer.findtext("{*}Uri", ""))


def _profile(item: etree._Element) -> MediaProfile:
    set_up = item.find("{*}Configurations")
    encoder = None if set_up is None else set_up.find("{*}VideoEncoder")
    return MediaProfile(
        token=printable(item.get("token")),
        name=_text(item, "{*}Name"),
        codec=answers.codec(_text(encoder, "{*}Encoding")),
        width=int(_figure(_text(encoder, "{*}Resolution/{*}Width"))),
        height=int(_figure(_text(encoder, "{*}Resolution/{*}Height"))),
        fps=_figure(_text(encoder, "{*}RateControl/{*}FrameRateLimit")),
        bitrate_kbps=int(_figure(_text(encoder, "{*}RateControl/{*}BitrateLimit"))),
        gop_frames=int(_figure("" if encoder is None else encoder.get("GovLength", ""))),
        ptz=set_up is not None and set_up.find("{*}PTZ") is not None,
        audio=set_up is not None and set_up.find("{*}AudioEncoder") is not None,
        source=_text(set_up, "{*}VideoSource/{*}SourceToken"),
    )


def _text(element: etree._Element | None, path: str) -> str:
    return "" if element is None else printable(element.findtext(path))


def _figure(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        return 0.0
    return answers.bounded(found) if math.isfinite(found) else 0.0

"""What people tell of a camera beyond how it is run; no part of it is needed by a worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

Point = tuple[float, float]
"""x and y as shares of the picture's width and height, from its upper left corner."""


_CODECS = {
    "h265": "hevc",
    "h.265": "hevc",
    "avc": "h264",
    "h.264": "h264",
    "jpeg": "mjpeg",
}
"""Names that people and makers give codecs, and the name that a measurement has for them."""


def codec_name(text: str) -> str:
    """Return the one name of a codec, so that what was declared can be held against what is."""
    name = text.strip().casefold()
    return _CODECS.get(name, name)


@dataclass(frozen=True, slots=True)
class StreamProfile:
    """A stream as it was measured; 0 and an empty text mean not known.

    ``url`` never holds credentials. That of the main stream is the camera's own and stays empty
    here; that of another stream may use the camera's credentials only on the same host and port.
    """

    url: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    bitrate_kbps: int = 0


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a camera can do. ``onvif_url`` is the address of its ONVIF device service, or empty;
    ``endpoint_id`` is what that calls itself (WS-Discovery), the same wherever it is plugged in.
    ``source_token`` is the video source of the device that this camera is: a recorder has one for
    each of its channels.
    """

    ptz: bool = False
    audio: bool = False
    onvif_profiles: tuple[str, ...] = ()
    onvif_url: str = ""
    endpoint_id: str = ""
    source_token: str = ""


@dataclass(frozen=True, slots=True)
class PrivacyZone:
    """A polygon of the picture that must not be looked into."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """Where a camera hangs, whose it is, what it is made of and what it may be used for.

    ``azimuth_deg`` is clockwise from north, ``fov_deg`` the horizontal angle of view, ``view_m``
    how far away what it watches is, ``target_px_m`` the pixel density there that its purpose asks
    for. ``sign_posted`` says whether people are informed by a sign; None: nobody has looked.
    """

    address: str = ""
    height_m: float | None = None
    azimuth_deg: float | None = None
    fov_deg: float | None = None
    view_m: float | None = None
    target_px_m: float | None = None
    owner: str = ""
    purpose: str = ""
    make: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    installed_on: date | None = None
    checked_on: date | None = None
    main: StreamProfile = field(default_factory=StreamProfile)
    sub: StreamProfile | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    privacy_zones: tuple[PrivacyZone, ...] = ()
    retention_class: str = "standard"
    sign_posted: bool | None = None

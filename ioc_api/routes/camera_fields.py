"""The fields of a camera as JSON: their kinds, and what people tell of it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from camera_registry.model import CameraClass, Position
from ioc_api.web.shapes import Body


def _iso_day(value: object) -> object:
    if isinstance(value, str | date):
        return value
    raise ValueError("write the day as YYYY-MM-DD")


Day = Annotated[date, Field(strict=False), BeforeValidator(_iso_day)]

Transport = Literal["tcp", "udp"]
Gate = Literal["auto", "off"]
Priority = Annotated[int, Field(ge=0, le=9)]
Number = Annotated[float, Field(strict=False, allow_inf_nan=False)]
CredentialId = Annotated[str, Field(max_length=36)]
Class = Annotated[CameraClass, Field(strict=False)]
Share = Annotated[float, Field(ge=0, le=1, strict=False)]
Corner = Annotated[tuple[Share, Share], Field(strict=False)]


class PositionShape(Body):
    """WGS 84, decimal degrees."""

    lon: Annotated[float, Field(ge=-180, le=180, strict=False)]
    lat: Annotated[float, Field(ge=-90, le=90, strict=False)]

    def position(self) -> Position:
        """Return the value behind it."""
        return Position(self.lon, self.lat)


class StreamFacts(Body):
    """A stream as it was measured; 0 and an empty text mean not known."""

    codec: str = ""
    width: int = 0
    height: int = 0
    fps: Number = 0.0
    bitrate_kbps: int = 0


class StreamShape(StreamFacts):
    """A second stream; its URL uses the camera's credentials on the same host and port only."""

    url: str = ""


class CapabilitiesShape(Body):
    """What a camera can do. ``onvif_url``: its ONVIF device service, or empty; ``endpoint_id``:
    what that calls itself in discovery; ``source_token``: which of its video sources the camera is.
    """

    ptz: bool = False
    audio: bool = False
    onvif_profiles: list[str] = Field(default_factory=list, strict=False)
    onvif_url: str = ""
    endpoint_id: str = ""
    source_token: str = ""


class ZoneShape(Body):
    """A polygon that must not be looked into; x and y are shares of the picture, 0 to 1."""

    name: str = ""
    points: Annotated[list[Corner], Field(min_length=3, max_length=32, strict=False)]


class DetailFields(Body):
    """What people tell of a camera. ``main`` is the stream at ``url`` as it was measured."""

    address: str = ""
    height_m: Number | None = None
    azimuth_deg: Number | None = None
    fov_deg: Number | None = None
    view_m: Number | None = None
    target_px_m: Number | None = None
    owner: str = ""
    purpose: str = ""
    make: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    installed_on: Day | None = None
    checked_on: Day | None = None
    main: StreamFacts = Field(default_factory=StreamFacts)
    sub: StreamShape | None = None
    capabilities: CapabilitiesShape = Field(default_factory=CapabilitiesShape)
    privacy_zones: list[ZoneShape] = Field(default_factory=list, max_length=20, strict=False)
    retention_class: str = "standard"
    sign_posted: bool | None = None

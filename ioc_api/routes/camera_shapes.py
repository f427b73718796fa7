"""Cameras as JSON: what a client sends, what it is answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import InvalidError
from camera_registry.changes import DETAIL_FIELDS
from camera_registry.details import Details
from camera_registry.model import AdminUnit, Camera, CameraClass, CameraState, Credentials, Position
from camera_registry.records import CameraChange, NewCamera
from ioc_api.web.shapes import Body, CameraStatus, camera_status

T = TypeVar("T")


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
_NULLABLE = frozenset(
    {
        "position",
        "username",
        "password",
        "version",
        "height_m",
        "azimuth_deg",
        "fov_deg",
        "view_m",
        "target_px_m",
        "installed_on",
        "checked_on",
        "sub",
        "sign_posted",
    }
)
"""Fields that may be null; in the others null would say nothing."""


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
    what that calls itself in discovery.
    """

    ptz: bool = False
    audio: bool = False
    onvif_profiles: list[str] = Field(default_factory=list, strict=False)
    onvif_url: str = ""
    endpoint_id: str = ""


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


class CameraBody(DetailFields):
    """A camera to register. Credentials may stand in the URL or apart; they are sealed. Or
    ``credential_id`` names a shared log-in.

    Without a ``code`` the naming scheme gives one.
    """

    model_config = ConfigDict(populate_by_name=True)

    name: str
    unit_code: str
    url: str
    position: PositionShape | None = None
    username: str | None = None
    password: SecretStr | None = None
    enabled: bool = True
    transport: Transport = "tcp"
    tags: list[str] = Field(default_factory=list)
    gate: Gate = "auto"
    priority: Priority = 0
    detector: str = ""
    code: str = ""
    camera_class: Class = Field(CameraClass.OTHER, alias="class")
    groups: list[str] = Field(default_factory=list)
    credential_id: CredentialId = ""

    def new(self) -> NewCamera:
        """Return the value behind it. Raises InvalidError."""
        return NewCamera(
            self.name,
            self.unit_code,
            self.url,
            self.position.position() if self.position else None,
            _credentials(self.username, self.password),
            self.enabled,
            self.transport,
            tuple(self.tags),
            self.gate,
            self.priority,
            self.detector,
            self.code,
            self.camera_class,
            tuple(self.groups),
            msgspec.convert(_given_details(self, DETAIL_FIELDS), Details),
            self.credential_id,
        )


class CameraPatch(Body):
    """Changes to a camera; what is left out stays. ``username`` null removes the credentials.
    ``credential_id`` names a shared log-in in their place, empty takes it away.

    With ``version`` the change is refused (412) where somebody else has changed the camera since.
    """

    model_config = ConfigDict(populate_by_name=True)

    name: str | None = None
    unit_code: str | None = None
    url: str | None = None
    position: PositionShape | None = None
    username: str | None = None
    password: SecretStr | None = None
    enabled: bool | None = None
    transport: Transport | None = None
    tags: list[str] | None = None
    gate: Gate | None = None
    priority: Priority | None = None
    version: int | None = None
    detector: str | None = None
    code: str | None = None
    camera_class: Class | None = Field(None, alias="class")
    groups: list[str] | None = None
    credential_id: CredentialId | None = None
    address: str | None = None
    height_m: Number | None = None
    azimuth_deg: Number | None = None
    fov_deg: Number | None = None
    view_m: Number | None = None
    target_px_m: Number | None = None
    owner: str | None = None
    purpose: str | None = None
    make: str | None = None
    model: str | None = None
    firmware: str | None = None
    serial: str | None = None
    installed_on: Day | None = None
    checked_on: Day | None = None
    main: StreamFacts | None = None
    sub: StreamShape | None = None
    capabilities: CapabilitiesShape | None = None
    privacy_zones: Annotated[list[ZoneShape], Field(max_length=20)] | None = None
    retention_class: str | None = None
    sign_posted: bool | None = None

    def change(self, version: int | None = None) -> CameraChange:
        """Return the value behind it; ``version`` is that of If-Match. Raises InvalidError."""
        given = self.model_fields_set
        for name in sorted(given - _NULLABLE):
            if getattr(self, name) is None:
                shown = "class" if name == "camera_class" else name
                raise InvalidError(f"{shown}: must not be null", code="null")
        touched = bool({"username", "password"} & given)
        return CameraChange(
            name=_or_unset(self.name),
            unit_code=_or_unset(self.unit_code),
            url=_or_unset(self.url),
            position=(self.position.position() if self.position else None)
            if "position" in given
            else UNSET,
            credentials=_credentials(self.username, self.password) if touched else UNSET,
            enabled=_or_unset(self.enabled),
            transport=_or_unset(self.transport),
            tags=UNSET if self.tags is None else tuple(self.tags),
            gate=_or_unset(self.gate),
            priority=_or_unset(self.priority),
            version=self.version if version is None else version,
            detector=_or_unset(self.detector),
            code=_or_unset(self.code),
            camera_class=_or_unset(self.camera_class),
            groups=UNSET if self.groups is None else tuple(self.groups),
            details=_changed_details(self),
            credential_id=_or_unset(self.credential_id),
        )


class CameraShape(DetailFields):
    """A camera. ``status`` is null where it is disabled. Times are RFC 3339 in UTC.

    ``gate`` off: always decode all of it. The lowest ``priority`` (0 to 9) gives way first where a
    node is overloaded. An empty ``detector`` means the node's own. ``weak_credentials``: whether
    the password is well known or easily guessed; null without one, or where nobody judged it yet.
    ``credential_id``: the shared log-in that it uses; empty: its own, or none.
    """

    model_config = ConfigDict(populate_by_name=True, strict=False)

    id: str
    code: str
    name: str
    unit_code: str
    unit_name_vi: str
    unit_name_en: str
    camera_class: CameraClass = Field(alias="class")
    url: str
    position: PositionShape | None
    enabled: bool
    transport: Transport
    tags: list[str]
    groups: list[str]
    has_credentials: bool
    weak_credentials: bool | None
    credential_id: str
    gate: Gate
    priority: int
    detector: str
    version: int
    created_at: str
    updated_at: str
    status: CameraStatus | None


class CameraPage(BaseModel):
    """Cameras by name."""

    items: list[CameraShape]
    next_cursor: str | None


def camera_shape(camera: Camera, unit: AdminUnit, state: CameraState | None) -> CameraShape:
    """Write a camera as JSON."""
    position = camera.position
    details: dict[str, Any] = msgspec.to_builtins(camera.details, builtin_types=(date,))
    del details["main"]["url"]
    details["class"] = camera.camera_class  # a word of Python, so no keyword of a call
    return CameraShape(
        **details,
        id=camera.id,
        code=camera.code,
        name=camera.name,
        unit_code=camera.unit_code,
        unit_name_vi=unit.name_vi,
        unit_name_en=unit.name_en,
        url=camera.url,
        position=PositionShape(lon=position.lon, lat=position.lat) if position else None,
        enabled=camera.enabled,
        transport="udp" if camera.transport == "udp" else "tcp",
        tags=list(camera.tags),
        groups=list(camera.groups),
        has_credentials=camera.has_credentials,
        weak_credentials=camera.weak_credentials,
        credential_id=camera.credential_id,
        gate="off" if camera.gate == "off" else "auto",
        priority=camera.priority,
        detector=camera.detector,
        version=camera.version,
        created_at=us_to_iso(camera.created_us),
        updated_at=us_to_iso(camera.updated_us),
        status=camera_status(state) if state else None,
    )


def _or_unset(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def _credentials(username: str | None, password: SecretStr | None) -> Credentials | None:
    if username is None:
        if password is not None:
            raise InvalidError("password: needs a username", code="credentials")
        return None
    return Credentials(username, password.get_secret_value() if password else "")


def _given_details(body: BaseModel, names: frozenset[str]) -> dict[str, Any]:
    return body.model_dump(include=set(names), mode="json")


def _changed_details(body: CameraPatch) -> dict[str, Any]:
    """Return those details that were given, as values of the core."""
    names = DETAIL_FIELDS & body.model_fields_set
    values = msgspec.convert(_given_details(body, names), Details)
    return {name: getattr(values, name) for name in names}

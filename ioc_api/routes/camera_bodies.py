"""Cameras as JSON: what a client sends to register one or to change it."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from camera_registry.base.errors import InvalidError
from camera_registry.changes import DETAIL_FIELDS
from camera_registry.details import Details
from camera_registry.model import CameraClass, Credentials
from camera_registry.records import CameraChange, NewCamera
from ioc_api.routes.camera_fields import (
    CapabilitiesShape,
    Class,
    CredentialId,
    Day,
    DetailFields,
    Gate,
    Number,
    PositionShape,
    Priority,
    StreamFacts,
    StreamShape,
    Transport,
    ZoneShape,
)
from ioc_api.web.shapes import Body

T = TypeVar("T")

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

"""Cameras as JSON: what a client is answered."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from camera_registry.base.clock import us_to_iso
from camera_registry.model import AdminUnit, Camera, CameraClass, CameraState
from ioc_api.routes.camera_fields import DetailFields, Gate, PositionShape, Transport
from ioc_api.web.shapes import CameraStatus, camera_status


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

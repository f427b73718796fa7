"""A camera as a row, and back."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

import msgspec
import sqlalchemy as sa

from camera_registry.details import Details
from camera_registry.model import Camera, CameraClass, Position
from camera_registry.stored import StoredCamera

_SAME = (
    "id",
    "name",
    "unit_code",
    "url",
    "enabled",
    "transport",
    "version",
    "created_us",
    "updated_us",
    "gate",
    "priority",
    "detector",
    "weak_credentials",
)
"""Fields that are stored as they are."""
_DETAILS = tuple(field.name for field in fields(Details))


def row_of(stored: StoredCamera, search: str) -> dict[str, Any]:
    """Write a camera as a row. ``search`` is the text by which it is found."""
    camera = stored.camera
    details: dict[str, Any] = msgspec.to_builtins(camera.details, builtin_types=(date,))
    return {
        **{name: getattr(camera, name) for name in _SAME},
        **details,
        "lon": None if camera.position is None else camera.position.lon,
        "lat": None if camera.position is None else camera.position.lat,
        "tags": list(camera.tags),
        "groups": list(camera.groups),
        "code": camera.code or None,
        "camera_class": camera.camera_class.value,
        "credential_id": camera.credential_id or None,
        "sealed": stored.sealed,
        "rules": stored.rules,
        "rules_version": stored.rules_version,
        "search": search,
    }


def camera_of(row: sa.RowMapping) -> Camera:
    """Read a camera from a row."""
    return Camera(
        **{name: row[name] for name in _SAME},
        position=None if row["lon"] is None else Position(row["lon"], row["lat"]),
        tags=tuple(row["tags"]),
        has_credentials=bool(row["sealed"]) or row["credential_id"] is not None,
        credential_id=row["credential_id"] or "",
        code=row["code"] or "",
        camera_class=CameraClass(row["camera_class"]),
        groups=tuple(row["groups"]),
        details=msgspec.convert(
            {name: row[name] for name in _DETAILS}, Details, builtin_types=(date,)
        ),
    )


def stored_of(row: sa.RowMapping) -> StoredCamera:
    """Read a camera with what belongs to it from a row of ``camera_queries.WHOLE``."""
    return StoredCamera(
        camera_of(row),
        row["sealed"],
        row["rules"],
        row["rules_version"],
        row["shared_sealed"] or b"",
    )

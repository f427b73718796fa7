"""``/api/v1/cameras/{id}/versions``: who changed what of a camera, and how it was."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel

from camera_registry.base.clock import us_to_iso
from camera_registry.versions import VersionEntry
from ioc_api.access.guard import Granted, permission
from ioc_api.access.rbac import Action
from ioc_api.routes.camera_shapes import CameraShape, camera_shape
from ioc_api.routes.deps import Deps
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Limit

router = APIRouter(tags=["cameras"])

Number = Annotated[int, Path(ge=1, le=2**31 - 2)]


class FieldChange(BaseModel):
    """One field's old and new value. Of credentials it says only whether they were set."""

    field: str
    old: Any
    new: Any


class VersionShape(BaseModel):
    """One change: ``action`` is created, changed or deleted. ``at`` is RFC 3339 in UTC.

    ``actor_id`` is that of an account or token, empty for the hub itself and for the command line.
    ``change_id`` is the id of the bulk edit that made the change, empty for a single one.
    """

    version: int
    at: str
    actor_id: str
    actor_name: str
    action: str
    change_id: str
    changes: list[FieldChange]


class VersionPage(BaseModel):
    """The changes of a camera, the latest first."""

    items: list[VersionShape]
    next_cursor: str | None


class CameraVersion(VersionShape):
    """One change, and the camera as it was after it (before it, where it was deleted)."""

    camera: CameraShape


@router.get("/api/v1/cameras/{camera_id}/versions", **permission(Action.CAMERA_VIEW))
async def list_versions(
    deps: Deps, scope: Granted, camera_id: str, limit: Limit = 100, cursor: str = ""
) -> VersionPage:
    """List the changes of a camera, also of one that was removed."""
    before = decode_cursor(cursor, int) if cursor else None
    if before is not None:
        before = max(0, min(before, 2**31 - 1))
    found = await deps.registry.versions(camera_id, scope, before, limit + 1)
    page = found[:limit]
    return VersionPage(
        items=[VersionShape(**_fields(entry)) for entry in page],
        next_cursor=encode_cursor(page[-1].version) if len(found) > limit else None,
    )


@router.get("/api/v1/cameras/{camera_id}/versions/{version}", **permission(Action.CAMERA_VIEW))
async def get_version(deps: Deps, scope: Granted, camera_id: str, version: Number) -> CameraVersion:
    """Show a camera as it was; ``status`` is null, for it tells of now."""
    entry = await deps.registry.version(camera_id, version, scope)
    camera = entry.camera
    return CameraVersion(
        **_fields(entry), camera=camera_shape(camera, deps.units.get(camera.unit_code), None)
    )


def _fields(entry: VersionEntry) -> dict[str, Any]:
    return {
        "version": entry.version,
        "at": us_to_iso(entry.at_us),
        "actor_id": entry.actor.id,
        "actor_name": entry.actor.name,
        "action": entry.action,
        "change_id": entry.change_id,
        "changes": [
            FieldChange(field=field, old=old, new=new)
            for field, (old, new) in sorted(entry.changes.items())
        ],
    }

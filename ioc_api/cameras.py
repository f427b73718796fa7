"""``/api/v1/cameras``: the register over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from camera_registry.model import Camera
from camera_registry.records import CameraFilter
from ioc_api.camera_shapes import CameraBody, CameraPage, CameraPatch, CameraShape, camera_shape
from ioc_api.deps import ApiDeps, Deps
from ioc_api.guard import By, Granted, permission
from ioc_api.paging import decode_cursor, encode_cursor
from ioc_api.rbac import Action
from ioc_api.shapes import Limit

router = APIRouter(tags=["cameras"])


@router.get("/api/v1/cameras", **permission(Action.CAMERA_VIEW))
async def list_cameras(
    deps: Deps,
    scope: Granted,
    unit: str = "",
    q: Annotated[str, Query(max_length=120)] = "",
    tag: Annotated[str, Query(max_length=40)] = "",
    enabled: bool | None = None,
    limit: Limit = 100,
    cursor: str = "",
) -> CameraPage:
    """List cameras in the caller's units."""
    after = decode_cursor(cursor, tuple[str, str]) if cursor else None
    wanted = CameraFilter((unit,) if unit else (), q, tag, enabled)
    found = await deps.registry.list(scope, wanted, after, limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return CameraPage(
        items=[_shape(deps, camera) for camera in page],
        next_cursor=encode_cursor((page[-1].name, page[-1].id)) if more else None,
    )


@router.post("/api/v1/cameras", status_code=201, **permission(Action.CAMERA_MANAGE, also=(409,)))
async def add_camera(deps: Deps, by: By, scope: Granted, body: CameraBody) -> CameraShape:
    """Register a camera."""
    return _shape(deps, await deps.registry.add(body.new(), scope, by=by))


@router.get("/api/v1/cameras/{camera_id}", **permission(Action.CAMERA_VIEW))
async def get_camera(deps: Deps, scope: Granted, camera_id: str) -> CameraShape:
    """Show one camera."""
    return _shape(deps, await deps.registry.get(camera_id, scope))


@router.patch("/api/v1/cameras/{camera_id}", **permission(Action.CAMERA_MANAGE, also=(409, 412)))
async def change_camera(
    deps: Deps, by: By, scope: Granted, camera_id: str, body: CameraPatch
) -> CameraShape:
    """Change a camera."""
    changed = await deps.registry.update(camera_id, body.change(), scope, by=by)
    return _shape(deps, changed)


@router.delete(
    "/api/v1/cameras/{camera_id}",
    status_code=204,
    **permission(Action.CAMERA_MANAGE, also=(412,)),
)
async def remove_camera(deps: Deps, by: By, scope: Granted, camera_id: str) -> None:
    """Remove a camera; its events and its history stay."""
    await deps.registry.remove(camera_id, scope, by=by)


def _shape(deps: ApiDeps, camera: Camera) -> CameraShape:
    return camera_shape(camera, deps.units.get(camera.unit_code), deps.states.status(camera))

"""``/api/v1/camera-groups``: groups of cameras, and which cameras are in them."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from camera_registry.base.clock import us_to_iso
from camera_registry.groups import CameraGroup
from camera_registry.scope import EVERYWHERE
from ioc_api.access.guard import By, Granted, permission
from ioc_api.access.rbac import Action
from ioc_api.routes.deps import Deps
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Body, Limit

router = APIRouter(tags=["camera groups"])


class GroupBody(Body):
    """A group to make; ``unit_code`` ``"*"`` makes one of the whole city."""

    name: str
    unit_code: str = EVERYWHERE


class GroupPatch(Body):
    """A new name."""

    name: str


class GroupShape(BaseModel):
    """A group of cameras. Its cameras: ``GET /api/v1/cameras?group=…``."""

    id: str
    name: str
    unit_code: str
    created_at: str


class GroupPage(BaseModel):
    """Groups by name."""

    items: list[GroupShape]
    next_cursor: str | None


@router.get("/api/v1/camera-groups", **permission(Action.CAMERA_VIEW))
async def list_groups(
    deps: Deps, scope: Granted, limit: Limit = 100, cursor: str = ""
) -> GroupPage:
    """List the groups of the caller's units and of the city, and those the caller's rights name."""
    after = decode_cursor(cursor, tuple[str, str]) if cursor else None
    found = await deps.groups.list(scope, after, limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return GroupPage(
        items=[_shape(group) for group in page],
        next_cursor=encode_cursor((page[-1].name, page[-1].id)) if more else None,
    )


@router.post(
    "/api/v1/camera-groups", status_code=201, **permission(Action.CAMERA_MANAGE, also=(409,))
)
async def create_group(deps: Deps, scope: Granted, body: GroupBody) -> GroupShape:
    """Make a group of a unit, or of the whole city."""
    return _shape(await deps.groups.create(body.name, body.unit_code, scope))


@router.get("/api/v1/camera-groups/{group_id}", **permission(Action.CAMERA_VIEW))
async def get_group(deps: Deps, scope: Granted, group_id: str) -> GroupShape:
    """Show one group."""
    return _shape(await deps.groups.get(group_id, scope))


@router.patch("/api/v1/camera-groups/{group_id}", **permission(Action.CAMERA_MANAGE, also=(409,)))
async def rename_group(deps: Deps, scope: Granted, group_id: str, body: GroupPatch) -> GroupShape:
    """Rename a group."""
    return _shape(await deps.groups.rename(group_id, body.name, scope))


@router.delete(
    "/api/v1/camera-groups/{group_id}",
    status_code=204,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def delete_group(deps: Deps, by: By, scope: Granted, group_id: str) -> None:
    """Take every camera out of a group and delete it; rights that name it allow nothing then."""
    await deps.groups.delete(group_id, scope, by=by)


@router.put(
    "/api/v1/camera-groups/{group_id}/cameras/{camera_id}",
    status_code=204,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def add_member(deps: Deps, by: By, scope: Granted, group_id: str, camera_id: str) -> None:
    """Put a camera into a group."""
    await deps.groups.member(group_id, camera_id, True, scope, by=by)


@router.delete(
    "/api/v1/camera-groups/{group_id}/cameras/{camera_id}",
    status_code=204,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def remove_member(deps: Deps, by: By, scope: Granted, group_id: str, camera_id: str) -> None:
    """Take a camera out of a group."""
    await deps.groups.member(group_id, camera_id, False, scope, by=by)


def _shape(group: CameraGroup) -> GroupShape:
    return GroupShape(
        id=group.id,
        name=group.name,
        unit_code=group.unit_code,
        created_at=us_to_iso(group.created_us),
    )

"""Routes of bulk edits: one change for many cameras. Everybody sees the edits of their own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from camera_registry.edits.model import Edit, LineState
from camera_registry.scope import Scope
from ioc_api.access.guard import By, Granted, Me, permission
from ioc_api.access.rbac import Action
from ioc_api.routes.camera_query import Wanted
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.routes.edit_shapes import (
    EditBody,
    EditPage,
    EditShape,
    LinePage,
    edit_shape,
    line_shape,
)
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Limit

router = APIRouter(tags=["bulk edits"])


@router.post("/api/v1/camera-edits", status_code=202, **permission(Action.CAMERA_MANAGE))
async def create_edit(
    deps: Deps, me: Me, by: By, scope: Granted, wanted: Wanted, body: EditBody
) -> EditShape:
    """Look at what a change would do to the cameras that the query asks for. Nothing is changed.

    The filters are those of the list of cameras; ``ids`` narrows them to some.
    """
    scopes = (me.scope(Action.CAMERA_VIEW), scope)
    edit = await deps.edits.create(body.change.change(), wanted, body.ids, scopes, by)
    return _shape(deps, edit)


@router.get("/api/v1/camera-edits", **permission(Action.CAMERA_MANAGE))
async def list_edits(
    deps: Deps, by: By, scope: Granted, limit: Limit = 50, cursor: str = ""
) -> EditPage:
    """List bulk edits, the latest first."""
    before = decode_cursor(cursor, str) if cursor else None
    found = await deps.edits.list(_owner(by.id, scope), before, limit + 1)
    page = found[:limit]
    return EditPage(
        items=[_shape(deps, edit) for edit in page],
        next_cursor=encode_cursor(page[-1].id) if len(found) > limit else None,
    )


@router.get("/api/v1/camera-edits/{edit_id}", **permission(Action.CAMERA_MANAGE))
async def get_edit(deps: Deps, by: By, scope: Granted, edit_id: str) -> EditShape:
    """Return an edit with its progress."""
    return _shape(deps, await _one(deps, by.id, scope, edit_id))


@router.post(
    "/api/v1/camera-edits/{edit_id}/apply",
    status_code=202,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def apply_edit(deps: Deps, by: By, scope: Granted, edit_id: str) -> EditShape:
    """Begin to change the cameras: each only as it was looked at, and as rights are now."""
    await deps.edits.apply(await _one(deps, by.id, scope, edit_id), scope, by)
    return _shape(deps, await deps.edits.get(edit_id, None))


@router.post(
    "/api/v1/camera-edits/{edit_id}/undo",
    status_code=202,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def undo_edit(deps: Deps, by: By, scope: Granted, edit_id: str) -> EditShape:
    """Begin to take the change back where nobody has changed the camera since."""
    await deps.edits.undo(await _one(deps, by.id, scope, edit_id), scope, by)
    return _shape(deps, await deps.edits.get(edit_id, None))


@router.post("/api/v1/camera-edits/{edit_id}/cancel", **permission(Action.CAMERA_MANAGE))
async def cancel_edit(deps: Deps, by: By, scope: Granted, edit_id: str) -> EditShape:
    """Ask what is at work to stop after its present batch."""
    await deps.edits.cancel(await _one(deps, by.id, scope, edit_id))
    return _shape(deps, await deps.edits.get(edit_id, None))


@router.delete(
    "/api/v1/camera-edits/{edit_id}",
    status_code=204,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def delete_edit(deps: Deps, by: By, scope: Granted, edit_id: str) -> None:
    """Forget an edit. What it changed stays, and can no longer be undone at once."""
    await deps.edits.delete(await _one(deps, by.id, scope, edit_id))


@router.get("/api/v1/camera-edits/{edit_id}/cameras", **permission(Action.CAMERA_MANAGE))
async def edit_cameras(
    deps: Deps,
    by: By,
    scope: Granted,
    edit_id: str,
    state: Annotated[list[LineState] | None, Query(max_length=6)] = None,
    limit: Limit = 100,
    cursor: str = "",
) -> LinePage:
    """List the cameras of an edit with what becomes of each."""
    edit = await _one(deps, by.id, scope, edit_id)
    after = decode_cursor(cursor, int) if cursor else 0
    found = await deps.edits.lines(edit, state or (), min(after, 2**31 - 1), limit + 1)
    page = found[:limit]
    return LinePage(
        items=[line_shape(line) for line in page],
        next_cursor=encode_cursor(page[-1].number) if len(found) > limit else None,
    )


async def _one(deps: ApiDeps, user_id: str, scope: Scope, edit_id: str) -> Edit:
    return await deps.edits.get(edit_id, _owner(user_id, scope))


def _owner(user_id: str, scope: Scope) -> str | None:
    """Whoever may manage the whole city's cameras sees everybody's edits."""
    return None if scope.units is None else user_id


def _shape(deps: ApiDeps, edit: Edit) -> EditShape:
    return edit_shape(edit, deps.now_us())

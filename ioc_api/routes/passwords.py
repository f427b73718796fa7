"""``/api/v1/password-changes``: another password for many cameras at once.

A password goes in sealed and comes out nowhere; random ones are never told to anybody.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, SecretStr

from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import InvalidError
from camera_registry.passwords.model import (
    MAX_CAMERAS,
    ChangeRow,
    ChangeState,
    Mode,
    PasswordChange,
    RowState,
)
from camera_registry.records import CameraFilter
from ioc_api.access.guard import By, Granted, permission
from ioc_api.access.rbac import Action
from ioc_api.routes.camera_query import Wanted
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.web.languages import Words
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Body, Limit

router = APIRouter(tags=["passwords"])

CameraId = Annotated[str, Field(max_length=36)]


class SelectionBody(Body):
    """Which cameras: these ids, or null for all that the filters of the query choose."""

    cameras: Annotated[list[CameraId], Field(max_length=MAX_CAMERAS)] | None = None

    def chosen(self, wanted: CameraFilter) -> CameraFilter:
        """Return the filter with the ids. Raises InvalidError where nothing is chosen."""
        if self.cameras is not None:
            ids = frozenset(self.cameras)
            return replace(wanted, only=ids if wanted.only is None else ids & wanted.only)
        if wanted == CameraFilter():
            raise InvalidError(
                "cameras: choose some, by their ids or by a filter", code="nothing_chosen"
            )
        return wanted


class PasswordBody(SelectionBody):
    """A change to begin. ``mode`` vault: the devices have the password already; devices: they are
    given it by ONVIF. Without ``password`` each device gets a strong random one.
    """

    mode: Annotated[Mode, Field(strict=False)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=256)] | None = None


class PasswordSelection(BaseModel):
    """How many cameras are chosen, and how many of them have what a change needs.

    ``shared``: those with a shared log-in, which get one of their own.
    """

    cameras: int
    without_credentials: int
    without_onvif: int
    shared: int


class PasswordChangeShape(BaseModel):
    """A change of passwords and how far it is: its cameras by state. Times are RFC 3339 in UTC."""

    id: str
    mode: Mode
    random: bool
    state: ChangeState
    stopping: bool
    total: int
    counts: dict[RowState, int]
    by: str
    created_at: str
    updated_at: str


class PasswordChangePage(BaseModel):
    """Changes, the latest first."""

    items: list[PasswordChangeShape]
    next_cursor: str | None


class PasswordRowShape(BaseModel):
    """One camera. ``code`` is a stable word for why it is as it is, ``message`` and ``hint`` the
    same in English. ``unsure``: it may have the new password or the old one, and both are kept.
    """

    number: int
    camera_id: str
    name: str
    unit_code: str
    state: RowState
    code: str
    message: Words
    hint: Words
    tries: int
    updated_at: str


class PasswordRowPage(BaseModel):
    """The cameras of a change, in its order."""

    items: list[PasswordRowShape]
    next_cursor: str | None


@router.post("/api/v1/password-changes/preview", **permission(Action.CAMERA_MANAGE))
async def preview_change(
    deps: Deps, scope: Granted, wanted: Wanted, body: SelectionBody
) -> PasswordSelection:
    """Count the cameras that a change would be for."""
    found = await deps.passwords.chosen(body.chosen(wanted), scope)
    return PasswordSelection(
        cameras=len(found),
        without_credentials=sum(not each.has_credentials for each in found),
        without_onvif=sum(not each.details.capabilities.onvif_url for each in found),
        shared=sum(bool(each.credential_id) for each in found),
    )


@router.post(
    "/api/v1/password-changes", status_code=202, **permission(Action.CAMERA_MANAGE, also=(409,))
)
async def begin_change(
    deps: Deps, by: By, scope: Granted, wanted: Wanted, body: PasswordBody
) -> PasswordChangeShape:
    """Begin to change the password of all cameras that are chosen and that the caller manages."""
    password = None if body.password is None else body.password.get_secret_value()
    change = await deps.passwords.begin(body.chosen(wanted), body.mode, password, scope, by=by)
    return _shape(change)


@router.get("/api/v1/password-changes", **permission(Action.CAMERA_MANAGE))
async def list_changes(
    deps: Deps, scope: Granted, limit: Limit = 50, cursor: str = ""
) -> PasswordChangePage:
    """List the changes all of whose cameras the caller manages, the latest first."""
    before = decode_cursor(cursor, str) if cursor else None
    found = await deps.passwords.list(scope, before, limit + 1)
    page = found[:limit]
    return PasswordChangePage(
        items=[_shape(each) for each in page],
        next_cursor=encode_cursor(page[-1].id) if len(found) > limit else None,
    )


@router.get("/api/v1/password-changes/{change_id}", **permission(Action.CAMERA_MANAGE))
async def get_change(deps: Deps, scope: Granted, change_id: str) -> PasswordChangeShape:
    """Show a change and how far it is."""
    return _shape(await deps.passwords.get(change_id, scope))


@router.get("/api/v1/password-changes/{change_id}/cameras", **permission(Action.CAMERA_MANAGE))
async def list_change_cameras(
    deps: Deps,
    scope: Granted,
    change_id: str,
    state: Annotated[list[RowState], Query(max_length=len(RowState))] = [],  # noqa: B006
    limit: Limit = 100,
    cursor: str = "",
) -> PasswordRowPage:
    """List the cameras of a change with what became of each."""
    change = await deps.passwords.get(change_id, scope)
    after = decode_cursor(cursor, int) if cursor else 0
    found = await deps.passwords.rows(change, state, after, limit + 1)
    page = found[:limit]
    return PasswordRowPage(
        items=[_row(each) for each in page],
        next_cursor=encode_cursor(page[-1].number) if len(found) > limit else None,
    )


@router.post("/api/v1/password-changes/{change_id}/cancel", **permission(Action.CAMERA_MANAGE))
async def cancel_change(deps: Deps, scope: Granted, change_id: str) -> PasswordChangeShape:
    """Begin no further camera; those that are being changed are brought to their end."""
    change = await deps.passwords.get(change_id, scope)
    await deps.passwords.cancel(change)
    return await _again(deps, scope, change_id)


@router.post("/api/v1/password-changes/{change_id}/retry", **permission(Action.CAMERA_MANAGE))
async def retry_change(deps: Deps, scope: Granted, change_id: str) -> PasswordChangeShape:
    """Try the failed and the unsure cameras again, with the same new passwords."""
    change = await deps.passwords.get(change_id, scope)
    await deps.passwords.retry(change)
    return await _again(deps, scope, change_id)


@router.delete(
    "/api/v1/password-changes/{change_id}",
    status_code=204,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def forget_change(deps: Deps, scope: Granted, change_id: str) -> None:
    """Forget a change that has ended and has no unsure camera."""
    await deps.passwords.forget(await deps.passwords.get(change_id, scope))


async def _again(deps: ApiDeps, scope: Granted, change_id: str) -> PasswordChangeShape:
    return _shape(await deps.passwords.get(change_id, scope))


def _shape(change: PasswordChange) -> PasswordChangeShape:
    return PasswordChangeShape(
        id=change.id,
        mode=change.mode,
        random=change.random,
        state=change.state,
        stopping=change.cancel and change.state is ChangeState.RUNNING,
        total=change.total,
        counts={state: change.counts.get(state, 0) for state in RowState},
        by=change.owner.name or change.owner.id,
        created_at=us_to_iso(change.created_us),
        updated_at=us_to_iso(change.updated_us),
    )


def _row(row: ChangeRow) -> PasswordRowShape:
    return PasswordRowShape(
        number=row.number,
        camera_id=row.camera_id,
        name=row.name,
        unit_code=row.unit_code,
        state=row.state,
        code=row.code,
        message=row.message,
        hint=row.hint,
        tries=row.tries,
        updated_at=us_to_iso(row.updated_us),
    )

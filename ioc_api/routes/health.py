"""Routes of health: a camera's history, uptime, who is dead, and maintenance windows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from camera_registry.base.clock import iso_to_us, us_to_iso
from camera_registry.base.errors import InvalidError
from camera_registry.health.model import Uptime
from camera_registry.health.uptime import FLAPPING_US, dead_since, flapping, touching, uptime
from ioc_api.access.guard import By, Granted, permission
from ioc_api.access.rbac import Action
from ioc_api.health.maintenance import NewWindow
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.routes.health_shapes import (
    CameraHealth,
    ChangePage,
    OutagePage,
    UnitHealth,
    UnitHealthList,
    WindowBody,
    WindowPage,
    WindowShape,
    change_shape,
    outage_shape,
    uptime_shape,
    window_shape,
)
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Limit

router = APIRouter(tags=["health"])

_DAY_US = 86_400_000_000
_LONGEST_US = 400 * _DAY_US
_CHANGES = 20_000

Instant = Annotated[str | None, Query(max_length=40)]


@router.get("/api/v1/cameras/{camera_id}/health", **permission(Action.CAMERA_VIEW))
async def camera_health(
    deps: Deps, scope: Granted, camera_id: str, since: Instant = None, until: Instant = None
) -> CameraHealth:
    """Return a camera's uptime over a period, the last 24 hours where none is given."""
    camera = await deps.registry.get(camera_id, scope)
    begin, end = _period(deps, since, until)
    now = deps.now_us()
    lately = (now - FLAPPING_US, now)
    story = await deps.health.story(camera.id, [(begin, end), lately], _CHANGES)
    outage = dead_since(story)
    return CameraHealth(
        since=us_to_iso(begin),
        until=us_to_iso(end),
        uptime=uptime_shape(uptime(touching(story, begin, end), begin, end)),
        flapping=camera.enabled and flapping(touching(story, *lately), now),
        dead_since=None if outage is None else us_to_iso(outage),
        maintenance=await deps.maintenance.silences(camera, now),
    )


@router.get("/api/v1/cameras/{camera_id}/health/changes", **permission(Action.CAMERA_VIEW))
async def camera_changes(
    deps: Deps, scope: Granted, camera_id: str, limit: Limit = 100, cursor: str | None = None
) -> ChangePage:
    """List the states that a camera was in, the latest first."""
    camera = await deps.registry.get(camera_id, scope)
    before = decode_cursor(cursor, int) if cursor else None
    found = await deps.health.page(camera.id, before, limit + 1)
    page = found[:limit]
    return ChangePage(
        items=[change_shape(change) for change in page],
        next_cursor=encode_cursor(page[-1].at_us) if len(found) > limit else None,
    )


@router.get("/api/v1/health/units", **permission(Action.CAMERA_VIEW))
async def units_health(
    deps: Deps, scope: Granted, since: Instant = None, until: Instant = None
) -> UnitHealthList:
    """Return the uptime of every unit over a period, the last 24 hours where none is given."""
    begin, end = _period(deps, since, until)
    found = await deps.health.by_unit(scope, begin, end)
    return UnitHealthList(
        since=us_to_iso(begin),
        until=us_to_iso(end),
        total=uptime_shape(sum(found.values(), Uptime(cameras=0))),
        items=[
            UnitHealth(
                unit_code=unit.code,
                unit_name_vi=unit.name_vi,
                unit_name_en=unit.name_en,
                uptime=uptime_shape(found[unit.code]),
            )
            for unit in deps.units
            if unit.code in found
        ],
    )


@router.get("/api/v1/health/outages", **permission(Action.CAMERA_VIEW))
async def outages(
    deps: Deps, scope: Granted, limit: Limit = 100, cursor: str | None = None
) -> OutagePage:
    """List the cameras that give no fresh pictures now, the longest dead first."""
    after = decode_cursor(cursor, tuple[int, str]) if cursor else None
    found = await deps.health.outages(scope, deps.now_us(), after, limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return OutagePage(
        items=[outage_shape(outage) for outage in page],
        next_cursor=encode_cursor((page[-1].since_us, page[-1].change.camera_id)) if more else None,
    )


@router.get("/api/v1/maintenance", **permission(Action.CAMERA_VIEW, also=(404,)))
async def list_windows(
    deps: Deps,
    scope: Granted,
    past: bool = False,
    camera: Annotated[str | None, Query(max_length=36)] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> WindowPage:
    """List maintenance windows that are not over; with ``past`` those of the last 90 days too.

    ``camera``: only those that are for this camera, its unit or one of its groups.
    """
    only = None if camera is None else await deps.registry.get(camera, scope)
    after = decode_cursor(cursor, tuple[int, str]) if cursor else None
    found = await deps.maintenance.page(scope, after, limit + 1, past=past, camera=only)
    page = [seen.window for seen in found[:limit]]
    more = len(found) > limit
    return WindowPage(
        items=[window_shape(seen) for seen in found[:limit]],
        next_cursor=encode_cursor((page[-1].from_us, page[-1].id)) if more else None,
    )


@router.post(
    "/api/v1/maintenance", status_code=201, **permission(Action.CAMERA_MANAGE, also=(404,))
)
async def announce_window(deps: Deps, by: By, scope: Granted, body: WindowBody) -> WindowShape:
    """Announce work on a camera, a group or a unit: its alarms are silenced."""
    new = NewWindow(
        body.target,
        body.target_id,
        _instant("begins", body.begins),
        _instant("ends", body.ends),
        body.reason,
    )
    return window_shape(await deps.maintenance.announce(new, scope, by))


@router.delete(
    "/api/v1/maintenance/{window_id}", status_code=204, **permission(Action.CAMERA_MANAGE)
)
async def end_window(deps: Deps, by: By, scope: Granted, window_id: str) -> None:
    """End a window now; one that has not begun is forgotten."""
    await deps.maintenance.end(window_id, scope, by)


def _period(deps: ApiDeps, since: str | None, until: str | None) -> tuple[int, int]:
    now = deps.now_us()
    end = min(now, _instant("until", until)) if until is not None else now
    begin = _instant("since", since) if since is not None else end - _DAY_US
    if not 0 <= begin < end <= begin + _LONGEST_US:
        raise InvalidError("since: must lie before until, by at most 400 days", code="period")
    return begin, end


def _instant(field: str, text: str) -> int:
    try:
        return iso_to_us(text)
    except (ValueError, OverflowError):
        raise InvalidError(
            f"{field}: is no time with a zone",
            hint="write for example 2026-01-31T08:00:00+07:00",
            code="time",
        ) from None

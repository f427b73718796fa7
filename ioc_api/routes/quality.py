"""Routes of quality: the board by unit, fix lists, a camera's scores and reasons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from camera_registry.base.errors import InvalidError
from camera_registry.quality.model import Principle
from camera_registry.quality.ports import Listed, Order, Wanted
from camera_registry.scope import Scope
from ioc_api.access.guard import Granted, permission
from ioc_api.access.rbac import Action
from ioc_api.routes.camera_query import Codes
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.routes.quality_shapes import (
    CameraQuality,
    CameraScore,
    CameraScorePage,
    QualityBoard,
    board,
    board_csv,
    camera_line,
    camera_quality,
    camera_score,
    cameras_head,
)
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Limit

router = APIRouter(tags=["quality"])

_PAGE = 500
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}}
}
_FIRST = date(2000, 1, 1)
_LAST = date(2999, 12, 31)

Form = Annotated[Literal["json", "csv"], Query(alias="format")]
Day = Annotated[date | None, Query(description="Day of the city; without: the latest with scores")]
Days = Annotated[int, Query(ge=1, le=366, description="How many days the trend has")]
Key = tuple[float, str, str]


@router.get(
    "/api/v1/quality",
    response_model=QualityBoard,
    responses=_CSV,
    **permission(Action.CAMERA_VIEW),
)
async def quality_board(
    deps: Deps, scope: Granted, day: Day = None, days: Days = 14, form: Form = "json"
) -> Any:
    """Show the quality of the city and of each unit on a day, and its trend up to then.

    Means are over the cameras that the caller may see. As CSV: the units on that day.
    """
    shown = await _day(deps, day)
    groups = []
    if shown is not None:
        since = shown - timedelta(days=days - 1)
        groups = list(await deps.quality.desk.store.groups(scope, since, shown))
    found = board(deps.units, groups, shown)
    if form == "csv":
        return Response(board_csv(found), headers=_file("quality"), media_type="text/csv")
    return found


@router.get(
    "/api/v1/quality/cameras",
    response_model=CameraScorePage,
    responses=_CSV,
    **permission(Action.CAMERA_VIEW),
)
async def quality_cameras(
    deps: Deps,
    scope: Granted,
    unit: Codes = [],  # noqa: B006 - FastAPI copies it
    principle: Principle | None = None,
    below: Annotated[float | None, Query(ge=0, le=1)] = None,
    sort: Order = Order.WORST,
    day: Day = None,
    limit: Limit = 100,
    cursor: Annotated[str, Query(max_length=1024)] = "",
    form: Form = "json",
) -> Any:
    """List cameras with what there is to mend: of units, below a score by one principle or by all.

    As CSV: all of them.
    """
    shown = await _day(deps, day)
    after = decode_cursor(cursor, tuple[float, str, str]) if cursor else None
    wanted = Wanted(shown or _FIRST, tuple(unit), principle, below, sort)
    if form == "csv":
        return StreamingResponse(
            _lines(deps, scope, wanted, after), headers=_file("fix-list"), media_type="text/csv"
        )
    found = await deps.quality.desk.store.list(scope, wanted, after, limit + 1)
    page = found[:limit]
    return CameraScorePage(
        day=shown,
        items=[_of(deps, each, principle) for each in page],
        next_cursor=encode_cursor(page[-1].key) if len(found) > limit else None,
    )


@router.get("/api/v1/cameras/{camera_id}/quality", **permission(Action.CAMERA_VIEW))
async def get_quality(deps: Deps, scope: Granted, camera_id: str, days: Days = 31) -> CameraQuality:
    """Show a camera's scores, reasons and history. One without a score of today gets it now."""
    camera = await deps.registry.get(camera_id, scope)
    desk = deps.quality.desk
    today = desk.today()
    history = list(await desk.store.history(camera.id, today - timedelta(days=days - 1)))
    if not history or history[-1].day != today:
        history.append(await desk.score_one(camera))
    return camera_quality(history[-1], history)


@router.post("/api/v1/cameras/{camera_id}/quality", **permission(Action.CAMERA_MANAGE))
async def score_again(deps: Deps, scope: Granted, camera_id: str, days: Days = 31) -> CameraQuality:
    """Score a camera anew, by what is known of it now."""
    camera = await deps.registry.get(camera_id, scope)
    desk = deps.quality.desk
    latest = await desk.score_one(camera)
    history = await desk.store.history(camera.id, desk.today() - timedelta(days=days - 1))
    return camera_quality(latest, history)


async def _day(deps: ApiDeps, day: date | None) -> date | None:
    if day is None:
        return await deps.quality.desk.shown_day()
    if not _FIRST <= day <= _LAST:
        raise InvalidError("day: must lie between 2000 and 2999", code="day")
    return day


async def _lines(
    deps: ApiDeps, scope: Scope, wanted: Wanted, after: Key | None
) -> AsyncIterator[bytes]:
    yield cameras_head()
    while page := await deps.quality.desk.store.list(scope, wanted, after, _PAGE):
        yield b"".join(camera_line(_of(deps, each, wanted.principle)) for each in page)
        after = page[-1].key


def _of(deps: ApiDeps, listed: Listed, principle: Principle | None) -> CameraScore:
    """Write a camera of a list; of one principle only what was found by it."""
    if principle is not None:
        quality = listed.day.quality
        mine = tuple(each for each in quality.findings if each.principle is principle)
        listed = replace(listed, day=replace(listed.day, quality=replace(quality, findings=mine)))
    return camera_score(listed, deps.units.get(listed.day.unit_code))


def _file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.csv"'}

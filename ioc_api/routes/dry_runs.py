"""``/api/v1/cameras/{id}/dry-runs``: rules tried on a recorded clip before they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Request
from fastapi import Path as PathValue
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from analytics.rulebook.document import decode_rules
from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import NotFoundError
from camera_registry.model import Camera
from ioc_api.access.guard import Granted, Me, permission
from ioc_api.access.rbac import Action, Principal
from ioc_api.dry_runs.model import Run, RunLimits, RunState
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.web.languages import Words
from ioc_api.web.middleware import Upload
from ioc_api.web.shapes import Body

router = APIRouter(tags=["rules"])

UPLOADS = (Upload("PUT", r"/api/v1/cameras/[^/]+/dry-runs/[^/]+/clip", RunLimits().clip_bytes),)
"""The one route of this room that takes a large body."""

_MP4: dict[str, Any] = {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}
_JPEG: dict[str, Any] = {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}
_RUN = "/api/v1/cameras/{camera_id}/dry-runs/{run_id}"


def _with_body(route: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """Document a body that the route itself reads from the stream."""
    extra = route["openapi_extra"] | {"requestBody": {"required": True, "content": content}}
    return route | {"openapi_extra": extra}


class DryRunBody(Body):
    """Rules to try, and on what: the camera's last seconds and its next ones up to ``seconds``, an
    earlier run's clip (``again``), or a file that is sent afterwards.
    The model is the camera's own.
    """

    document: dict[str, Any]
    source: Literal["camera", "upload", "again"]
    seconds: Annotated[float, Field(gt=0, le=120, strict=False)] = 20.0
    again: Annotated[str, Field(max_length=40)] = ""


class DryRunShape(BaseModel):
    """A dry run. ``progress`` is that of the present state. ``result`` is what the rules said: the
    events with their times, boxes and the number of their picture; counts by minute, hour and day;
    how many events fell into a cool-down; null before the end.
    """

    id: str
    camera_id: str
    state: RunState
    progress: float
    seconds: float
    codec: str
    frames: int
    start_at: str
    result: dict[str, Any] | None
    code: str
    error: Words
    hint: Words


@router.post(
    "/api/v1/cameras/{camera_id}/dry-runs",
    status_code=202,
    **permission(Action.CAMERA_MANAGE, also=(429,)),
)
async def begin(
    deps: Deps, me: Me, scope: Granted, camera_id: str, body: DryRunBody
) -> DryRunShape:
    """Begin a dry run of rules that are not saved. Nothing is stored, sent or counted."""
    camera = await _camera(deps, me, scope, camera_id)
    document = msgspec.json.encode(body.document)
    decode_rules(document)
    run = deps.dry_runs.submit(
        camera.id,
        document,
        camera.detector,
        seconds=body.seconds if body.source == "camera" else 0.0,
        again=body.again if body.source == "again" else "",
    )
    return _shape(run)


@router.put(
    _RUN + "/clip",
    status_code=202,
    **_with_body(permission(Action.CAMERA_MANAGE, also=(409,)), _MP4),
)
async def send_clip(
    deps: Deps, me: Me, scope: Granted, camera_id: str, run_id: str, request: Request
) -> DryRunShape:
    """Send the MP4 file of a run that waits for one."""
    run = await _run(deps, me, scope, camera_id, run_id)
    await deps.dry_runs.upload(run, request.stream())
    return _shape(run)


@router.get(_RUN, **permission(Action.CAMERA_MANAGE))
async def look(deps: Deps, me: Me, scope: Granted, camera_id: str, run_id: str) -> DryRunShape:
    """Show how far a dry run is, and in the end what it found."""
    return _shape(await _run(deps, me, scope, camera_id, run_id))


@router.delete(_RUN, status_code=204, **permission(Action.CAMERA_MANAGE))
async def remove(deps: Deps, me: Me, scope: Granted, camera_id: str, run_id: str) -> None:
    """Call a dry run off, or forget one that is done, with its clip and pictures."""
    await deps.dry_runs.remove(await _run(deps, me, scope, camera_id, run_id))


@router.get(
    _RUN + "/pictures/{number}",
    response_class=FileResponse,
    responses={200: {"content": _JPEG, "description": "The picture"}},
    **permission(Action.CAMERA_MANAGE),
)
async def picture(
    deps: Deps,
    me: Me,
    scope: Granted,
    camera_id: str,
    run_id: str,
    number: Annotated[int, PathValue(ge=0, le=10_000)],
) -> FileResponse:
    """Show the picture of an event of a dry run."""
    run = await _run(deps, me, scope, camera_id, run_id)
    return _file(run.picture(number), "image/jpeg")


@router.get(
    _RUN + "/clip",
    response_class=FileResponse,
    responses={
        200: {"content": _MP4, "description": "The clip"},
        206: {"content": _MP4, "description": "A part of the clip"},
    },
    **permission(Action.CAMERA_MANAGE),
)
async def clip(deps: Deps, me: Me, scope: Granted, camera_id: str, run_id: str) -> FileResponse:
    """Show the clip of a dry run."""
    run = await _run(deps, me, scope, camera_id, run_id)
    if run.state in (RunState.UPLOAD, RunState.CLIP):
        raise NotFoundError("The clip is not there yet", code="no_clip")
    return _file(run.clip, "video/mp4")


async def _camera(deps: ApiDeps, me: Principal, scope: Granted, camera_id: str) -> Camera:
    """Return a camera whose rules may be changed *and* whose picture may be seen."""
    camera = await deps.registry.get(camera_id, scope)
    return await deps.registry.get(camera.id, me.require(Action.LIVE_VIEW))


async def _run(deps: ApiDeps, me: Principal, scope: Granted, camera_id: str, run_id: str) -> Run:
    camera = await _camera(deps, me, scope, camera_id)
    return deps.dry_runs.get(camera.id, run_id)


def _file(path: Path, kind: str) -> FileResponse:
    if not path.is_file():
        raise NotFoundError("There is no such file", code="no_file")
    return FileResponse(path, media_type=kind)


def _shape(run: Run) -> DryRunShape:
    return DryRunShape(
        id=run.id,
        camera_id=run.camera_id,
        state=run.state,
        progress=round(run.progress, 4),
        seconds=round(run.seconds, 3),
        codec=run.codec,
        frames=run.frames,
        start_at=us_to_iso(run.start_us),
        result=run.result or None,
        code=run.code,
        error=run.error,
        hint=run.hint,
    )

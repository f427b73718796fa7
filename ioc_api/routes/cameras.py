"""``/api/v1/cameras``: the register over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from camera_registry.model import Camera
from camera_registry.records import CameraFilter
from camera_registry.scope import Scope
from ioc_api.access.guard import By, Granted, Me, permission
from ioc_api.access.rbac import Action, Principal
from ioc_api.routes import camera_formats as formats
from ioc_api.routes.camera_bodies import CameraBody, CameraPatch
from ioc_api.routes.camera_formats import Format, Known
from ioc_api.routes.camera_query import Wanted
from ioc_api.routes.camera_shapes import CameraPage, CameraShape, camera_shape
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.routes.reads import count_read
from ioc_api.web.etags import MAX_HEADER, etag, required_version, unchanged
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Limit

router = APIRouter(tags=["cameras"])

_PAGE = 500
_OBJECT: dict[str, Any] = {"schema": {"type": "object"}}
_ONE: dict[str, Any] = {
    "headers": {"ETag": {"schema": {"type": "string"}}},
    "content": {
        Format.GEOJSON.media_type: _OBJECT,
        Format.NGSI_LD.media_type: _OBJECT,
    },
}
_MANY: dict[str, Any] = {
    "headers": {"Link": {"description": "The next page", "schema": {"type": "string"}}},
    "content": {
        Format.GEOJSON.media_type: _OBJECT,
        Format.NGSI_LD.media_type: {"schema": {"type": "array", "items": {"type": "object"}}},
        Format.CSV.media_type: {"schema": {"type": "string"}},
    },
}
IfMatch = Annotated[str, Header(max_length=MAX_HEADER)]
Chosen = Annotated[Format | None, Query(alias="format", description="Instead of Accept")]


@router.get(
    "/api/v1/cameras",
    response_model=CameraPage,
    responses={200: _MANY},
    **permission(Action.CAMERA_VIEW),
)
async def list_cameras(
    deps: Deps,
    me: Me,
    scope: Granted,
    wanted: Wanted,
    request: Request,
    limit: Limit = 100,
    cursor: str = "",
    form: Chosen = None,
    accept: Annotated[str, Header(max_length=MAX_HEADER)] = "",
) -> Any:
    """List the cameras that the caller may see, by name.

    As JSON, GeoJSON, NGSI-LD or CSV, by ``format`` or the Accept header. CSV holds all that are
    wanted, the others a page; the Link header leads to the next.
    """
    after = decode_cursor(cursor, tuple[str, str]) if cursor else None
    chosen = formats.chosen(form, accept)
    if chosen is Format.CSV:
        return StreamingResponse(
            _csv(deps, me, scope, wanted, after),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="cameras.csv"'},
        )
    found = await deps.registry.list(scope, wanted, after, limit + 1)
    page = found[:limit]
    count_read(deps, me, page)
    following = encode_cursor((page[-1].name, page[-1].id)) if len(found) > limit else None
    headers = {"Vary": "Accept"}
    if following is not None:
        following_url = request.url.include_query_params(cursor=following)
        headers["Link"] = f'<{following_url.path}?{following_url.query}>; rel="next"'
    known = [_known(deps, camera) for camera in page]
    if chosen is Format.GEOJSON:
        body = formats.feature_collection(known, following)
    elif chosen is Format.NGSI_LD:
        body = formats.entities(known)
    else:
        items = [camera_shape(*each) for each in known]
        body = (
            CameraPage(items=items, next_cursor=following).model_dump_json(by_alias=True).encode()
        )
    return Response(body, media_type=chosen.media_type, headers=headers)


@router.post("/api/v1/cameras", status_code=201, **permission(Action.CAMERA_MANAGE, also=(409,)))
async def add_camera(
    deps: Deps, by: By, scope: Granted, body: CameraBody, response: Response
) -> CameraShape:
    """Register a camera."""
    camera = await deps.registry.add(body.new(), scope, by=by)
    response.headers["Location"] = f"/api/v1/cameras/{camera.id}"
    response.headers["ETag"] = _tag(deps, camera)
    return camera_shape(*_known(deps, camera))


@router.get(
    "/api/v1/cameras/{camera_id}",
    response_model=CameraShape,
    responses={200: _ONE, 304: {"description": "It is as If-None-Match says"}},
    **permission(Action.CAMERA_VIEW),
)
async def get_camera(
    deps: Deps,
    me: Me,
    scope: Granted,
    camera_id: str,
    form: Annotated[Literal["json", "geojson", "ngsi-ld"] | None, Query(alias="format")] = None,
    accept: Annotated[str, Header(max_length=MAX_HEADER)] = "",
    if_none_match: Annotated[str, Header(max_length=MAX_HEADER)] = "",
) -> Any:
    """Show one camera, as JSON, GeoJSON or NGSI-LD."""
    camera = await deps.registry.get(camera_id, scope)
    count_read(deps, me, [camera])
    headers = {"ETag": _tag(deps, camera), "Vary": "Accept"}
    if if_none_match and unchanged(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    chosen = formats.chosen(None if form is None else Format(form), accept)
    known = _known(deps, camera)
    if chosen is Format.GEOJSON:
        body = msgspec.json.encode(formats.feature(*known))
    elif chosen is Format.NGSI_LD:
        body = msgspec.json.encode(formats.entity(*known))
    else:
        chosen = Format.JSON
        body = camera_shape(*known).model_dump_json(by_alias=True).encode()
    return Response(body, media_type=chosen.media_type, headers=headers)


@router.patch("/api/v1/cameras/{camera_id}", **permission(Action.CAMERA_MANAGE, also=(409, 412)))
async def change_camera(
    deps: Deps,
    by: By,
    scope: Granted,
    camera_id: str,
    body: CameraPatch,
    response: Response,
    if_match: IfMatch = "",
) -> CameraShape:
    """Change a camera; with If-Match, or ``version``, only as the caller has seen it."""
    change = body.change(required_version(if_match))
    changed = await deps.registry.update(camera_id, change, scope, by=by)
    response.headers["ETag"] = _tag(deps, changed)
    return camera_shape(*_known(deps, changed))


@router.delete(
    "/api/v1/cameras/{camera_id}",
    status_code=204,
    **permission(Action.CAMERA_MANAGE, also=(412,)),
)
async def remove_camera(
    deps: Deps, by: By, scope: Granted, camera_id: str, if_match: IfMatch = ""
) -> None:
    """Remove a camera; its events and its history stay."""
    await deps.registry.remove(camera_id, scope, by=by, version=required_version(if_match))


def _known(deps: ApiDeps, camera: Camera) -> Known:
    return camera, deps.units.get(camera.unit_code), deps.states.status(camera)


def _tag(deps: ApiDeps, camera: Camera) -> str:
    state = deps.states.status(camera)
    shown = None
    if state is not None:
        shown = (state.state, state.reason_code, state.since_us, state.codec, state.width)
    return etag(camera.version, shown)


async def _csv(
    deps: ApiDeps,
    me: Principal,
    scope: Scope,
    wanted: CameraFilter,
    after: tuple[str, str] | None,
) -> AsyncIterator[bytes]:
    yield formats.csv_head()
    while page := await deps.registry.list(scope, wanted, after, _PAGE):
        count_read(deps, me, page)
        yield formats.csv_lines(_known(deps, camera) for camera in page)
        after = (page[-1].name, page[-1].id)

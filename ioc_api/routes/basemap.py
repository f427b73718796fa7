"""``/api/v1/map/basemap`` and the archive of tiles that the api itself serves."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import Response
from pydantic import BaseModel

from camera_registry.base.errors import NotFoundError
from ioc_api.access.guard import SIGNED_IN, permission
from ioc_api.basemap import ARCHIVE_PATH, MAX_RANGE, BasemapKind, read_part, size_of
from ioc_api.routes.deps import Deps
from ioc_api.web.etags import MAX_HEADER
from ioc_api.web.problems import problem_response

router = APIRouter(tags=["map"])

_MEDIA_TYPE = "application/vnd.pmtiles"
_RANGES = {
    "Accept-Ranges": {"schema": {"type": "string"}},
    "Content-Range": {"schema": {"type": "string"}},
    "ETag": {"schema": {"type": "string"}},
}


class BasemapShape(BaseModel):
    """What the map is drawn over. ``url`` is a PMTiles archive or has {z}, {x} and {y}."""

    kind: BasemapKind
    url: str
    attribution: str


@router.get("/api/v1/map/basemap", **permission(SIGNED_IN))
async def basemap(deps: Deps) -> BasemapShape:
    """Say what the map is drawn over; of kind ``none`` where it stands alone."""
    return BasemapShape(
        kind=deps.basemap.kind, url=deps.basemap.url, attribution=deps.map_attribution
    )


@router.get(
    ARCHIVE_PATH,
    response_class=Response,
    status_code=206,
    responses={
        206: {
            "content": {_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
            "description": f"The bytes of the range, at most {MAX_RANGE}",
            "headers": _RANGES,
        },
    },
    **permission(SIGNED_IN, also=(404, 416)),
)
async def tiles(
    deps: Deps, wanted: Annotated[str, Header(alias="Range", max_length=MAX_HEADER)] = ""
) -> Response:
    """Return one range of the PMTiles archive that the hub has; never the whole of it."""
    file = deps.basemap.file
    if file is None:
        raise NotFoundError("No file of map tiles is set", code="map_tiles_none")
    part = await asyncio.to_thread(read_part, file, wanted)
    if part is None:
        size = await asyncio.to_thread(size_of, file)
        return problem_response(
            416,
            f"Ask for one range of at most {MAX_RANGE} bytes within the file",
            code="range_not_satisfiable",
            headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"},
        )
    return Response(
        part.body,
        206,
        media_type=_MEDIA_TYPE,
        headers={
            "Accept-Ranges": "bytes",
            "Content-Range": f"bytes {part.first}-{part.first + len(part.body) - 1}/{part.size}",
            "ETag": part.tag,
        },
    )

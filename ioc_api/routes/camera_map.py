"""``/api/v1/map`` and ``/api/v1/units/polygons``: what the map shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from pydantic import BaseModel

from camera_registry.map_view import MapPoint, map_view
from camera_registry.model import Camera, CameraClass, State
from ioc_api.access.guard import SIGNED_IN, Granted, permission
from ioc_api.access.rbac import Action
from ioc_api.routes.camera_query import Wanted
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.web.etags import MAX_HEADER, etag, unchanged

router = APIRouter(tags=["map"])

GEOJSON = "application/geo+json"


class PointShape(BaseModel):
    """A camera on the map; ``state`` is null where it is disabled."""

    id: str
    code: str
    name: str
    unit_code: str
    camera_class: CameraClass
    lon: float
    lat: float
    azimuth_deg: float | None
    fov_deg: float | None
    view_m: float | None
    state: State | None


class ClusterShape(BaseModel):
    """Cameras near each other: their middle, how many, how many enabled, how many of those dead.

    Dead is who gave no live picture when its state last changed, or has no state yet.
    """

    lon: float
    lat: float
    count: int
    enabled: int
    dead: int


class MapShape(BaseModel):
    """What is in view: either every camera, or clusters of them. ``total`` counts the cameras."""

    total: int
    cameras: list[PointShape]
    clusters: list[ClusterShape]


@router.get("/api/v1/map", **permission(Action.CAMERA_VIEW))
async def show_map(
    deps: Deps,
    scope: Granted,
    wanted: Wanted,
    zoom: Annotated[float, Query(ge=0, le=24, allow_inf_nan=False)] = 10.0,
) -> MapShape:
    """Show the cameras within ``bbox``: single ones where there are few, else clusters of them."""
    view = await map_view(deps.maps, scope, replace(wanted, positioned=None), zoom)
    return MapShape(
        total=view.total,
        cameras=[_point(deps, point) for point in view.points],
        clusters=[
            ClusterShape(
                lon=each.lon,
                lat=each.lat,
                count=each.count,
                enabled=each.enabled,
                dead=each.dead,
            )
            for each in view.clusters
        ],
    )


@router.get(
    "/api/v1/units/polygons",
    response_class=Response,
    responses={
        200: {
            "content": {GEOJSON: {"schema": {"type": "object"}}},
            "headers": {"ETag": {"schema": {"type": "string"}}},
            "description": "A FeatureCollection",
        },
        304: {"description": "It is as If-None-Match says"},
    },
    **permission(SIGNED_IN),
)
async def unit_polygons(
    deps: Deps, if_none_match: Annotated[str, Header(max_length=MAX_HEADER)] = ""
) -> Response:
    """Show the polygons of the units that were loaded with `camhub units import`."""
    shapes = await deps.areas.geometries()
    tag = etag(len(shapes), tuple(shapes.items()))
    if if_none_match and unchanged(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    features = [
        {
            "type": "Feature",
            "id": code,
            "properties": {
                "code": code,
                "name_vi": deps.units.get(code).name_vi,
                "name_en": deps.units.get(code).name_en,
            },
            "geometry": msgspec.Raw(text.encode()),
        }
        for code, text in shapes.items()
        if code in deps.units
    ]
    body = msgspec.json.encode({"type": "FeatureCollection", "features": features})
    return Response(body, media_type=GEOJSON, headers={"ETag": tag})


def _point(deps: ApiDeps, point: MapPoint) -> PointShape:
    state = deps.states.status(
        Camera(
            point.id,
            point.name,
            point.unit_code,
            "",
            enabled=point.enabled,
            updated_us=point.updated_us,
        )
    )
    return PointShape(
        id=point.id,
        code=point.code,
        name=point.name,
        unit_code=point.unit_code,
        camera_class=point.camera_class,
        lon=point.lon,
        lat=point.lat,
        azimuth_deg=point.azimuth_deg,
        fov_deg=point.fov_deg,
        view_m=point.view_m,
        state=state.state if state else None,
    )

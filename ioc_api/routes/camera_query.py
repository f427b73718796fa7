"""Which cameras a request asks for: the filters that the list, the map and the exports share."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import Depends, Query

from camera_registry.base.errors import InvalidError
from camera_registry.geo.polygons import Box
from camera_registry.model import CameraClass, State
from camera_registry.records import CameraFilter
from ioc_api.routes.deps import Deps

MAX_VALUES = 200

Codes = Annotated[list[Annotated[str, Query(max_length=8)]], Query(max_length=MAX_VALUES)]
Classes = Annotated[list[CameraClass], Query(alias="class", max_length=20)]
States = Annotated[list[State], Query(max_length=20)]


def _wanted(
    deps: Deps,
    unit: Codes = [],  # noqa: B006 - FastAPI copies it
    q: Annotated[
        str,
        Query(
            max_length=120,
            description="Words, with or without marks: in name, code, address, serial, unit",
        ),
    ] = "",
    tag: Annotated[str, Query(max_length=40)] = "",
    enabled: bool | None = None,
    camera_class: Classes = [],  # noqa: B006
    group: Annotated[str, Query(max_length=36)] = "",
    positioned: Annotated[bool | None, Query(description="Whether it has a position")] = None,
    weak_credentials: Annotated[
        bool | None, Query(description="Whether its password is well known or easily guessed")
    ] = None,
    credential: Annotated[
        str, Query(max_length=36, description="Id of the shared log-in that it uses")
    ] = "",
    bbox: Annotated[
        str, Query(max_length=120, description="west,south,east,north in degrees")
    ] = "",
    state: States = [],  # noqa: B006
) -> CameraFilter:
    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()
    if state:
        only, never = deps.states.having(frozenset(state))
        if enabled is False:
            only = frozenset()  # a disabled camera has no state
        enabled = True
    return CameraFilter(
        units=tuple(unit),
        text=q,
        tag=tag,
        enabled=enabled,
        classes=tuple(camera_class),
        group=group,
        positioned=positioned,
        weak=weak_credentials,
        credential=credential,
        box=parse_box(bbox) if bbox else None,
        only=only,
        never=never,
    )


Wanted = Annotated[CameraFilter, Depends(_wanted)]


def parse_box(text: str) -> Box:
    """Read "west,south,east,north". Raises InvalidError."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west = south = east = north = math.nan
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidError(
            "bbox: must be west,south,east,north in degrees",
            hint="write for example 106.5,10.6,107.0,11.0",
            code="bbox",
        )
    return Box(west, south, east, north)

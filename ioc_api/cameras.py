"""``/api/v1/cameras``: the register over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from msgspec import UNSET
from pydantic import BaseModel, Field, SecretStr

from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import InvalidError
from camera_registry.model import Camera, Credentials, Position
from camera_registry.records import CameraChange, CameraFilter, NewCamera
from ioc_api.deps import ApiDeps, Deps
from ioc_api.guard import Granted, permission
from ioc_api.paging import decode_cursor, encode_cursor
from ioc_api.rbac import Action
from ioc_api.shapes import Body, CameraStatus, Limit, camera_status

router = APIRouter(tags=["cameras"])

Transport = Literal["tcp", "udp"]
Gate = Literal["auto", "off"]
Priority = Annotated[int, Field(ge=0, le=9)]
_NEVER_NULL = (
    "name",
    "unit_code",
    "url",
    "enabled",
    "transport",
    "tags",
    "gate",
    "priority",
)


class PositionShape(Body):
    """WGS 84, decimal degrees."""

    lon: Annotated[float, Field(ge=-180, le=180, strict=False)]
    lat: Annotated[float, Field(ge=-90, le=90, strict=False)]

    def position(self) -> Position:
        """Return the value behind it."""
        return Position(self.lon, self.lat)


class CameraBody(Body):
    """A camera to register. Credentials may stand in the URL or apart; they are sealed."""

    name: str
    unit_code: str
    url: str
    position: PositionShape | None = None
    username: str | None = None
    password: SecretStr | None = None
    enabled: bool = True
    transport: Transport = "tcp"
    tags: list[str] = Field(default_factory=list)
    gate: Gate = "auto"
    priority: Priority = 0


class CameraPatch(Body):
    """Changes to a camera; what is left out stays. ``username`` null removes the credentials.

    With ``version`` the change is refused (412) where somebody else has changed the camera since.
    """

    name: str | None = None
    unit_code: str | None = None
    url: str | None = None
    position: PositionShape | None = None
    username: str | None = None
    password: SecretStr | None = None
    enabled: bool | None = None
    transport: Transport | None = None
    tags: list[str] | None = None
    gate: Gate | None = None
    priority: Priority | None = None
    version: int | None = None


class CameraShape(BaseModel):
    """A camera. ``status`` is null where it is disabled. Times are RFC 3339 in UTC.

    ``gate`` off: always decode all of it. The lowest ``priority`` (0 to 9) gives way first where a
    node is overloaded.
    """

    id: str
    name: str
    unit_code: str
    unit_name_vi: str
    unit_name_en: str
    url: str
    position: PositionShape | None
    enabled: bool
    transport: Transport
    tags: list[str]
    has_credentials: bool
    gate: Gate
    priority: int
    version: int
    created_at: str
    updated_at: str
    status: CameraStatus | None


class CameraPage(BaseModel):
    """Cameras by name."""

    items: list[CameraShape]
    next_cursor: str | None


@router.get("/api/v1/cameras", **permission(Action.CAMERA_VIEW))
async def list_cameras(
    deps: Deps,
    scope: Granted,
    unit: str = "",
    q: Annotated[str, Query(max_length=120)] = "",
    tag: Annotated[str, Query(max_length=40)] = "",
    enabled: bool | None = None,
    limit: Limit = 100,
    cursor: str = "",
) -> CameraPage:
    """List cameras in the caller's units."""
    after = decode_cursor(cursor, tuple[str, str]) if cursor else None
    found = await deps.registry.list(scope, CameraFilter(unit, q, tag, enabled), after, limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return CameraPage(
        items=[_shape(deps, camera) for camera in page],
        next_cursor=encode_cursor((page[-1].name, page[-1].id)) if more else None,
    )


@router.post("/api/v1/cameras", status_code=201, **permission(Action.CAMERA_MANAGE, also=(409,)))
async def add_camera(deps: Deps, scope: Granted, body: CameraBody) -> CameraShape:
    """Register a camera."""
    new = NewCamera(
        body.name,
        body.unit_code,
        body.url,
        body.position.position() if body.position else None,
        _credentials(body.username, body.password),
        body.enabled,
        body.transport,
        tuple(body.tags),
        body.gate,
        body.priority,
    )
    return _shape(deps, await deps.registry.add(new, scope))


@router.get("/api/v1/cameras/{camera_id}", **permission(Action.CAMERA_VIEW))
async def get_camera(deps: Deps, scope: Granted, camera_id: str) -> CameraShape:
    """Show one camera."""
    return _shape(deps, await deps.registry.get(camera_id, scope))


@router.patch("/api/v1/cameras/{camera_id}", **permission(Action.CAMERA_MANAGE, also=(409, 412)))
async def change_camera(
    deps: Deps, scope: Granted, camera_id: str, body: CameraPatch
) -> CameraShape:
    """Change a camera."""
    return _shape(deps, await deps.registry.update(camera_id, _change(body), scope))


@router.delete("/api/v1/cameras/{camera_id}", status_code=204, **permission(Action.CAMERA_MANAGE))
async def remove_camera(deps: Deps, scope: Granted, camera_id: str) -> None:
    """Remove a camera; its events stay."""
    await deps.registry.remove(camera_id, scope)


def _credentials(username: str | None, password: SecretStr | None) -> Credentials | None:
    if username is None:
        if password is not None:
            raise InvalidError("password: needs a username", code="credentials")
        return None
    return Credentials(username, password.get_secret_value() if password else "")


def _change(body: CameraPatch) -> CameraChange:
    given = body.model_fields_set
    for field in _NEVER_NULL:
        if field in given and getattr(body, field) is None:
            raise InvalidError(f"{field}: must not be null", code="validation")
    touched = bool({"username", "password"} & given)
    return CameraChange(
        name=body.name if body.name is not None else UNSET,
        unit_code=body.unit_code if body.unit_code is not None else UNSET,
        url=body.url if body.url is not None else UNSET,
        position=(body.position.position() if body.position else None)
        if "position" in given
        else UNSET,
        credentials=_credentials(body.username, body.password) if touched else UNSET,
        enabled=body.enabled if body.enabled is not None else UNSET,
        transport=body.transport if body.transport is not None else UNSET,
        tags=tuple(body.tags) if body.tags is not None else UNSET,
        gate=body.gate if body.gate is not None else UNSET,
        priority=body.priority if body.priority is not None else UNSET,
        version=body.version,
    )


def _shape(deps: ApiDeps, camera: Camera) -> CameraShape:
    unit = deps.units.get(camera.unit_code)
    state = deps.states.status(camera)
    position = camera.position
    return CameraShape(
        id=camera.id,
        name=camera.name,
        unit_code=camera.unit_code,
        unit_name_vi=unit.name_vi,
        unit_name_en=unit.name_en,
        url=camera.url,
        position=PositionShape(lon=position.lon, lat=position.lat) if position else None,
        enabled=camera.enabled,
        transport="udp" if camera.transport == "udp" else "tcp",
        tags=list(camera.tags),
        has_credentials=camera.has_credentials,
        gate="off" if camera.gate == "off" else "auto",
        priority=camera.priority,
        version=camera.version,
        created_at=us_to_iso(camera.created_us),
        updated_at=us_to_iso(camera.updated_us),
        status=camera_status(state) if state else None,
    )

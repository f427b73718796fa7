"""``/api/v1/cameras/{id}/ptz``: move a camera, stop it, its presets, and who holds it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import ConflictError, InvalidError
from camera_registry.device_host import device_elsewhere
from camera_registry.model import Camera
from camera_registry.ptz import MAX_LOCK_S, PtzAction, PtzAnswer, PtzOrder, PtzPreset
from camera_registry.scope import Scope
from ioc_api.access.guard import Granted, Me, permission
from ioc_api.access.rbac import ROLE_ACTIONS, Action, Principal, Role
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.web.shapes import Body

router = APIRouter(tags=["ptz"])

PRIORITY: dict[Role, int] = {
    Role.ENGINEER: 1,
    Role.OPERATOR: 2,
    Role.POLICE_LIAISON: 3,
    Role.ADMINISTRATOR: 4,
}
"""Who takes a camera over from whom: a higher number from a lower one."""

Share = Annotated[float, Field(ge=-1, le=1, strict=False)]
_NEEDS_PRESET = (PtzAction.GOTO, PtzAction.REMOVE)


class PtzBody(Body):
    """An order. ``pan``, ``tilt``, ``zoom`` are speeds of a ``move`` and parts of a ``step``.

    A ``move`` goes on for 1.5 s: repeat it for as long as somebody holds on. ``preset`` is the
    token of a preset to go to, to ``set`` anew or to ``remove``; ``set`` without one makes one,
    called ``name``. ``seconds`` is for how long a ``lock`` is wanted.
    """

    action: Annotated[PtzAction, Field(strict=False)]
    pan: Share = 0.0
    tilt: Share = 0.0
    zoom: Share = 0.0
    preset: Annotated[str, Field(max_length=64)] = ""
    name: Annotated[str, Field(max_length=64)] = ""
    seconds: Annotated[float, Field(ge=0, le=MAX_LOCK_S, strict=False)] = 0.0


class HolderShape(BaseModel):
    """Who holds a camera, and until when unless it is moved again (RFC 3339)."""

    name: str
    mine: bool
    priority: int
    until: str


class PtzShape(BaseModel):
    """How the motors are. ``presets`` is given where they were asked for or have changed."""

    moving: bool
    holder: HolderShape | None
    presets: list[PtzPreset] | None


@router.get("/api/v1/cameras/{camera_id}/ptz", **permission(Action.CAMERA_PTZ, also=(409,)))
async def get_ptz(deps: Deps, me: Me, scope: Granted, camera_id: str) -> PtzShape:
    """Show the presets of a camera, whether it moves and who holds it."""
    return await _ordered(deps, me, scope, camera_id, PtzBody(action=PtzAction.PRESETS))


@router.post("/api/v1/cameras/{camera_id}/ptz", **permission(Action.CAMERA_PTZ, also=(409,)))
async def order_ptz(deps: Deps, me: Me, scope: Granted, camera_id: str, body: PtzBody) -> PtzShape:
    """Give an order to the motors.

    Answers 409 (``ptz_locked``) where somebody of the same or a higher priority holds the camera.
    """
    if body.action in _NEEDS_PRESET and not body.preset:
        raise InvalidError("preset: say which one", code="preset")
    if not (body.preset + body.name).isprintable():
        raise InvalidError("preset, name: printable characters only", code="preset")
    return await _ordered(deps, me, scope, camera_id, body)


async def _ordered(
    deps: ApiDeps, me: Principal, scope: Scope, camera_id: str, body: PtzBody
) -> PtzShape:
    stored = await deps.registry.stored(camera_id, scope)
    camera = stored.camera
    can = camera.details.capabilities
    if not can.ptz or not can.onvif_url:
        raise ConflictError(
            "This camera cannot be moved",
            hint="probe its ONVIF device; its abilities are kept with the camera",
            code="no_ptz",
        )
    if device_elsewhere(camera):
        raise ConflictError(
            "The ONVIF device of this camera is at another host than its stream",
            hint="correct the address of its device service",
            code="onvif_elsewhere",
        )
    order = PtzOrder(
        body.action,
        me.id,
        me.display_name or me.username,
        priority_of(me, camera),
        can.onvif_url,
        *stored.login,
        body.pan,
        body.tilt,
        body.zoom,
        body.preset,
        body.name,
        body.seconds,
        can.source_token,
    )
    return _shape(await deps.ptz.order(camera_id, order), me, body.action)


def priority_of(me: Principal, camera: Camera) -> int:
    """Return the highest priority among the grants by which somebody may move this camera."""
    return max(
        (
            PRIORITY.get(grant.role, 0)
            for grant in me.grants
            if Action.CAMERA_PTZ in ROLE_ACTIONS[grant.role]
            and grant.scope.allows(camera.unit_code, camera.groups)
        ),
        default=0,
    )


def _shape(answer: PtzAnswer, me: Principal, action: PtzAction) -> PtzShape:
    holder = answer.holder
    listed = action in (PtzAction.PRESETS, PtzAction.SET, PtzAction.REMOVE)
    return PtzShape(
        moving=answer.moving,
        holder=HolderShape(
            name=holder.actor_name,
            mine=holder.actor_id == me.id,
            priority=holder.priority,
            until=us_to_iso(holder.until_us),
        )
        if holder is not None
        else None,
        presets=list(answer.presets) if listed else None,
    )

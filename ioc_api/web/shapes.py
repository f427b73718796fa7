"""Shapes of JSON that several routes share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from camera_registry.base.clock import us_to_iso
from camera_registry.model import CameraState, State
from camera_registry.scope import EVERYWHERE, Scope
from ioc_api.access.rbac import Grant, Role
from ioc_api.web.languages import Words

Limit = Annotated[int, Field(ge=1, le=500)]


class Body(BaseModel):
    """What a client sends: unknown fields are refused, and nothing is guessed from another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class GrantShape(Body):
    """A role within units and camera groups; ``["*"]`` means all of them."""

    role: Annotated[Role, Field(strict=False)]
    units: Annotated[list[Annotated[str, Field(max_length=8)]], Field(min_length=1, max_length=200)]
    groups: Annotated[
        list[Annotated[str, Field(max_length=36)]], Field(min_length=1, max_length=50)
    ] = [EVERYWHERE]

    def grant(self) -> Grant:
        """Return the value behind it."""
        return Grant(self.role, Scope.of(self.units, self.groups))


def grant_shapes(grants: Sequence[Grant]) -> list[GrantShape]:
    """Write grants as JSON: one for each product of units and groups."""
    return [
        GrantShape(
            role=grant.role,
            units=sorted(units),
            groups=[EVERYWHERE] if groups is None else sorted(groups),
        )
        for grant in grants
        for units, groups in grant.scope.products()
    ]


class CameraStatus(BaseModel):
    """How a camera is. Times are RFC 3339 in UTC; ``frame_at`` is the last video packet's.

    ``gate`` says what is decoded of it (asleep: its keyframes), ``gate_reason`` why, ``duty`` the
    share of the time that all of it is; empty and 0 where nobody analyses it. ``gate_threshold``:
    how many times the usual packets must be to wake it. The counts are those since the camera came
    to its worker: wakes (late ones, told by a keyframe only, among them), wakes that no pixel
    confirmed, audits, and audits that found what the sizes had not told. ``model`` is what it
    is looked at with, ``model_code`` and ``model_reason`` what stands against the one that is
    wanted.
    """

    state: State
    reason_code: str
    reason: Words
    since: str
    updated: str
    frame_at: str | None
    codec: str
    width: int
    height: int
    fps: float
    gate: str
    gate_reason: str
    duty: float
    analysis_fps: float
    gate_threshold: float
    gate_wakes: int
    gate_late_wakes: int
    gate_false_wakes: int
    gate_audits: int
    gate_misses: int
    model: str
    model_code: str
    model_reason: Words


class StateChange(CameraStatus):
    """How a camera is, on the event stream."""

    camera_id: str


def camera_status(state: CameraState) -> CameraStatus:
    """Write a state as JSON."""
    return CameraStatus.model_validate(_status_fields(state))


def state_change(state: CameraState) -> StateChange:
    """Write a state with its camera's id as JSON."""
    return StateChange.model_validate(_status_fields(state) | {"camera_id": state.camera_id})


def _status_fields(state: CameraState) -> dict[str, object]:
    return {
        "state": state.state,
        "reason_code": state.reason_code,
        "reason": state.reason,
        "since": us_to_iso(state.since_us),
        "updated": us_to_iso(state.updated_us),
        "frame_at": us_to_iso(state.frame_us) if state.frame_us else None,
        "codec": state.codec,
        "width": state.width,
        "height": state.height,
        "fps": round(state.fps, 2),
        "gate": state.gate,
        "gate_reason": state.gate_reason,
        "duty": round(state.duty, 3),
        "analysis_fps": round(state.analysis_fps, 2),
        "gate_threshold": round(state.gate_threshold, 2),
        "gate_wakes": state.gate_wakes,
        "gate_late_wakes": state.gate_late_wakes,
        "gate_false_wakes": state.gate_false_wakes,
        "gate_audits": state.gate_audits,
        "gate_misses": state.gate_misses,
        "model": state.model,
        "model_code": state.model_code,
        "model_reason": state.model_reason,
    }

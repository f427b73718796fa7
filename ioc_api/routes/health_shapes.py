"""The JSON of health."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from camera_registry.base.clock import us_to_iso
from camera_registry.health.model import HealthChange, Outage, SeenWindow, Target, Uptime
from ioc_api.web.languages import Words
from ioc_api.web.shapes import Body


class ChangeShape(BaseModel):
    """A state that a camera was in. ``until`` is null while it lasts. Times are RFC 3339 in UTC.

    States beside those of a camera: ``unwatched`` (no worker reports on it) and ``disabled``.
    """

    state: str
    reason_code: str
    reason: Words
    at: str
    until: str | None
    worker: str


class ChangePage(BaseModel):
    """Changes of one camera, the latest first."""

    items: list[ChangeShape]
    next_cursor: str | None


class UptimeShape(BaseModel):
    """How it was over a period. ``share`` is 0..1, null where nothing is known."""

    share: float | None
    live_s: float
    known_s: float
    falls: int
    cameras: int


class CameraHealth(BaseModel):
    """A camera's uptime over a period, whether it flaps, and since when it is dead."""

    since: str
    until: str
    uptime: UptimeShape
    flapping: bool
    dead_since: str | None
    maintenance: bool


class UnitHealth(BaseModel):
    """A unit's uptime over a period."""

    unit_code: str
    unit_name_vi: str
    unit_name_en: str
    uptime: UptimeShape


class UnitHealthList(BaseModel):
    """All units in scope that have cameras of which anything is known, and their sum."""

    since: str
    until: str
    total: UptimeShape
    items: list[UnitHealth]


class OutageShape(BaseModel):
    """A camera that gives no fresh pictures now."""

    camera_id: str
    camera_name: str
    unit_code: str
    state: str
    reason_code: str
    reason: Words
    dead_since: str


class OutagePage(BaseModel):
    """Dead cameras, the longest dead first."""

    items: list[OutageShape]
    next_cursor: str | None


class WindowBody(Body):
    """Work to announce: no alarm of these cameras in this time. Times are RFC 3339 with a zone."""

    target: Annotated[Target, Field(strict=False)]
    target_id: Annotated[str, Field(min_length=1, max_length=36)]
    begins: Annotated[str, Field(max_length=40)]
    ends: Annotated[str, Field(max_length=40)]
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class WindowShape(BaseModel):
    """A maintenance window. ``target_name`` is empty for a group."""

    id: str
    target: Target
    target_id: str
    target_name: str
    begins: str
    ends: str
    reason: str
    by: str
    created_at: str


class WindowPage(BaseModel):
    """Windows by their beginnings."""

    items: list[WindowShape]
    next_cursor: str | None


def change_shape(change: HealthChange) -> ChangeShape:
    """Write a change as JSON."""
    return ChangeShape(
        state=change.state,
        reason_code=change.reason_code,
        reason=change.reason,
        at=us_to_iso(change.at_us),
        until=None if change.until_us is None else us_to_iso(change.until_us),
        worker=change.worker,
    )


def uptime_shape(uptime: Uptime) -> UptimeShape:
    """Write an uptime as JSON."""
    return UptimeShape(
        share=None if uptime.share is None else round(uptime.share, 5),
        live_s=round(uptime.live_s, 1),
        known_s=round(uptime.known_s, 1),
        falls=uptime.falls,
        cameras=uptime.cameras,
    )


def outage_shape(outage: Outage) -> OutageShape:
    """Write an outage as JSON."""
    change = outage.change
    return OutageShape(
        camera_id=change.camera_id,
        camera_name=outage.camera_name,
        unit_code=change.unit_code,
        state=change.state,
        reason_code=change.reason_code,
        reason=change.reason,
        dead_since=us_to_iso(outage.since_us),
    )


def window_shape(seen: SeenWindow) -> WindowShape:
    """Write a window as JSON."""
    window = seen.window
    return WindowShape(
        id=window.id,
        target=window.target,
        target_id=window.target_id,
        target_name=seen.name,
        begins=us_to_iso(window.from_us),
        ends=us_to_iso(window.until_us),
        reason=window.reason,
        by=window.by.name,
        created_at=us_to_iso(window.created_us),
    )

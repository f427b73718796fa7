"""The JSON of a recorded event."""

from __future__ import annotations

from pydantic import BaseModel

from camera_registry.base.clock import us_to_iso
from ioc_api.events.records import Record


class BoxShape(BaseModel):
    """A rectangle in normalised picture coordinates, 0..1, origin at the top left."""

    x: float
    y: float
    w: float
    h: float


class EventShape(BaseModel):
    """A recorded event. ``seq`` is the order of recording; times are RFC 3339 in UTC.

    ``measured`` are the values that made it, with their unit in the name: ``wait_s``,
    ``mean_wait_s`` and ``waiting`` of a queue, ``occupancy`` of a crowd, ``dwell_s`` (and
    ``hidden_s``, how much of it was out of sight), ``stay_s``, ``still_s``, ``degrees`` from the
    allowed direction; null where its rule has none. ``silenced``: it tells of the camera itself,
    and a maintenance window covered the camera at that time.
    """

    id: str
    seq: int
    kind: str
    camera_id: str
    camera_name: str | None
    unit_code: str
    at: str
    arrived_at: str
    emitted_at: str
    recorded_at: str
    rule: str
    rule_version: int
    zone: str
    track_id: int
    label: str
    score: float
    box: BoxShape
    model: str
    worker: str
    snapshot: str | None
    measured: dict[str, float] | None
    silenced: bool


class EventPage(BaseModel):
    """Events, the latest recorded first."""

    items: list[EventShape]
    next_cursor: str | None


def event_shape(record: Record, silenced: frozenset[str]) -> EventShape:
    """Write a recorded event as JSON; ``silenced`` are the ids of those that are."""
    event = record.event
    return EventShape(
        id=event.id,
        seq=record.seq,
        kind=event.kind,
        camera_id=event.camera_id,
        camera_name=record.camera_name,
        unit_code=event.unit_code,
        at=us_to_iso(event.at_us),
        arrived_at=us_to_iso(event.arrival_us),
        emitted_at=us_to_iso(event.emitted_us),
        recorded_at=us_to_iso(record.recorded_us),
        rule=event.rule,
        rule_version=event.rule_version,
        zone=event.zone,
        track_id=event.track_id,
        label=event.label,
        score=event.score,
        box=BoxShape(x=event.box.x, y=event.box.y, w=event.box.w, h=event.box.h),
        model=event.model,
        worker=event.worker,
        snapshot=f"/api/v1/events/{event.id}/snapshot" if record.snapshot_key else None,
        measured=event.measured,
        silenced=event.id in silenced,
    )

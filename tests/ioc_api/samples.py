"""Events as a worker would send them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from analytics.events import Box, Event, EventMessage, encode_event
from camera_registry import subjects
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from tests.ioc_api.hub import UNIT_A

JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"


def event(**changes: Any) -> Event:
    """Return a good event of now, with changes."""
    now = SystemClock().utc_us()
    good = Event(
        id=new_id(now),
        kind="zone_enter",
        camera_id=new_id(now),
        unit_code=UNIT_A,
        at_us=now - 200_000,
        arrival_us=now - 100_000,
        emitted_us=now,
        rule="zone",
        rule_version=1,
        zone="everywhere",
        track_id=3,
        label="moving",
        score=0.75,
        box=Box(0.1, 0.2, 0.3, 0.4),
        model="moving-object",
        worker="w1",
    )
    return replace(good, **changes)


def message(value: Event, snapshot: bytes = JPEG) -> tuple[str, bytes]:
    """Return the subject and the body under which a worker appends an event."""
    subject = subjects.event(value.unit_code, value.camera_id, value.kind)
    return subject, encode_event(EventMessage(value, snapshot))

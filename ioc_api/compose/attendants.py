"""What answers out of a camera's ring in a worker: stills and clips."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from analytics.event_builder import SnapshotLimits, snapshot
from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from ingest.clips.desk import ClipDesk
from ingest.decoder import DecodedFrame
from ingest.ring import GopRing
from ingest.still_wire import MAX_STILL
from ingest.stills import StillDesk
from ingest.supervisor import Attend, Attendant

_STILL = SnapshotLimits(width=1280, size=MAX_STILL, qualities=(85, 70, 50))
_STILLS_AT_ONCE = 2
_CLIPS_AT_ONCE = 2


def attendants(bus: Bus, clock: Clock) -> Attend:
    """Return what makes them for each camera; the numbers at once are the worker's."""
    stills, clips = asyncio.Semaphore(_STILLS_AT_ONCE), asyncio.Semaphore(_CLIPS_AT_ONCE)

    def attend(camera_id: str, ring: GopRing) -> Sequence[Attendant]:
        return (
            StillDesk(camera_id, ring, bus=bus, make_jpeg=make_jpeg, room=stills),
            ClipDesk(camera_id, ring, bus=bus, clock=clock, room=clips),
        )

    return attend


def make_jpeg(frame: DecodedFrame) -> bytes:
    """Code a picture as ``ingest.stills`` wants it."""
    return snapshot(frame, _STILL)

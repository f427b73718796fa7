"""What serves a camera in the worker that holds it: stills, clips, motors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from analytics.event_builder import SnapshotLimits, snapshot
from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from camera_registry.vault import Vault
from ingest.camera_parts import Attend, Attendant
from ingest.clips.desk import ClipDesk
from ingest.decoder import DecodedFrame
from ingest.onvif.ptz import connecting
from ingest.onvif.ptz_desk import PtzDesk
from ingest.ring import GopRing
from ingest.still_wire import MAX_STILL
from ingest.stills import StillDesk

_STILL = SnapshotLimits(width=1280, size=MAX_STILL, qualities=(85, 70, 50))
_STILLS_AT_ONCE = 2
_CLIPS_AT_ONCE = 2


def attendants(bus: Bus, clock: Clock, vault: Vault, permits: Callable[[str], bool]) -> Attend:
    """Return what makes them for each camera; the numbers at once are the worker's."""
    connect = connecting(permits, clock)
    stills, clips = asyncio.Semaphore(_STILLS_AT_ONCE), asyncio.Semaphore(_CLIPS_AT_ONCE)

    def attend(camera_id: str, ring: GopRing) -> Sequence[Attendant]:
        return (
            StillDesk(camera_id, ring, bus=bus, make_jpeg=make_jpeg, room=stills),
            ClipDesk(camera_id, ring, bus=bus, clock=clock, room=clips),
            PtzDesk(camera_id, bus=bus, vault=vault, clock=clock, connect=connect),
        )

    return attend


def make_jpeg(frame: DecodedFrame) -> bytes:
    """Code a picture as ``ingest.stills`` wants it."""
    return snapshot(frame, _STILL)

"""Tells each change of a camera's state to the stream that keeps them.

The bucket of states forgets: it holds what is true now. Here a change waits until the bus has taken
it, in memory and in order; beyond the bound the oldest are given up, and counted.
"""

from __future__ import annotations

import asyncio
from collections import deque

import structlog
from prometheus_client import Counter

from camera_registry import subjects
from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from camera_registry.base.errors import UnavailableError
from camera_registry.health.model import HealthChange, change_of, encode_change
from camera_registry.model import CameraState, State

log = structlog.get_logger(__name__)

LOST = Counter("camhub_health_changes_lost", "Changes of state given up before the bus took them")

_AT_MOST = 20_000
_AGAIN_S = 2.0


class HealthLog:
    """Keeps the last word on each camera, so that a report that says nothing new is not sent."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._last: dict[str, tuple[str, str, int]] = {}
        self._waiting: deque[HealthChange] = deque()
        self._news = asyncio.Event()

    def note(self, state: CameraState) -> None:
        """Take a report; only a change of state or reason counts.

        Trying again is no change: a dead camera would else make two rows with every try.
        """
        word = (state.state.value, state.reason_code)
        last = self._last.get(state.camera_id)
        if last is not None and (last[:2] == word or state.state is State.CONNECTING):
            return
        at_us = state.since_us or state.updated_us
        if last is not None and at_us <= last[2]:
            at_us = max(state.updated_us, last[2] + 1)  # the state is the same, its reason is new
        self._last[state.camera_id] = (*word, at_us)
        self._waiting.append(change_of(state, at_us))
        if len(self._waiting) > _AT_MOST:
            self._waiting.popleft()
            LOST.inc()
        self._news.set()

    def forget(self, camera_id: str) -> None:
        """Another worker has the camera: what it says next is new."""
        self._last.pop(camera_id, None)

    async def run(self) -> None:
        """Send changes until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                change = self._waiting[0]
                try:
                    await self._bus.append(
                        subjects.health(change.camera_id),
                        encode_change(change),
                        message_id=f"{change.camera_id}.{change.at_us}.{change.state}",
                    )
                except UnavailableError as error:
                    log.warning("health_not_told", changes=len(self._waiting), reason=error.message)
                    await self._clock.sleep(_AGAIN_S)
                    continue
                if self._waiting and self._waiting[0] is change:
                    self._waiting.popleft()

"""Tells the states of a worker's cameras: to the bucket of states, the health log and metrics."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Callable

import msgspec
import structlog
from prometheus_client import Gauge

from camera_registry import subjects
from camera_registry.base.bus import Bus
from camera_registry.base.errors import UnavailableError
from camera_registry.model import CameraState, State
from ingest.health_log import HealthLog

log = structlog.get_logger(__name__)

CAMERAS = Gauge("camhub_cameras", "Cameras of this worker by state", ["state"])

_encode_state = msgspec.msgpack.Encoder().encode


class StateTeller:
    """Keeps the last state of each camera until the bus has taken it; an older one is dropped."""

    def __init__(self, bus: Bus, health: HealthLog | None = None) -> None:
        self._bus = bus
        self._health = health
        self._states: dict[str, CameraState] = {}
        self._unsaid: dict[str, CameraState] = {}
        self._news = asyncio.Event()

    def tell(self, state: CameraState) -> None:
        """Take a camera's state; ``run`` sends it."""
        self._states[state.camera_id] = state
        self._unsaid[state.camera_id] = state
        if self._health is not None:
            self._health.note(state)
        self._news.set()
        self._count()

    def again(self, camera_id: str, described: Callable[[CameraState], CameraState]) -> None:
        """Tell the last state at once with what has changed beside it."""
        known = self._states.get(camera_id)
        if known is not None:
            self.tell(described(known))

    def forget(self, camera_id: str) -> None:
        """Say nothing more of a camera that this worker does not hold any longer."""
        self._states.pop(camera_id, None)
        self._unsaid.pop(camera_id, None)
        if self._health is not None:
            self._health.forget(camera_id)
        self._count()

    async def run(self) -> None:
        """Send states until cancelled."""
        bucket = self._bus.bucket(subjects.STATES_BUCKET)
        while True:
            await self._news.wait()
            self._news.clear()
            while self._unsaid:
                camera_id, state = next(iter(self._unsaid.items()))
                del self._unsaid[camera_id]
                try:
                    await bucket.put(camera_id, _encode_state(state))
                except UnavailableError as error:
                    # the next report says it again; what is true now would be old by then
                    log.warning("states_not_told", reason=error.message)
                    self._unsaid.clear()

    def _count(self) -> None:
        tally = Tally(state.state for state in self._states.values())
        for state in State:
            CAMERAS.labels(state.value).set(tally[state])

"""Cameras and their states as the buckets on the bus tell them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import structlog

from camera_registry import subjects
from camera_registry.base.bus import Bus, Entry, Subscription
from camera_registry.model import CameraSpec, CameraState

log = structlog.get_logger(__name__)

_decode_spec = msgspec.msgpack.Decoder(CameraSpec).decode
_decode_state = msgspec.msgpack.Decoder(CameraState).decode

_LAST_US = 253_402_300_799_999_999
"""9999-12-31T23:59:59.999999Z: what RFC 3339 can write."""


class BucketDirectory:
    """Which cameras there are and how they are: the gateway needs no database."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._units: dict[str, str] = {}
        self._states: dict[str, CameraState] = {}
        self._listeners: list[Callable[[CameraState], None]] = []
        self._watches: list[Subscription] = []

    async def start(self) -> None:
        """Read what is there and follow the changes. Raises UnavailableError."""
        self._watches.append(await self._bus.bucket(subjects.SPECS_BUCKET).watch(self._on_spec))
        self._watches.append(await self._bus.bucket(subjects.STATES_BUCKET).watch(self._on_state))

    async def stop(self) -> None:
        """Follow no more."""
        while self._watches:
            await self._watches.pop().stop()

    def unit_of(self, camera_id: str) -> str | None:
        """Code of the camera's unit; None where there is no such enabled camera."""
        return self._units.get(camera_id)

    def state_of(self, camera_id: str) -> CameraState | None:
        """Last known state."""
        return self._states.get(camera_id)

    def listen(self, listener: Callable[[CameraState], None]) -> Callable[[], None]:
        """Call ``listener`` on each report; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def _on_spec(self, entry: Entry) -> None:
        if entry.value is None:
            self._units.pop(entry.key, None)
            return
        try:
            self._units[entry.key] = _decode_spec(entry.value).unit_code
        except msgspec.DecodeError as error:
            log.warning("spec_undecodable", camera=entry.key, error=str(error))

    async def _on_state(self, entry: Entry) -> None:
        if entry.value is None:
            self._states.pop(entry.key, None)
            return
        try:
            state = _decode_state(entry.value)
        except msgspec.DecodeError as error:
            log.warning("state_undecodable", camera=entry.key, error=str(error))
            return
        if not (0 <= state.since_us <= _LAST_US and 0 <= state.updated_us <= _LAST_US):
            log.warning("state_undecodable", camera=entry.key, error="a time out of range")
            return
        self._states[entry.key] = state
        for listener in tuple(self._listeners):
            listener(state)

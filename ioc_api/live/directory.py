"""Which cameras there are, as the specs on the bus tell: the gateway needs no database for that."""

from __future__ import annotations

import msgspec
import structlog

from camera_registry import subjects
from camera_registry.base.bus import Bus, Entry, Subscription
from camera_registry.model import CameraSpec

log = structlog.get_logger(__name__)

_decode = msgspec.msgpack.Decoder(CameraSpec).decode


class SpecDirectory:
    """Follows the bucket ``camera_specs``, which holds the enabled cameras."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._places: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._watch: Subscription | None = None

    async def start(self) -> None:
        """Read what is there and follow the changes. Raises UnavailableError."""
        self._watch = await self._bus.bucket(subjects.SPECS_BUCKET).watch(self._on_entry)

    async def stop(self) -> None:
        """Follow no more."""
        if self._watch is not None:
            await self._watch.stop()
            self._watch = None

    def unit_of(self, camera_id: str) -> str | None:
        """Code of the camera's unit; None where there is no such enabled camera."""
        place = self._places.get(camera_id)
        return None if place is None else place[0]

    def groups_of(self, camera_id: str) -> tuple[str, ...]:
        """Return the ids of the camera's groups; none where there is no such enabled camera."""
        place = self._places.get(camera_id)
        return () if place is None else place[1]

    async def _on_entry(self, entry: Entry) -> None:
        if entry.value is None:
            self._places.pop(entry.key, None)
            return
        try:
            spec = _decode(entry.value)
        except msgspec.DecodeError as error:
            # Who may see it is not known any more, so nobody may.
            self._places.pop(entry.key, None)
            log.warning("spec_unreadable", camera=entry.key, error=str(error))
            return
        if spec.id == entry.key:
            self._places[entry.key] = (spec.unit_code, spec.groups)

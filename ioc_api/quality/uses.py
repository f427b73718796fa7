"""Counts who uses cameras: live view by what gateways ask for, other systems by their tokens.

Kept are the hours of a day in which a camera was used, a bit each, so that several apis and
restarts count nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime

from camera_registry import subjects
from camera_registry.base.bus import Bus, Message
from camera_registry.base.clock import Clock
from camera_registry.base.ids import is_id
from camera_registry.base.tasks import keeping
from camera_registry.quality.model import Use
from camera_registry.quality.ports import QualityStore

EVERY_S = 60.0
_MOST = 200_000
"""Two kinds for each of a city's cameras; a camera that nobody registered is no reason for more."""


class UseCounter:
    """Runs until cancelled. ``now`` tells the city's time."""

    def __init__(
        self, bus: Bus, store: QualityStore, now: Callable[[], datetime], clock: Clock
    ) -> None:
        self._bus = bus
        self._store = store
        self._now = now
        self._clock = clock
        self._day = date.min
        self._hours: dict[tuple[str, Use], int] = {}
        self._kept: dict[tuple[str, Use], int] = {}

    async def run(self) -> None:
        """Listen and write for ever; without bus or database wait and try again."""
        await keeping(self._listen, self._clock, "use_counter")

    async def _listen(self) -> None:
        heard = await self._bus.subscribe(subjects.demand("*"), self._on_demand)
        try:
            while True:
                await self._clock.sleep(EVERY_S)
                await self.flush()
        finally:
            await heard.stop()

    def note(self, camera_ids: Iterable[str], use: Use) -> None:
        """Note that cameras are used now; does no I/O."""
        now = self._now()
        if now.date() != self._day:
            # the last minute of a day that could not be written is given up
            self._day, self._hours, self._kept = now.date(), {}, {}
        for camera_id in camera_ids:
            key = (camera_id, use)
            if key in self._hours or len(self._hours) < _MOST:
                self._hours[key] = self._hours.get(key, 0) | 1 << now.hour

    async def flush(self) -> None:
        """Write what is new. Raises a CamhubError; it is written the next time then."""
        day, hours = self._day, self._hours
        new = {key: bits for key, bits in hours.items() if self._kept.get(key) != bits}
        if new:
            await self._store.put_uses(day, new)
            if day == self._day:
                self._kept.update(new)

    async def _on_demand(self, message: Message) -> None:
        camera_id = message.subject.rpartition(".")[2]
        if is_id(camera_id):
            self.note([camera_id], Use.WALL)

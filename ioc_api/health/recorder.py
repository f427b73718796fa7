"""From the stream of state changes to the database; and what no worker tells: its own silence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import msgspec
import structlog

from camera_registry import subjects
from camera_registry.base.bus import Bus, Delivery
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, UnavailableError
from camera_registry.base.ids import is_id
from camera_registry.base.tasks import Backoff, retrying
from camera_registry.health.model import DISABLED, UNWATCHED, HealthChange, change_of, decode_change
from camera_registry.health.ports import HealthStore
from camera_registry.model import CameraState, State
from ioc_api.state_cache import NO_WORKER, StateCache

log = structlog.get_logger(__name__)

BATCH = 128
FETCH_S = 1.0
_FORGET_EVERY_S = 600.0
_FORGET_ROWS = 5000
_SWITCHED_OFF_S = 10.0
_SEEN = 200_000
"""Four turns of every camera of a city, should the database be away."""
_STATES = frozenset(state.value for state in State)
_FIRST_US = 946_684_800_000_000
_AHEAD_US = 3_600_000_000
"""What a worker dates this far ahead of our clock is not believed."""


class HealthRecorder:
    """Runs until cancelled; several may run at once: a change is known by camera and time."""

    def __init__(
        self, bus: Bus, store: HealthStore, states: StateCache, clock: Clock, kept_s: float
    ) -> None:
        self._bus = bus
        self._store = store
        self._states = states
        self._clock = clock
        self._kept_us = round(kept_s * 1e6)
        self._known: set[str] = set()
        self._silent: set[str] = set()
        self._seen: asyncio.Queue[HealthChange] = asyncio.Queue(_SEEN)

    async def run(self) -> None:
        """Record for ever; without bus or database wait and try again."""
        stop = self._states.listen(self._on_report)
        try:
            async with asyncio.TaskGroup() as group:
                for work in (self.record_once, self.note_once, self._switched_off, self._forget):
                    group.create_task(self._forever(work))
        finally:
            stop()

    async def _forever(self, work: Callable[[], Awaitable[None]]) -> None:
        await retrying(
            work,
            clock=self._clock,
            backoff=Backoff(base_s=0.5, cap_s=10.0),
            on_error=self._on_error,
        )

    async def record_once(self) -> None:
        """Record what the stream has now, at most one batch. Raises a CamhubError."""
        taken = await self._bus.fetch(
            subjects.HEALTH_STREAM, subjects.HEALTH_RECORDER, BATCH, FETCH_S
        )
        changes = [change for each in taken if (change := self._accept(each)) is not None]
        if changes:
            await self._store.add(changes)
        try:
            for delivery in taken:
                await delivery.ack()
        except UnavailableError as error:
            log.warning("acknowledgement_lost", reason=error.message)

    async def note_once(self) -> None:
        """Write what the reports have told: silence, and its end. Raises a CamhubError."""
        changes = [await self._seen.get()]
        while not self._seen.empty():
            changes.append(self._seen.get_nowait())
        try:
            await self._store.add(await self._explained(changes))
        except CamhubError:
            for change in changes:
                self._note(change)
            raise

    async def _explained(self, changes: Sequence[HealthChange]) -> Sequence[HealthChange]:
        """Say of a camera that fell silent because it was switched off that it is so."""
        silent = {change.camera_id for change in changes if change.state == UNWATCHED}
        off = await self._store.disabled(silent) if silent else frozenset()
        return [
            replace(change, state=DISABLED, reason_code=DISABLED, reason="")
            if change.state == UNWATCHED and change.camera_id in off
            else change
            for change in changes
        ]

    def _on_report(self, state: CameraState) -> None:
        """Note the first report of a camera, the first without a worker, and the first after."""
        camera_id = state.camera_id
        unwatched = state.reason_code == NO_WORKER
        if unwatched == (camera_id in self._silent) and camera_id in self._known:
            return
        self._known.add(camera_id)
        if unwatched:
            self._silent.add(camera_id)
            # a moment after the last report, which may be a row of its own
            change = change_of(state, state.since_us + 1)
            self._note(replace(change, state=UNWATCHED))
        else:
            self._silent.discard(camera_id)
            self._note(change_of(state, state.updated_us))

    def _note(self, change: HealthChange) -> None:
        try:
            self._seen.put_nowait(change)
        except asyncio.QueueFull:
            log.error("health_change_lost", camera=change.camera_id, state=change.state)

    def _accept(self, delivery: Delivery) -> HealthChange | None:
        try:
            change = decode_change(delivery.data)
        except (msgspec.MsgspecError, RecursionError):
            log.error("health_rejected", subject=delivery.subject[:200])
            return None
        texts = (change.unit_code, change.reason_code, change.reason, change.worker)
        sane = (
            is_id(change.camera_id)
            and delivery.subject == subjects.health(change.camera_id)
            and change.state in _STATES
            and len(change.unit_code) <= 8
            and all(len(text) <= 500 and "\0" not in text for text in texts)
            and _FIRST_US <= change.at_us <= self._clock.utc_us() + _AHEAD_US
        )
        if not sane:
            log.error("health_rejected", subject=delivery.subject[:200])
            return None
        return change

    async def _switched_off(self) -> None:
        await self._clock.sleep(_SWITCHED_OFF_S)
        await self._store.switched_off(self._clock.utc_us(), _FORGET_ROWS)

    async def _forget(self) -> None:
        await self._clock.sleep(_FORGET_EVERY_S)
        before_us = self._clock.utc_us() - self._kept_us
        while await self._store.forget(before_us, _FORGET_ROWS) >= _FORGET_ROWS:
            log.info("health_forgotten", changes=_FORGET_ROWS)

    async def _on_error(self, error: CamhubError, delay_s: float) -> None:
        log.warning("health_recorder_waits", reason=error.message, delay_s=round(delay_s, 2))

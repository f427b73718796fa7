"""From the stream of counts to the database: decode, check, write, then acknowledge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import msgspec
import structlog
from prometheus_client import Counter

from analytics.series import CountBatch, CountRecord, decode_counts
from camera_registry import subjects
from camera_registry.base.bus import Bus, Delivery
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, InvalidError, UnavailableError
from camera_registry.base.ids import is_id
from camera_registry.base.tasks import Backoff, retrying

log = structlog.get_logger(__name__)

COUNTED = Counter("camhub_counts_recorded", "Records of counts written to the database.")
REFUSED = Counter("camhub_counts_rejected", "Messages that are no acceptable counts.")

BATCH = 64
FETCH_S = 1.0
MAX_RECORDS = 32 * 129
_FIRST_US = 946_684_800_000_000
_LAST_US = 253_402_300_799_999_999


class CountStore(Protocol):
    """Where counts are kept."""

    async def add(self, batches: Sequence[CountBatch]) -> None:
        """Write batches once. Raises InvalidError where a value is refused."""
        ...

    async def list(
        self, camera_id: str, since_us: int, until_us: int, rule: str, limit: int
    ) -> Sequence[CountRecord]:
        """Return up to ``limit`` records of a camera by time; ``rule`` empty means all."""
        ...


class CountRecorder:
    """Runs until cancelled; several may run at once: the batch's id makes the second time harmless.

    What is no acceptable batch is logged, counted and acknowledged: sent again it would be no
    better, and a count is not worth a place of its own.
    """

    def __init__(self, bus: Bus, store: CountStore, clock: Clock) -> None:
        self._bus = bus
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Record for ever; without bus or database wait and try again."""
        await retrying(
            self.run_once,
            clock=self._clock,
            backoff=Backoff(base_s=0.5, cap_s=10.0),
            on_error=self._on_error,
        )

    async def run_once(self) -> None:
        """Record what the stream has now, at most one batch.

        Raises a CamhubError where something is out of reach; nothing was acknowledged then.
        """
        taken = await self._bus.fetch(
            subjects.COUNTS_STREAM, subjects.COUNTS_RECORDER, BATCH, FETCH_S
        )
        batches = [batch for delivery in taken if (batch := _accept(delivery)) is not None]
        if batches:
            await self._write(batches)
        try:
            for delivery in taken:
                await delivery.ack()
        except UnavailableError as error:
            log.warning("acknowledgement_lost", reason=error.message)

    async def _write(self, batches: list[CountBatch]) -> None:
        """Write all together; where the database refuses a value, find out whose and drop it."""
        try:
            await self._store.add(batches)
            COUNTED.inc(sum(len(batch.records) for batch in batches))
        except InvalidError as error:
            if len(batches) == 1:
                _refuse(batches[0].camera_id, error.message)
                return
            for batch in batches:
                await self._write([batch])

    async def _on_error(self, error: CamhubError, delay_s: float) -> None:
        log.warning("count_recorder_waits", reason=error.message, delay_s=round(delay_s, 2))


def _accept(delivery: Delivery) -> CountBatch | None:
    try:
        return checked_counts(decode_counts(delivery.data), delivery.subject)
    except (msgspec.MsgspecError, RecursionError):
        _refuse(delivery.subject[:200], "is no message of counts")
    except InvalidError as error:
        _refuse(delivery.subject[:200], error.message)
    return None


def _refuse(what: str, reason: str) -> None:
    REFUSED.inc()
    log.error("counts_rejected", what=what, reason=reason)


def checked_counts(batch: CountBatch, subject: str) -> CountBatch:
    """Return the batch. Raises InvalidError where a field is nothing that could be."""
    if not is_id(batch.id) or not is_id(batch.camera_id) or len(batch.records) > MAX_RECORDS:
        raise InvalidError("has an id that cannot be, or too many records")
    if subject != subjects.count(batch.camera_id):
        raise InvalidError("stands under a subject that is not its own")
    for one in batch.records:
        texts = (one.rule, one.zone, one.kind, one.measure, one.direction, one.label)
        fine = (
            all(len(text) <= 200 and text.isprintable() for text in texts)
            and _FIRST_US <= one.start_us <= _LAST_US
            and 0 < one.seconds <= 86_400
            and 0 <= one.rule_version < 2**31
            and 0 < one.weight < 2**31
            and math.isfinite(one.value)
        )
        if not fine:
            raise InvalidError("has a record that cannot be")
    return batch

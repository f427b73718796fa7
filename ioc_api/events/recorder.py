"""From the event stream to the database: decode, check, keep the picture, upsert, then acknowledge.

The order is what makes it safe to kill at any moment: blob, then row, then acknowledgement. What
was not acknowledged is delivered again, and the event's id makes the second time harmless. A
message that is no acceptable event is kept in ``events_rejected``, in the same transaction.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import msgspec
import structlog
from prometheus_client import Counter, Histogram

from analytics.events import Box, Event, decode_event
from camera_registry import subjects
from camera_registry.base.bus import Bus, Delivery
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, InvalidError, UnavailableError
from camera_registry.base.ids import is_id
from camera_registry.base.tasks import Backoff, retrying
from camera_registry.units import Units
from ioc_api.events.records import EventStore, NewRecord, Rejected

log = structlog.get_logger(__name__)

RECORDED = Counter("camhub_events_recorded", "Events written to the database.")
REJECTED = Counter("camhub_events_rejected", "Messages that are no acceptable event, and pictures.")
LAG = Histogram(
    "camhub_recorder_lag_seconds",
    "Seconds from the event's making to its commit.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)

BATCH = 32
FETCH_S = 1.0
MAX_SNAPSHOT = 4 * 2**20
HEAD_KEPT = 4096
MAX_MEASURED = 8
_AT_ONCE = 8
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")
_FIRST_US = 946_684_800_000_000
"""2000-01-01T00:00:00Z: no camera of this hub saw anything before."""
_LAST_US = 253_402_300_799_999_999
"""9999-12-31T23:59:59.999999Z, the last instant that RFC 3339 can write."""


class BlobWriter(Protocol):
    """Where snapshots are kept."""

    async def put(self, key: str, data: bytes) -> None:
        """Store a blob whole or not at all. Raises StorageError or UnavailableError."""
        ...


@dataclass(frozen=True, slots=True)
class _Item:
    """A delivery that holds an acceptable event."""

    delivery: Delivery
    event: Event
    snapshot: bytes

    @property
    def key(self) -> str:
        return snapshot_key(self.event) if self.snapshot else ""


class Recorder:
    """Runs until cancelled; several may run at once."""

    def __init__(
        self, bus: Bus, events: EventStore, blobs: BlobWriter, units: Units, clock: Clock
    ) -> None:
        self._bus = bus
        self._events = events
        self._blobs = blobs
        self._units = units
        self._clock = clock
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Record for ever; without bus, database or disk wait and try again."""
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
            subjects.EVENTS_STREAM, subjects.EVENTS_RECORDER, BATCH, FETCH_S
        )
        if taken:
            await self._record(taken)

    async def _record(self, taken: Sequence[Delivery]) -> None:
        items, rejected = self._sort(taken)
        try:
            known = await self._events.known([item.event.id for item in items])
            await self._keep_pictures(item for item in items if item.event.id not in known)
            fresh = await self._write(items, list(rejected.values()))
        except CamhubError:
            await self._give_back(taken)
            raise
        now = self._clock.utc_us()
        for item in items:
            if item.event.id in fresh:
                LAG.observe(max(0, now - item.event.emitted_us) / 1e6)
        RECORDED.inc(len(fresh))
        REJECTED.inc(len(rejected))
        try:
            for delivery in taken:
                await delivery.ack()
            if fresh:
                await self._bus.publish(subjects.EVENT_RECORDED, b"")
        except UnavailableError as error:
            # The rows are there; what is delivered again changes nothing.
            log.warning("acknowledgement_lost", reason=error.message)

    def _sort(self, taken: Sequence[Delivery]) -> tuple[list[_Item], dict[str, Rejected]]:
        """Part the acceptable from the rest; of two with the same id the first counts."""
        items: dict[str, _Item] = {}
        rejected: dict[str, Rejected] = {}
        for delivery in taken:
            try:
                item = self._accept(delivery)
            except InvalidError as error:
                poison = self._reject(delivery, error.message)
                rejected[poison.digest] = poison
                continue
            items.setdefault(item.event.id, item)
        return list(items.values()), rejected

    def _accept(self, delivery: Delivery) -> _Item:
        try:
            message = decode_event(delivery.data)
        except (msgspec.MsgspecError, RecursionError):
            raise InvalidError("is no event message") from None
        event = checked_event(message.event, self._units)
        if delivery.subject != subjects.event(event.unit_code, event.camera_id, event.kind):
            raise InvalidError("stands under a subject that is not its own")
        snapshot = message.snapshot
        if snapshot and (len(snapshot) > MAX_SNAPSHOT or not snapshot.startswith(b"\xff\xd8\xff")):
            log.warning("snapshot_refused", event_id=event.id, size=len(snapshot))
            REJECTED.inc()
            snapshot = b""
        return _Item(delivery, event, snapshot)

    def _reject(self, delivery: Delivery, reason: str) -> Rejected:
        log.error(
            "event_rejected",
            subject=delivery.subject[:200],
            sequence=delivery.sequence,
            reason=reason,
            size=len(delivery.data),
        )
        return Rejected(
            digest=hashlib.sha256(delivery.subject.encode() + b"\0" + delivery.data).hexdigest(),
            subject=delivery.subject[:500],
            reason=reason,
            size=len(delivery.data),
            head=delivery.data[:HEAD_KEPT],
            rejected_us=self._clock.utc_us(),
        )

    async def _keep_pictures(self, items: Iterable[_Item]) -> None:
        async def keep(item: _Item) -> None:
            async with self._turns:
                await self._blobs.put(item.key, item.snapshot)

        results = await asyncio.gather(
            *(keep(item) for item in items if item.snapshot), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _write(self, items: Sequence[_Item], rejected: list[Rejected]) -> set[str]:
        """Commit one batch; where the database refuses a value, find out whose and reject it."""
        now = self._clock.utc_us()
        records = [NewRecord(item.event, now, item.key) for item in items]
        try:
            return await self._events.record(records, rejected)
        except InvalidError:
            log.warning("batch_refused", events=len(records))
        fresh: set[str] = set()
        for item, record in zip(items, records, strict=True):
            try:
                fresh |= await self._events.record([record], [])
            except InvalidError as error:
                rejected.append(self._reject(item.delivery, error.message))
        await self._events.record([], rejected)
        return fresh

    async def _give_back(self, taken: Sequence[Delivery]) -> None:
        try:
            for delivery in taken:
                await delivery.nak(min(30.0, 0.5 * 2 ** min(delivery.generation, 6)))
        except UnavailableError:
            log.warning("give_back_failed", messages=len(taken))

    async def _on_error(self, error: CamhubError, delay_s: float) -> None:
        log.warning("recorder_waits", reason=error.message, delay_s=round(delay_s, 2))


def snapshot_key(event: Event) -> str:
    """Name the blob of an event's picture, from its own checked fields."""
    day = datetime.fromtimestamp(event.at_us // 1_000_000, tz=UTC)
    return f"events/{event.unit_code}/{day:%Y/%m/%d}/{event.id}.jpg"


def checked_event(event: Event, units: Units) -> Event:
    """Return the event with its box and score within 0..1.

    Raises InvalidError where a field is nothing that the database, a blob's name or a reader could
    take: what comes from a worker is input like any other.
    """
    texts = (event.rule, event.zone, event.label, event.model, event.worker)
    times = (event.at_us, event.arrival_us, event.emitted_us)
    box = event.box
    numbers = (event.score, box.x, box.y, box.w, box.h)
    measured = event.measured or {}
    for wrong, what in (
        (not is_id(event.id), "id"),
        (not is_id(event.camera_id), "camera_id"),
        (_KIND.fullmatch(event.kind) is None, "kind"),
        (event.unit_code not in units, "unit_code"),
        (any(len(text) > 200 or not text.isprintable() for text in texts), "text"),
        (any(not _FIRST_US <= time <= _LAST_US for time in times), "time"),
        (not 0 <= event.rule_version < 2**31, "rule_version"),
        (not 0 <= event.track_id < 2**63, "track_id"),
        (not all(math.isfinite(number) for number in numbers), "number"),
        (len(measured) > MAX_MEASURED, "measured"),
        (any(_KIND.fullmatch(name) is None for name in measured), "measured"),
        (not all(math.isfinite(number) for number in measured.values()), "measured"),
    ):
        if wrong:
            raise InvalidError(f"has a field that cannot be: {what}")
    clamped = Box(*(min(1.0, max(0.0, value)) for value in numbers[1:]))
    return replace(event, box=clamped, score=min(1.0, max(0.0, event.score)))

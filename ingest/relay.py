"""Live packets to the gateways, only while one of them wants this camera."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque

import msgspec
import structlog
from prometheus_client import Counter

from camera_registry import subjects
from camera_registry.base.bus import Bus, Message, Subscription
from camera_registry.base.clock import Clock
from camera_registry.base.errors import UnavailableError
from ingest.live_wire import Demand, encode_packet
from ingest.packets import Packet
from ingest.ring import GopRing

log = structlog.get_logger(__name__)

SENT = Counter("camhub_live_packets_total", "Live packets sent to gateways")
SENT_BYTES = Counter("camhub_live_bytes_total", "Bytes of live video sent to gateways")
DROPPED = Counter("camhub_live_packets_dropped_total", "Live packets dropped", ["reason"])

_MAX_QUEUED = 256
_MAX_TTL_S = 30.0
_MAX_GATEWAYS = 64
_MAX_INBOX = 200

_decode = msgspec.msgpack.Decoder(Demand).decode


class LiveRelay:
    """Answers the demand for one camera.

    ``push`` is called in the session's thread, after the same packet went into ``ring``. It costs
    one comparison while nobody watches. On a demand with ``prime`` publishing is switched on first
    and the ring is read after it: a packet is in the ring, or on the live subject, or in both, and
    never in neither; receivers drop the doubles by (epoch, seq).
    """

    def __init__(self, camera_id: str, ring: GopRing, *, bus: Bus, clock: Clock) -> None:
        self._camera_id = camera_id
        self._ring = ring
        self._bus = bus
        self._clock = clock
        self._wanted_until = float("-inf")
        self._gateways: dict[str, float] = {}
        self._lock = threading.Lock()
        self._queue: deque[Packet] = deque()
        self._to_keyframe = False
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Listen for demand. Raises UnavailableError while the bus cannot be reached."""
        self._loop = asyncio.get_running_loop()
        self._subscription = await self._bus.subscribe(
            subjects.demand(self._camera_id), self._on_demand
        )
        self._task = asyncio.create_task(self._publish_all(), name=f"relay-{self._camera_id}")

    async def stop(self) -> None:
        """Stop listening and publishing."""
        self._wanted_until = float("-inf")
        if self._subscription is not None:
            await self._subscription.stop()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def wanted(self) -> bool:
        """Whether any gateway wants this camera now."""
        return self._clock.monotonic() < self._wanted_until

    def push(self, packet: Packet) -> None:
        """Send a packet if anybody wants it; where the event loop is behind, go to the next
        keyframe.
        """
        if not self.wanted:
            return
        with self._lock:
            if len(self._queue) >= _MAX_QUEUED:
                DROPPED.labels("behind").inc(len(self._queue))
                self._queue.clear()
                self._to_keyframe = True
            if self._to_keyframe and not packet.keyframe:
                DROPPED.labels("behind").inc()
                return
            self._to_keyframe = False
            self._queue.append(packet)
            first = len(self._queue) == 1
        if first and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _on_demand(self, message: Message) -> None:
        try:
            demand = _decode(message.data)
        except msgspec.DecodeError:
            log.warning("demand_unreadable", camera=self._camera_id, size=len(message.data))
            return
        now = self._clock.monotonic()
        known = {name: until for name, until in self._gateways.items() if until > now}
        if demand.gateway in known or len(known) < _MAX_GATEWAYS:
            # Written so that NaN counts as nothing.
            known[demand.gateway] = now + (min(demand.ttl_s, _MAX_TTL_S) if demand.ttl_s > 0 else 0)
        self._gateways = known
        self._wanted_until = max(known.values(), default=now)
        if demand.prime and _is_plain_subject(demand.inbox):
            await self._prime(demand.inbox)

    async def _prime(self, inbox: str) -> None:
        try:
            for packet in self._ring.snapshot():
                await self._send(inbox, packet)
        except UnavailableError as error:
            log.warning("prime_failed", camera=self._camera_id, reason=error.message)

    async def _publish_all(self) -> None:
        subject = subjects.live(self._camera_id)
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (packet := self._next()) is not None:
                try:
                    await self._send(subject, packet)
                except UnavailableError:
                    self._give_up()

    def _next(self) -> Packet | None:
        with self._lock:
            return self._queue.popleft() if self._queue else None

    def _give_up(self) -> None:
        """No bus, no viewer: what waits is stale, and the next viewer needs a keyframe."""
        with self._lock:
            DROPPED.labels("bus").inc(len(self._queue) + 1)
            self._queue.clear()
            self._to_keyframe = True

    async def _send(self, subject: str, packet: Packet) -> None:
        for part in encode_packet(self._camera_id, packet, self._bus.max_payload):
            await self._bus.publish(subject, part)
            SENT_BYTES.inc(len(part))
        SENT.inc()


def _is_plain_subject(subject: str) -> bool:
    """Whether something can be published on it: no wildcard, no empty token, no space."""
    tokens = subject.split(".")
    return (
        len(subject) <= _MAX_INBOX
        and subject.isascii()
        and subject.isprintable()
        and all(token and token not in ("*", ">") and " " not in token for token in tokens)
    )

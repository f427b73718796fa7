"""One camera taken from the bus for all viewers of this gateway."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import structlog

from camera_registry import subjects
from camera_registry.base.bus import Bus, Message
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, UnavailableError
from camera_registry.base.tasks import Backoff, retrying
from ingest.live_wire import Demand, Reassembler
from ingest.packets import Packet
from ioc_api.live import metrics
from ioc_api.live.merge import GopBuffer, Merger, Taken

log = structlog.get_logger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_I64 = 1 << 63
_CODECS = frozenset({"h264", "hevc", "mjpeg"})


@dataclass(frozen=True, slots=True)
class HubLimits:
    """Times in seconds, sizes in bytes.

    ``silence_s`` without a packet makes the hub ask for the GOP again, then ever more seldom up to
    ``silence_cap_s``: a stalled camera's worker has nothing new to say.
    """

    demand_every_s: float = 2.0
    ttl_s: float = 6.0
    silence_s: float = 3.0
    silence_cap_s: float = 15.0
    starved_s: float = 1.0
    linger_s: float = 5.0
    gop_bytes: int = 16 << 20


class Sink(Protocol):
    """A viewer of one camera. Both calls return at once and never raise."""

    def prime(self, packets: Sequence[Packet]) -> None:
        """Begin with the buffered GOP, which may be empty."""
        ...

    def offer(self, packet: Packet) -> None:
        """Take the next packet."""
        ...


class CameraFeed:
    """Asks for a camera while it runs, and gives each packet to every sink, in order.

    All methods but :meth:`run` are plain calls from the event loop's thread.
    """

    def __init__(
        self, camera_id: str, gateway: str, bus: Bus, clock: Clock, limits: HubLimits
    ) -> None:
        self.camera_id = camera_id
        self.sinks: list[Sink] = []
        self._gateway = gateway
        self._inbox = f"_INBOX.{gateway}.{camera_id}"
        self._bus = bus
        self._clock = clock
        self._limits = limits
        self._merger = Merger(max_held_bytes=limits.gop_bytes)
        self._buffer = GopBuffer(limits.gop_bytes)
        self._poke = asyncio.Event()
        self._want_prime = True
        self._last_new = self._last_prime = clock.monotonic()
        self._silence = limits.silence_s
        self._old_epochs = 0
        self._changed = asyncio.Event()

    @property
    def gop(self) -> tuple[Packet, ...]:
        """The buffered GOP; empty while there is none."""
        return self._buffer.packets

    @property
    def reordered(self) -> bool:
        """Whether the stream has B-frames."""
        return self._buffer.reordered

    def attach(self, sink: Sink) -> None:
        """Add a viewer; it gets the buffered GOP at once."""
        self.sinks.append(sink)
        sink.prime(self._buffer.packets)

    def detach(self, sink: Sink) -> None:
        """Remove a viewer."""
        with contextlib.suppress(ValueError):
            self.sinks.remove(sink)

    def ask_prime(self) -> None:
        """Ask for the current GOP now, for example after a reconnect."""
        self._want_prime = True
        self._poke.set()

    async def first_gop(self, timeout_s: float) -> tuple[Packet, ...]:
        """Return the buffered GOP, waiting for one. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not self._buffer.packets:
                self._changed.clear()
                await self._changed.wait()
        return self._buffer.packets

    async def run(self) -> None:
        """Take the camera until cancelled; goes on by itself when the bus comes back."""
        await retrying(
            self._run_once, clock=self._clock, backoff=Backoff(0.5, 5.0), on_error=self._on_error
        )

    async def _on_error(self, error: CamhubError, delay_s: float) -> None:
        log.warning("feed_retry", camera=self.camera_id, error=str(error), delay_s=delay_s)

    async def _run_once(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            for subject, source in (
                (self._inbox, "prime"),
                (subjects.live(self.camera_id), "live"),
            ):
                handler = _Intake(self._take, source)
                subscription = await self._bus.subscribe(subject, handler)
                stack.push_async_callback(subscription.stop)
                stack.callback(handler.end)
            self._want_prime = True
            while True:
                await self._demand()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._limits.demand_every_s):
                        await self._poke.wait()
                self._poke.clear()

    async def _demand(self) -> None:
        now = self._clock.monotonic()
        if now - max(self._last_new, self._last_prime) >= self._silence:
            self._want_prime = True
            self._silence = min(self._silence * 2, self._limits.silence_cap_s)
            if self._old_epochs:
                # Nothing but packets older than what we had: their epoch is the one that lives.
                self._merger.reset()
        prime = self._want_prime
        demand = Demand(self._gateway, self._inbox, self._limits.ttl_s, prime)
        try:
            await self._bus.publish(subjects.demand(self.camera_id), _encode(demand))
        except UnavailableError:
            # The bus says so in its own log, and the hub asks again on its reconnect.
            self._want_prime = True
            return
        if prime:
            self._want_prime = False
            self._last_prime = now
            self._old_epochs = 0
            metrics.PRIMES.inc()

    def _take(self, packet: Packet, source: str) -> None:
        if not _sane(packet):
            metrics.REJECTED.labels("insane").inc()
            return
        metrics.PACKETS.labels(source).inc()
        gaps = self._merger.gaps
        merged = self._merger.push(packet)
        metrics.GAPS.inc(self._merger.gaps - gaps)
        now = self._clock.monotonic()
        if merged.taken is Taken.OLD_EPOCH:
            self._old_epochs += 1
        elif merged.taken is Taken.HELD and now - self._last_prime >= self._limits.starved_s:
            self.ask_prime()
        for ready in merged.ready:
            self._last_new, self._silence = now, self._limits.silence_s
            self._buffer.append(ready)
            for sink in tuple(self.sinks):
                sink.offer(ready)
        if merged.ready:
            self._changed.set()


class _Intake:
    """The handler of one subject: bytes to packets, whatever the bytes are."""

    def __init__(self, take: Callable[[Packet, str], None], source: str) -> None:
        self._take: Callable[[Packet, str], None] | None = take
        self._source = source
        self._reassembler = Reassembler()

    def end(self) -> None:
        """Take nothing any more."""
        self._take = None

    async def __call__(self, message: Message) -> None:
        """Handle one message of the bus."""
        if self._take is None:
            return
        try:
            packet = self._reassembler.push(message.data)
        except msgspec.DecodeError:
            metrics.REJECTED.labels("undecodable").inc()
            return
        if packet is not None:
            self._take(packet, self._source)


def _sane(packet: Packet) -> bool:
    """Whether the numbers fit the header of the WebSocket and the words are ones we pass on."""
    return (
        0 <= packet.epoch < _I64
        and 0 <= packet.seq < _I64
        and all(-_I64 <= each < _I64 for each in (packet.utc_us, packet.dts_us, packet.arrival_us))
        and bool(packet.data)
        and packet.info.codec in _CODECS
        and len(packet.info.codec_string) <= 64
        and 0 <= packet.info.width <= 16384
        and 0 <= packet.info.height <= 16384
    )

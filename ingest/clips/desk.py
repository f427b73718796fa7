"""Cuts clips out of one camera's ring for whoever asks on the bus."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from camera_registry import subjects
from camera_registry.base.bus import Bus, Message, Subscription
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, UnavailableError
from ingest.clips.cut import cut
from ingest.clips.model import Clip, ClipLimits
from ingest.clips.wire import ENOUGH, PART, ClipAnswer, ClipOrder, ClipPart, decode_order, encode
from ingest.packets import Packet
from ingest.ring import GopRing

log = structlog.get_logger(__name__)

MAX_S = 120.0
MAX_BYTES = 128 * 2**20
_ANSWER_S = 5.0
_LOOK_S = 0.2
_LATE_S = 10.0
_TELL_S = 0.5


class ClipDesk:
    """Takes one order at a time for its camera; ``room`` bounds those of the whole worker."""

    def __init__(
        self, camera_id: str, ring: GopRing, *, bus: Bus, clock: Clock, room: asyncio.Semaphore
    ) -> None:
        self._camera_id = camera_id
        self._ring = ring
        self._bus = bus
        self._clock = clock
        self._room = room
        self._work: asyncio.Task[None] | None = None
        self._stop = threading.Event()
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Listen. Raises UnavailableError while the bus cannot be reached."""
        self._subscription = await self._bus.subscribe(subjects.clip(self._camera_id), self._take)

    async def stop(self) -> None:
        """Listen no more; a clip that is being cut is given up."""
        self._stop.set()
        if self._subscription is not None:
            await self._subscription.stop()
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work

    async def _take(self, message: Message) -> None:
        if not message.reply:
            return
        try:
            order = decode_order(message.data)
        except msgspec.DecodeError:
            log.warning("clip_order_unreadable", camera=self._camera_id, size=len(message.data))
            return
        busy = self._room.locked() or (self._work is not None and not self._work.done())
        code = "clip_busy" if busy else "" if self._ring.snapshot() else "no_picture"
        if not 0 < order.seconds <= MAX_S or not 0 < order.max_bytes <= MAX_BYTES:
            code = "clip_interval"
        if not code:
            self._work = asyncio.create_task(self._serve(order), name=f"clip-{self._camera_id}")
        with contextlib.suppress(UnavailableError):
            await self._bus.publish(message.reply, encode(ClipAnswer(code)))

    async def _serve(self, order: ClipOrder) -> None:
        async with self._room:
            self._stop = threading.Event()
            try:
                with tempfile.TemporaryDirectory(prefix="camhub-clip-") as directory:
                    clip = await self._cut(order, Path(directory))
                    await self._send(order, clip)
            except UnavailableError as error:
                # the api has gone, or wants it no more: nobody is left to tell
                log.info("clip_given_up", camera=self._camera_id, reason=error.message)
            except CamhubError as error:
                with contextlib.suppress(UnavailableError):
                    await self._tell(order, ClipPart(code=error.code, error=error.message))

    async def _cut(self, order: ClipOrder, directory: Path) -> Clip:
        held = self._ring.gops()
        newest = held[-1].packets[-1].utc_us if held else self._clock.utc_us()
        oldest = held[0].packets[0].utc_us if held else newest
        begin = max(oldest, newest - round(order.seconds * 1e6))
        end = begin + round(order.seconds * 1e6)
        seen = [newest]
        work = asyncio.create_task(
            asyncio.to_thread(
                cut,
                self._follow(begin, end, seen),
                begin,
                end,
                directory / "clip.mp4",
                camera_id=self._camera_id,
                limits=ClipLimits(max_s=MAX_S, max_bytes=order.max_bytes),
                cancel=self._stop,
            )
        )
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=_TELL_S)
                share = (seen[0] - begin) / (end - begin)
                await self._tell(order, ClipPart(done=max(0.0, min(1.0, share))))
        except BaseException:
            # the thread sees the flag within a moment; its files go with the directory after that
            self._stop.set()
            await asyncio.gather(work, return_exceptions=True)
            raise
        return max((await work).clips, key=lambda clip: clip.packets)

    def _follow(self, begin: int, end: int, seen: list[int]) -> Iterator[Packet]:
        """Yield what the ring holds from ``begin`` on, then what comes; in the cutting thread."""
        packets = self._ring.since(begin)
        heard = self._clock.monotonic()
        until = heard + (end - begin) / 1e6 + _LATE_S  # whatever becomes of the camera's times
        last = (0, -1)
        while not self._stop.is_set():
            for packet in packets:
                last, seen[0] = (packet.epoch, packet.seq), packet.utc_us
                yield packet
            now = self._clock.monotonic()
            heard = now if packets else heard
            if seen[0] > end or now - heard > _LATE_S or now > until:
                return
            self._stop.wait(_LOOK_S)
            packets = self._ring.after(*last)

    async def _send(self, order: ClipOrder, clip: Clip) -> None:
        with clip.path.open("rb") as file:
            while data := await asyncio.to_thread(file.read, PART):
                await self._tell(order, ClipPart(done=1.0, data=data))
        await self._tell(
            order,
            ClipPart(
                done=1.0,
                last=True,
                start_us=clip.start_us,
                seconds=clip.duration_us / 1e6,
                codec=clip.codec,
            ),
        )

    async def _tell(self, order: ClipOrder, part: ClipPart) -> None:
        answer = await self._bus.request(order.inbox, encode(part), timeout_s=_ANSWER_S)
        if answer == ENOUGH:
            raise UnavailableError("the clip is not wanted any more", code="cancelled")

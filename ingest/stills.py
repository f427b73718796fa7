"""Answers for one camera with its newest picture, decoded only when somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from camera_registry import subjects
from camera_registry.base.bus import Bus, Message, Subscription
from camera_registry.base.errors import UnavailableError
from ingest.decoder import DecodedFrame, FrameDecoder
from ingest.packets import Packet
from ingest.ring import GopRing
from ingest.still_wire import MAX_STILL, Still, encode_still

log = structlog.get_logger(__name__)

MakeJpeg = Callable[[DecodedFrame], bytes]
"""Codes a picture within ``MAX_STILL`` bytes; b"" where it cannot."""


def make_still(packet: Packet, make_jpeg: MakeJpeg) -> Still:
    """Decode one keyframe and code it; blocks, so use a thread."""
    frames = FrameDecoder().still(packet)
    if not frames:
        return Still("undecodable")
    frame = frames[-1]
    jpeg = make_jpeg(frame)
    if not jpeg or len(jpeg) > MAX_STILL:
        return Still("undecodable")
    return Still("", frame.utc_us, frame.width, frame.height, jpeg)


class StillDesk:
    """Listens on the camera's subject. The same keyframe is decoded once, however often it is asked
    for; ``room`` bounds how many are decoded at a time in this worker.
    """

    def __init__(
        self,
        camera_id: str,
        ring: GopRing,
        *,
        bus: Bus,
        make_jpeg: MakeJpeg,
        room: asyncio.Semaphore,
    ) -> None:
        self._camera_id = camera_id
        self._ring = ring
        self._bus = bus
        self._make_jpeg = make_jpeg
        self._room = room
        self._made: tuple[tuple[int, int], Still] | None = None
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Listen. Raises UnavailableError while the bus cannot be reached."""
        self._subscription = await self._bus.subscribe(
            subjects.still(self._camera_id), self._answer
        )

    async def stop(self) -> None:
        """Listen no more."""
        if self._subscription is not None:
            await self._subscription.stop()

    async def _answer(self, message: Message) -> None:
        if not message.reply:
            return
        try:
            await self._bus.publish(message.reply, encode_still(await self._still()))
        except UnavailableError as error:
            log.warning("still_not_sent", camera=self._camera_id, reason=error.message)

    async def _still(self) -> Still:
        newest = self._ring.snapshot()
        if not newest:
            return Still("no_picture")
        key = (newest[0].epoch, newest[0].seq)
        if self._made is None or self._made[0] != key:
            async with self._room:
                self._made = key, await asyncio.to_thread(make_still, newest[0], self._make_jpeg)
        return self._made[1]

"""Fetches a clip out of a camera's ring, from the worker that runs the camera."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from camera_registry import subjects
from camera_registry.base.bus import Bus, Message
from camera_registry.base.errors import CamhubError, NotFoundError, UnavailableError
from camera_registry.base.ids import new_id
from ingest.clips.wire import (
    ENOUGH,
    GO_ON,
    ClipOrder,
    ClipPart,
    decode_answer,
    decode_part,
    encode,
)

_SILENT_S = 20.0
"""A worker may be busy for seconds; where none runs the camera, the bus says so at once."""
_REFUSALS = {
    "clip_busy": "another clip of this camera is being cut",
    "no_picture": "the camera has sent no picture yet",
    "clip_interval": "the worker does not cut clips of that length",
}


class BusClips:
    """Asks for clips on the bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def fetch(
        self,
        camera_id: str,
        seconds: float,
        target: Path,
        max_bytes: int,
        progress: Callable[[float], None],
    ) -> ClipPart:
        """Write ``seconds`` of a camera to ``target`` and return the last part, which tells of it.

        What the ring holds is taken first; the rest comes as it is sent. Raises UnavailableError,
        NotFoundError where there is no picture, or what the worker said. Cancelling ends the
        worker's work at its next part.
        """
        parts: asyncio.Queue[ClipPart] = asyncio.Queue(1)
        wanted = True

        async def take(message: Message) -> None:
            if not message.reply:
                return
            if wanted:
                await parts.put(decode_part(message.data))
            await self._bus.publish(message.reply, GO_ON if wanted else ENOUGH)

        inbox = f"clip-inbox.{new_id(0)}"
        subscription = await self._bus.subscribe(inbox, take)
        try:
            await self._order(camera_id, ClipOrder(inbox, seconds, max_bytes))
            return await self._receive(parts, target, max_bytes, progress)
        finally:
            wanted = False
            while not parts.empty():
                parts.get_nowait()
            await subscription.stop()

    async def _order(self, camera_id: str, order: ClipOrder) -> None:
        try:
            data = await self._bus.request(
                subjects.clip(camera_id), encode(order), timeout_s=_SILENT_S
            )
            code = decode_answer(data).code
        except UnavailableError as error:
            if error.code != "nobody_listens":
                raise
            raise UnavailableError(
                "no worker runs this camera now",
                hint="look at the camera's state",
                code="no_worker",
            ) from None
        except msgspec.DecodeError:
            code = "clip_unreadable"
        if code:
            reason = _REFUSALS.get(code, "the worker cannot cut a clip of this camera")
            raise UnavailableError(reason, hint="try again in a moment", code=code)

    async def _receive(
        self,
        parts: asyncio.Queue[ClipPart],
        target: Path,
        max_bytes: int,
        progress: Callable[[float], None],
    ) -> ClipPart:
        size = 0
        with target.open("wb") as file:
            while True:
                try:
                    part = await asyncio.wait_for(parts.get(), _SILENT_S)
                except TimeoutError:
                    raise UnavailableError(
                        "the worker stopped sending the clip", hint="try again", code="worker_lost"
                    ) from None
                if part.code:
                    raise _failure(part)
                size += len(part.data)
                if size > max_bytes:
                    raise CamhubError("the clip is too large", code="clip_too_large")
                await asyncio.to_thread(file.write, part.data)
                progress(part.done)
                if part.last:
                    return part


def _failure(part: ClipPart) -> CamhubError:
    if part.code == "no_pictures":
        return NotFoundError(part.error, code=part.code)
    return UnavailableError(part.error, hint="see the log of the worker", code=part.code)

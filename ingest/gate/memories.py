"""Keeps what gates have learnt, so that a camera need not teach it to every session and worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import structlog

from camera_registry import subjects
from camera_registry.base.bus import Bus, Entry
from camera_registry.base.clock import Clock
from camera_registry.base.errors import UnavailableError
from ingest.gate.state import GateMemory, decode_memory, encode_memory

log = structlog.get_logger(__name__)

_EVERY_S = 10.0
_MANY = 100
Read = Callable[[], GateMemory | None]


class GateMemories:
    """The bucket ``gate_memories`` as a worker uses it: read as cameras come, written seldom.

    What differs in nothing but a few bytes or a little of the threshold is not written again. While
    the server cannot be reached everything goes on and the news waits here.
    """

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._known: dict[str, GateMemory] = {}
        self._live: dict[str, Read] = {}
        self._unsaved: dict[str, GateMemory] = {}

    async def start(self) -> None:
        """Read what is known and follow it. Raises UnavailableError."""
        await self._bus.bucket(subjects.GATES_BUCKET).watch(self._on_entry)

    def of(self, camera_id: str) -> GateMemory | None:
        """Return what is known of a camera."""
        return self._unsaved.get(camera_id) or self._known.get(camera_id)

    def follow(self, camera_id: str, read: Read) -> Callable[[], None]:
        """Ask ``read`` for news from now on, until what is returned is called, from any thread."""
        self._live[camera_id] = read

        def end() -> None:
            if self._live.get(camera_id) is read:
                self._note(camera_id, read())
                del self._live[camera_id]

        return end

    async def run(self) -> None:
        """Write news until cancelled."""
        while True:
            await self._clock.sleep(_EVERY_S)
            await self.save()

    async def save(self) -> None:
        """Write what has changed; what cannot be written now is written later."""
        for camera_id, read in list(self._live.items()):
            self._note(camera_id, read())
        bucket = self._bus.bucket(subjects.GATES_BUCKET)
        for camera_id, memory in list(self._unsaved.items())[:_MANY]:
            try:
                await bucket.put(camera_id, encode_memory(memory))
            except UnavailableError as error:
                log.warning("gate_memories_not_saved", reason=error.message)
                return
            self._known[camera_id] = memory
            if self._unsaved.get(camera_id) is memory:
                del self._unsaved[camera_id]

    def _note(self, camera_id: str, memory: GateMemory | None) -> None:
        known = self.of(camera_id)
        if memory is not None and (known is None or _differs(memory, known)):
            self._unsaved[camera_id] = memory

    async def _on_entry(self, entry: Entry) -> None:
        if entry.value is None:
            self._known.pop(entry.key, None)
            return
        try:
            self._known[entry.key] = decode_memory(entry.value)
        except msgspec.MsgspecError as error:
            log.warning("gate_memory_unreadable", camera=entry.key, reason=str(error))


def _differs(memory: GateMemory, known: GateMemory) -> bool:
    """Whether a memory says anything new; sizes and thresholds move a little all the time."""
    same = replace(memory, usual_bytes=known.usual_bytes, threshold=known.threshold)
    if same != known:
        return True
    pairs = (
        (memory.usual_bytes, known.usual_bytes, 1.5),
        (memory.threshold, known.threshold, 1.15),
    )
    return any(max(new, old) > times * max(min(new, old), 1e-9) for new, old, times in pairs)

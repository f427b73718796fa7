"""One open WebSocket: what a wall wants, what it may have, and the one writer that sends it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

from camera_registry.base.clock import Clock
from camera_registry.base.errors import (
    ForbiddenError,
    InvalidError,
    UnauthenticatedError,
    UnavailableError,
)
from camera_registry.model import CameraState
from ingest.packets import StreamInfo
from ioc_api.live import metrics, protocol
from ioc_api.live.hub import LiveHub, Watch
from ioc_api.live.ports import StateSource
from ioc_api.live.queues import QueueLimits, Taken, TileSet
from ioc_api.live.rights import Rights

_KIND = "ws"
_MAX_TEXTS = 512


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What one wall, and all walls together, may take. Rates are messages a second."""

    tiles: int = 64
    sockets: int = 256
    sockets_per_principal: int = 16
    rate: float = 5.0
    burst: float = 20.0
    recheck_s: float = 10.0
    stalled_s: float = 30.0
    queue: QueueLimits = field(default_factory=QueueLimits)


class ClosedError(Exception):
    """The connection has to end with a WebSocket close code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(slots=True)
class _Tile:
    camera: str
    watch: Watch | None
    told: StreamInfo | None = None


class WallSocket:
    """Serves one accepted WebSocket until it ends; see the room's README for the words."""

    def __init__(
        self,
        websocket: WebSocket,
        rights: Rights,
        hub: LiveHub,
        states: StateSource,
        clock: Clock,
        limits: SocketLimits,
    ) -> None:
        self._websocket = websocket
        self._rights = rights
        self._hub = hub
        self._states = states
        self._clock = clock
        self._limits = limits
        self._wake = asyncio.Event()
        self._queues = TileSet(limits.queue, clock.monotonic, self._wake.set)
        self._wanted: dict[int, str] = {}
        self._tiles: dict[int, _Tile] = {}
        self._denied: dict[int, tuple[str, str]] = {}
        self._texts: deque[str] = deque()
        self._fresh: dict[str, CameraState] = {}
        self._sending_since: float | None = None
        self._skipped = metrics.SKIPPED.labels(_KIND)
        self._bytes = metrics.BYTES.labels(_KIND)
        self._latency = metrics.ARRIVAL_TO_SENT.labels(_KIND)

    async def run(self) -> ClosedError | None:
        """Serve until the client leaves (None) or has to (with which code to close)."""
        unlisten = self._states.listen(self._on_state)
        ended: ClosedError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._receive(), name="wall-receive")
                group.create_task(self._send(), name="wall-send")
                group.create_task(self._recheck(), name="wall-recheck")
        except* ClosedError as errors:
            ended = next(each for each in errors.exceptions if isinstance(each, ClosedError))
        except* WebSocketDisconnect:
            pass
        finally:
            unlisten()
            for tile in list(self._tiles):
                self._close_tile(tile)
        return ended

    async def _receive(self) -> None:
        allowance, checked = self._limits.burst, self._clock.monotonic()
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1006))
            now = self._clock.monotonic()
            allowance = min(self._limits.burst, allowance + (now - checked) * self._limits.rate)
            checked = now
            if allowance < 1:
                raise ClosedError(1008, "too many messages")
            allowance -= 1
            text = message.get("text")
            if text is None:
                raise ClosedError(1003, "only text messages are understood")
            if len(text) > protocol.MAX_MESSAGE:
                raise ClosedError(1009, "the message is too long")
            try:
                self._wanted = protocol.read_watch(text, self._limits.tiles)
            except InvalidError as error:
                self._say(protocol.error_message(error))
                continue
            await self._confirm_rights()
            self._denied.clear()
            self._apply()

    async def _recheck(self) -> None:
        while True:
            await self._clock.sleep(self._limits.recheck_s)
            since = self._sending_since
            if since is not None and self._clock.monotonic() - since > self._limits.stalled_s:
                raise ClosedError(1008, "the connection does not take what it asked for")
            await self._confirm_rights()
            self._apply()

    async def _confirm_rights(self) -> None:
        try:
            await self._rights.refresh()
        except UnauthenticatedError as error:
            raise ClosedError(4401, error.message) from error
        except ForbiddenError as error:
            raise ClosedError(4403, error.message) from error
        except UnavailableError as error:
            raise ClosedError(1013, error.message) from error

    def _apply(self) -> None:
        """Make what is shown equal to what is wanted and allowed."""
        for tile, shown in list(self._tiles.items()):
            if self._wanted.get(tile) != shown.camera:
                self._close_tile(tile)
        for tile, camera in self._wanted.items():
            code = self._rights.refusal(camera)
            if code is None:
                self._denied.pop(tile, None)
                if tile not in self._tiles:
                    self._open_tile(tile, camera)
                continue
            if tile in self._tiles:
                self._close_tile(tile)
            if self._denied.get(tile) != (camera, code):
                self._denied[tile] = (camera, code)
                self._say(protocol.denied_message(tile, camera, code))

    def _open_tile(self, tile: int, camera: str) -> None:
        shown = _Tile(camera, None)
        self._tiles[tile] = shown
        shown.watch = self._hub.watch(camera, self._queues.open(tile), _KIND)
        state = self._states.state_of(camera)
        if state is not None:
            self._on_state(state)

    def _close_tile(self, tile: int) -> None:
        shown = self._tiles.pop(tile)
        if shown.watch is not None:
            shown.watch.close()
        self._queues.close(tile)

    def _on_state(self, state: CameraState) -> None:
        # Only the newest of each camera waits: a slow reader gets fewer, not older ones.
        if any(shown.camera == state.camera_id for shown in self._tiles.values()):
            self._fresh[state.camera_id] = state
            self._wake.set()

    def _say(self, text: str) -> None:
        if len(self._texts) >= _MAX_TEXTS:
            raise ClosedError(1008, "the connection does not take its answers")
        self._texts.append(text)
        self._wake.set()

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while await self._send_one():
                pass

    async def _send_one(self) -> bool:
        if self._texts:
            await self._send_text(self._texts.popleft())
            return True
        if self._fresh:
            state = self._fresh.pop(next(iter(self._fresh)))
            await self._send_text(protocol.state_message(state))
            return True
        turn = self._queues.take()
        if turn is None:
            return False
        await self._send_frame(*turn)
        return True

    async def _send_frame(self, tile: int, taken: Taken) -> None:
        shown = self._tiles[tile]
        packet = taken.packet
        if taken.skipped:
            self._skipped.inc(taken.skipped)
            await self._send_text(protocol.skipped_message(tile, taken.skipped))
        if shown.told != packet.info:
            shown.told = packet.info
            await self._send_text(protocol.tile_message(tile, shown.camera, packet.info))
        if self._tiles.get(tile) is not shown:
            return  # taken away while the words before it were on their way
        sent_us = self._clock.utc_us()
        self._sending_since = self._clock.monotonic()
        await self._websocket.send_bytes(protocol.frame(tile, packet, sent_us))
        self._sending_since = None
        self._bytes.inc(len(packet.data))
        self._latency.observe(max(0, sent_us - packet.arrival_us) / 1e6)

    async def _send_text(self, text: str) -> None:
        self._sending_since = self._clock.monotonic()
        await self._websocket.send_text(text)
        self._sending_since = None

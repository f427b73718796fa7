"""Push to browsers: recorded events and camera states as server-sent events (WHATWG HTML, 9.2).

Nothing is queued per client. A client holds the last ``seq`` it was sent and the set of cameras
whose state it has not been sent yet; both are read from their source when the client is ready to
take more. So a slow client costs no memory, gets the newest state, and misses no event.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

import structlog
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from prometheus_client import Gauge
from pydantic import BaseModel

from camera_registry import subjects
from camera_registry.base.bus import Bus, Message, Subscription
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, Kind, UnavailableError
from camera_registry.model import CameraState
from camera_registry.records import CameraFilter
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from ioc_api.access.auth import Authenticator
from ioc_api.access.rbac import Action, Principal
from ioc_api.events.records import EventStore
from ioc_api.events.shapes import event_shape
from ioc_api.health.maintenance import Maintenance
from ioc_api.live.directory import SpecDirectory
from ioc_api.state_cache import StateCache
from ioc_api.web.shapes import state_change

log = structlog.get_logger(__name__)

CLIENTS = Gauge("camhub_sse_clients", "Clients of the event stream.")

PAGE = 200
MAX_BACKLOG = 5000
"""A client further behind than this begins anew: it reads the list of events first anyway."""
REFRESH_US = 5_000_000
"""A report that says nothing new is passed on at most this often, to show that it is alive."""


class Hello(BaseModel):
    """First message: where the stream begins, and whether it goes on from Last-Event-ID."""

    seq: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class PushLimits:
    """Seconds between keep-alive comments and between looks at the client's rights, and seconds
    that a client may take nothing before it is let go; and streams that one principal may open.
    """

    keep_alive_s: float = 15.0
    recheck_s: float = 15.0
    send_s: float = 20.0
    streams_per_principal: int = 32


class PushHub:
    """Wakes every client when something was recorded or a camera changed."""

    def __init__(
        self,
        bus: Bus,
        events: EventStore,
        registry: CameraRegistry,
        states: StateCache,
        authenticator: Authenticator,
        maintenance: Maintenance,
        clock: Clock,
        limits: PushLimits | None = None,
    ) -> None:
        self._bus = bus
        self.events = events
        self.registry = registry
        self.states = states
        self.authenticator = authenticator
        self.maintenance = maintenance
        self.clock = clock
        self.limits = limits or PushLimits()
        self.places = SpecDirectory(bus)
        self._clients: set[PushClient] = set()
        self._notices: Subscription | None = None
        self._closed = False

    async def start(self) -> None:
        """Listen for the recorder's notices, and follow which groups cameras are in.

        Raises UnavailableError without a connection.
        """
        await self.places.start()
        self._notices = await self._bus.subscribe(subjects.EVENT_RECORDED, self._on_recorded)

    async def stop(self) -> None:
        """End every stream and listen no more."""
        self._closed = True
        for client in tuple(self._clients):
            client.end()
        if self._notices is not None:
            await self._notices.stop()
            self._notices = None
        await self.places.stop()

    @property
    def clients(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    async def open(self, principal: Principal, last_seq: int | None) -> PushClient:
        """Begin a stream behind ``last_seq``, or with what comes from now on where it is None.

        Raises UnavailableError while the api is stopping, and a CamhubError of kind TOO_MANY.
        """
        if self._closed:
            raise UnavailableError("The api is stopping", hint="connect again")
        held = sum(client.principal_id == principal.id for client in self._clients)
        if held >= self.limits.streams_per_principal:
            raise CamhubError(
                "Too many event streams are open for this account",
                hint="close some pages of the wall",
                kind=Kind.TOO_MANY,
            )
        newest = await self.events.last_seq()
        resumed = last_seq is not None and 0 <= newest - last_seq <= MAX_BACKLOG
        begin = last_seq if resumed and last_seq is not None else newest
        return PushClient(self, principal, begin, resumed)

    def join(self, client: PushClient) -> None:
        """Wake this client from now on."""
        self._clients.add(client)
        CLIENTS.set(len(self._clients))

    def leave(self, client: PushClient) -> None:
        """Wake this client no more."""
        self._clients.discard(client)
        CLIENTS.set(len(self._clients))

    async def _on_recorded(self, _: Message) -> None:
        for client in tuple(self._clients):
            client.wake()


class PushClient:
    """One open stream."""

    def __init__(self, hub: PushHub, principal: Principal, seq: int, resumed: bool) -> None:
        self._hub = hub
        self._principal = principal
        self._seq = seq
        self._resumed = resumed
        self._due = asyncio.Event()
        self._changed: dict[str, CameraState] = {}
        self._sent: dict[str, tuple[tuple[object, ...], int]] = {}
        self._ended = False
        self._read_scopes()

    @property
    def principal_id(self) -> str:
        """Whose stream it is."""
        return self._principal.id

    @property
    def send_s(self) -> float:
        """Seconds that this client may take nothing."""
        return self._hub.limits.send_s

    def wake(self) -> None:
        """Look for new events soon."""
        self._due.set()

    def end(self) -> None:
        """Close the stream soon."""
        self._ended = True
        self._due.set()

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Yield the stream's bytes until the client's right or the api ends."""
        hub = self._hub
        stop_listening = hub.states.listen(self._on_state)
        hub.join(self)
        try:
            yield _frame("hello", Hello(seq=self._seq, resumed=self._resumed), self._seq)
            async for frame in self._first_states():
                yield frame
            checked = hub.clock.monotonic()
            self._due.set()
            while not self._ended:
                idle = not await self._wait()
                if hub.clock.monotonic() - checked >= hub.limits.recheck_s or idle:
                    if not await self._still_allowed():
                        return
                    checked = hub.clock.monotonic()
                if idle:
                    yield KEEPALIVE_COMMENT
                async for frame in self._news():
                    yield frame
        finally:
            stop_listening()
            hub.leave(self)

    async def _wait(self) -> bool:
        """Wait until woken; False where nothing came for the keep-alive time."""
        limits = self._hub.limits
        try:
            await asyncio.wait_for(self._due.wait(), min(limits.keep_alive_s, limits.recheck_s))
        except TimeoutError:
            return False
        self._due.clear()
        return True

    async def _news(self) -> AsyncIterator[bytes]:
        while self._changed:
            _, state = self._changed.popitem()
            frame = self._state_frame(state)
            if frame:
                yield frame
        if self._event_scope.empty:
            return
        while not self._ended:
            # Also looked for after an idle wait: a notice is sent at most once and may be lost.
            records = await self._hub.events.after(self._event_scope, self._seq, PAGE)
            silenced = await self._hub.maintenance.silenced([each.event for each in records])
            for record in records:
                self._seq = record.seq
                yield _frame("event", event_shape(record, silenced), record.seq)
            if len(records) < PAGE:
                return

    async def _first_states(self) -> AsyncIterator[bytes]:
        after: tuple[str, str] | None = None
        enabled = CameraFilter(enabled=True)
        while not self._camera_scope.empty:
            cameras = await self._hub.registry.list(self._camera_scope, enabled, after, PAGE)
            for camera in cameras:
                state = self._hub.states.status(camera)
                frame = self._state_frame(state) if state else b""
                if frame:
                    yield frame
            if len(cameras) < PAGE:
                return
            after = (cameras[-1].name, cameras[-1].id)

    def _on_state(self, state: CameraState) -> None:
        if self._allowed(state):
            known = self._sent.get(state.camera_id)
            if (
                known is not None
                and known[0] == _substance(state)
                and state.updated_us - known[1] < REFRESH_US
            ):
                return
            self._changed[state.camera_id] = state
            self._due.set()

    def _state_frame(self, state: CameraState) -> bytes:
        if not self._allowed(state):
            return b""
        self._sent[state.camera_id] = (_substance(state), state.updated_us)
        return _frame("state", state_change(state), None)

    def _allowed(self, state: CameraState) -> bool:
        groups = self._hub.places.groups_of(state.camera_id)
        return self._camera_scope.allows(state.unit_code, groups)

    async def _still_allowed(self) -> bool:
        principal = await self._hub.authenticator.recheck(self._principal)
        if principal is None:
            return False
        self._principal = principal
        self._read_scopes()
        return not (self._event_scope.empty and self._camera_scope.empty)

    def _read_scopes(self) -> None:
        self._event_scope: Scope = self._principal.scope(Action.EVENT_VIEW)
        self._camera_scope: Scope = self._principal.scope(Action.CAMERA_VIEW)


def _substance(state: CameraState) -> tuple[object, ...]:
    """What of a state is worth telling at once."""
    return (
        state.state,
        state.reason_code,
        state.since_us,
        state.codec,
        state.width,
        state.height,
    )


def _frame(event: str, data: BaseModel, seq: int | None) -> bytes:
    return format_sse_event(
        data_str=data.model_dump_json(), event=event, id=None if seq is None else str(seq)
    )

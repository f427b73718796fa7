"""One camera inside a worker: sessions one after another, and the state that they lead to."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError
from camera_registry.base.tasks import Backoff, retrying
from camera_registry.model import CameraSpec, CameraState, Credentials, State
from ingest.freeze import Verdict
from ingest.meter import PacketMeter
from ingest.options import IngestOptions
from ingest.packets import Packet, StreamInfo
from ingest.session import CameraSession, Source
from ingest.threads import run_stoppable

log = structlog.get_logger(__name__)

_STATES = {
    "auth_failed": State.AUTH_FAILED,
    "digest_sha256_unsupported": State.AUTH_FAILED,
    "unsupported_codec": State.UNSUPPORTED,
    "no_video": State.UNSUPPORTED,
    "stalled": State.STALLED,
    "refused": State.OFFLINE,
    "dns": State.OFFLINE,
    "timeout": State.OFFLINE,
    "unreachable": State.OFFLINE,
    "closed": State.OFFLINE,
}
_REFUSALS = frozenset((State.AUTH_FAILED, State.UNSUPPORTED))
_PICTURES = {
    Verdict.GOOD: (State.LIVE, "live", "the camera sends pictures"),
    Verdict.FROZEN: (
        State.FROZEN,
        Verdict.FROZEN.value,
        "the camera sends the same picture again and again",
    ),
    Verdict.BLACK: (State.FROZEN, Verdict.BLACK.value, "the camera sends a black picture"),
}


class PacketSink(Protocol):
    """Takes a camera's packets. Called in the session's thread: it must never block or raise."""

    def push(self, packet: Packet) -> object:
        """Take the next packet; False where it is of no use, nor is any before a keyframe."""
        ...


class CameraRunner:
    """Keeps one camera running until it is stopped; a changed spec takes a new runner.

    ``sinks`` get every packet in the order given (the ring before the relay: see relay).
    ``on_state`` is called in the event loop at each change, and every ``report_every_s`` in
    between, with the whole state. A failure keeps its state through the tries that follow, until a
    keyframe arrives: a wall that flickers between offline and connecting tells nobody anything.
    """

    def __init__(
        self,
        spec: CameraSpec,
        credentials: Credentials | None,
        *,
        options: IngestOptions,
        clock: Clock,
        on_state: Callable[[CameraState], None],
        sinks: Sequence[PacketSink],
        worker: str = "",
        generation: int = 0,
        report_every_s: float = 3.0,
    ) -> None:
        self._spec = spec
        self._source = Source(spec.url, spec.transport, credentials)
        self._options = options
        self._clock = clock
        self._on_state = on_state
        self._sinks = tuple(sinks)
        self._worker = worker
        self._generation = generation
        self._report_every_s = report_every_s
        self._patience_us = round(options.without_keyframe_s * 1e6)
        self._backoff = Backoff()
        self._state = (State.CONNECTING, "connecting", "the camera is being opened")
        self._since_us = clock.utc_us()
        self._meter = PacketMeter(clock)
        self._session = 0
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    async def start(self) -> None:
        """Begin; returns at once."""
        self._loop = asyncio.get_running_loop()
        self._report()
        name = f"camera-{self._spec.id}"
        main = asyncio.create_task(self._keep_running(), name=name)
        self._tasks = (main, asyncio.create_task(self._keep_reporting(), name=f"{name}-report"))

    async def stop(self) -> None:
        """End the session and its thread; no packet and no report comes after this."""
        self._stopped = True
        self._session += 1
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def wait(self) -> None:
        """Wait for the end; raises what we did not foresee and did end this camera."""
        if self._tasks:
            await asyncio.shield(self._tasks[0])

    def report_picture(self, verdict: Verdict) -> None:
        """Take the picture watch's verdict, from any thread; counts while packets come."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._see_picture, verdict)

    def state(self) -> CameraState:
        """Return the state as of now."""
        state, code, reason = self._state
        meter, info = self._meter, self._meter.info
        return CameraState(
            self._spec.id,
            self._spec.unit_code,
            state,
            code,
            reason,
            self._since_us,
            self._clock.utc_us(),
            frame_us=meter.frame_us,
            worker=self._worker,
            generation=self._generation,
            codec=info.codec if info else "",
            width=info.width if info else 0,
            height=info.height if info else 0,
            fps=meter.fps() if state in (State.LIVE, State.FROZEN) else 0.0,
        )

    async def _keep_running(self) -> None:
        try:
            await retrying(
                self._run_session,
                clock=self._clock,
                backoff=self._backoff,
                on_error=self._failed,
                healthy_s=self._options.healthy_s,
            )
        except Exception as error:
            # Neither the message nor the locals: an address with its password may be among them.
            trace = "".join(traceback.format_tb(error.__traceback__))
            log.error("camera_ended", camera=self._spec.id, kind=type(error).__name__, trace=trace)
            self._become(
                State.ERROR, "internal_error", "camhub itself failed on this camera; see its log"
            )
            raise

    async def _run_session(self) -> None:
        self._session += 1
        number = self._session
        live = False
        info: StreamInfo | None = None
        loop = asyncio.get_running_loop()
        stop = threading.Event()
        keyframe_us = 0

        def take(packet: Packet) -> None:
            nonlocal live, info, keyframe_us
            self._meter.count(packet)
            of_use = True
            for sink in self._sinks:
                of_use &= sink.push(packet) is not False
            if packet.keyframe:
                keyframe_us = packet.arrival_us
            elif not of_use and packet.arrival_us - keyframe_us >= self._patience_us:
                log.warning("camera_opened_anew", camera=self._spec.id, reason="no_keyframe")
                stop.set()
            if not live or packet.info is not info:
                live, info = True, packet.info
                loop.call_soon_threadsafe(self._went_live, number)

        session = CameraSession(
            self._source, take, clock=self._clock, options=self._options, stop=stop
        )
        try:
            await run_stoppable(
                session.run_once,
                stop,
                name=f"camera-{self._spec.id[:8]}",
                grace_s=self._options.stop_grace_s,
            )
        except CamhubError as error:
            self._pace(error)
            raise

    def _pace(self, error: CamhubError) -> None:
        """A wrong password does not mend itself, and many a camera locks out who insists."""
        options = self._options
        refused = _STATES.get(error.code, State.ERROR) in _REFUSALS
        self._backoff.base_s = options.refused_base_s if refused else options.retry_base_s
        self._backoff.cap_s = options.refused_cap_s if refused else options.retry_cap_s

    async def _failed(self, error: CamhubError, delay: float) -> None:
        self._session += 1
        state = _STATES.get(error.code, State.ERROR)
        if self._state[:2] != (state, error.code):
            log.warning(
                "camera_failed", camera=self._spec.id, code=error.code, retry_s=round(delay, 1)
            )
        self._become(state, error.code, str(error))

    def _went_live(self, session: int) -> None:
        if session == self._session:
            if self._state[0] not in (State.LIVE, State.FROZEN):
                log.info("camera_live", camera=self._spec.id)
                self._become(*_PICTURES[Verdict.GOOD])
            else:
                self._report()

    def _see_picture(self, verdict: Verdict) -> None:
        if self._state[0] in (State.LIVE, State.FROZEN):
            self._become(*_PICTURES[verdict])

    def _become(self, state: State, code: str, reason: str) -> None:
        if (state, code) != self._state[:2]:
            self._since_us = self._clock.utc_us()
        elif reason == self._state[2]:
            return
        self._state = (state, code, reason)
        self._report()

    def _report(self) -> None:
        if not self._stopped:
            self._on_state(self.state())

    async def _keep_reporting(self) -> None:
        while True:
            await self._clock.sleep(self._report_every_s)
            self._report()

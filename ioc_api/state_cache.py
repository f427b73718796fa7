"""The last known state of every camera, kept in memory from the bucket ``camera_states``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import msgspec
import structlog

from camera_registry import subjects
from camera_registry.base.bus import Bus, Entry, Subscription
from camera_registry.base.clock import Clock
from camera_registry.model import Camera, CameraState, State

log = structlog.get_logger(__name__)

STALE_US = 10_000_000
"""A report older than this means that nobody watches the camera now."""
NO_WORKER = "no_worker"
NO_WORKER_WORDS = "No worker reports on this camera"

_decoder = msgspec.msgpack.Decoder(CameraState)
_LAST_US = 253_402_300_799_999_999
"""9999-12-31T23:59:59.999999Z, the last instant that RFC 3339 can write."""
Listener = Callable[[CameraState], None]


class StateCache:
    """Follows the states. ``listen`` tells of reports, and of cameras that fell silent."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._states: dict[str, CameraState] = {}
        self._silent: set[str] = set()
        self._listeners: set[Listener] = set()
        self._watch: Subscription | None = None

    async def start(self) -> None:
        """Read the present states and follow them. Raises UnavailableError without a connection."""
        self._watch = await self._bus.bucket(subjects.STATES_BUCKET).watch(self._on_entry)

    async def stop(self) -> None:
        """End the watch."""
        if self._watch is not None:
            await self._watch.stop()
            self._watch = None

    async def run(self, every_s: float = 1.0) -> None:
        """Tell listeners of cameras whose reports stopped, for ever."""
        while True:
            await self._clock.sleep(every_s)
            self.sweep()

    def sweep(self) -> None:
        """Tell listeners of each camera that has newly fallen silent."""
        now = self._clock.utc_us()
        for camera_id, state in list(self._states.items()):
            if camera_id not in self._silent and now - state.updated_us > STALE_US:
                self._silent.add(camera_id)
                self._tell(self._unwatched(state))

    def state_of(self, camera_id: str) -> CameraState | None:
        """Return the last report, or ``offline``/``no_worker`` in its place where it is too old."""
        state = self._states.get(camera_id)
        if state is not None and self._clock.utc_us() - state.updated_us > STALE_US:
            return self._unwatched(state)
        return state

    def status(self, camera: Camera) -> CameraState | None:
        """Return what is to be shown of a camera: None for a disabled one, never None otherwise."""
        if not camera.enabled:
            return None
        return self.state_of(camera.id) or CameraState(
            camera.id,
            camera.unit_code,
            State.OFFLINE,
            NO_WORKER,
            NO_WORKER_WORDS,
            since_us=camera.updated_us,
            updated_us=camera.updated_us,
        )

    def having(self, states: frozenset[State]) -> tuple[frozenset[str] | None, frozenset[str]]:
        """Return which enabled cameras are in one of the states: these only, or all but those.

        Cameras of which nobody has reported are offline, and this cache does not know them: where
        offline ones are wanted, it names the others.
        """
        known = {each: self.state_of(each) for each in self._states}
        inside = {each for each, state in known.items() if state and state.state in states}
        if State.OFFLINE in states:
            return None, frozenset(known.keys() - inside)
        return frozenset(inside), frozenset()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` on each report; returns what ends it. It must not block nor raise."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    async def _on_entry(self, entry: Entry) -> None:
        if entry.value is None:
            self._states.pop(entry.key, None)
            self._silent.discard(entry.key)
            return
        try:
            state = _decoder.decode(entry.value)
        except msgspec.MsgspecError:
            log.warning("state_unreadable", key=entry.key)
            return
        if not _sane(state, entry.key):
            log.warning("state_refused", key=entry.key)
            return
        known = self._states.get(entry.key)
        fresh = known is not None and self._clock.utc_us() - known.updated_us <= STALE_US
        if known is not None and fresh and _order(known) > _order(state):
            return  # a worker that lost the camera and does not know it yet
        self._states[entry.key] = state
        self._silent.discard(entry.key)
        self._tell(state)

    def _tell(self, state: CameraState) -> None:
        for listener in tuple(self._listeners):
            listener(state)

    @staticmethod
    def _unwatched(state: CameraState) -> CameraState:
        return replace(
            state,
            state=State.OFFLINE,
            reason_code=NO_WORKER,
            reason=NO_WORKER_WORDS,
            since_us=state.updated_us,
            fps=0.0,
            gate="",
            gate_reason="",
            duty=0.0,
            analysis_fps=0.0,
            gate_threshold=0.0,
            gate_wakes=0,
            gate_late_wakes=0,
            gate_false_wakes=0,
            gate_audits=0,
            gate_misses=0,
        )


def _order(state: CameraState) -> tuple[int, int]:
    return state.generation, state.updated_us


def _sane(state: CameraState, key: str) -> bool:
    """Say whether a report can be shown at all: a worker's word is input like any other."""
    times = (state.since_us, state.updated_us, state.frame_us)
    return (
        state.camera_id == key
        and all(0 <= time <= _LAST_US for time in times)
        and all(
            map(math.isfinite, (state.fps, state.duty, state.analysis_fps, state.gate_threshold))
        )
        and len(state.reason) <= 500
        and len(state.gate) + len(state.gate_reason) <= 100
    )

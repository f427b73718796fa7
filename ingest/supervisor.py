"""The cameras that one worker runs: they begin and end as leases and specs come and go."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import msgspec
import structlog
from prometheus_client import Counter

from camera_registry import subjects
from camera_registry.base.bus import Bus, Entry
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, UnavailableError
from camera_registry.mirror import decode_spec
from camera_registry.model import CameraSpec, CameraState, Credentials, State
from ingest.camera_parts import Attend, MakeAnalysis, nobody
from ingest.health_log import HealthLog
from ingest.options import IngestOptions
from ingest.running_camera import REPORT_S, RunningCamera, Site
from ingest.state_teller import StateTeller

log = structlog.get_logger(__name__)

RESTARTS = Counter("camhub_camera_restarts_total", "Cameras started anew", ["reason"])

_RESTART_AFTER_S = 15.0


@dataclass(slots=True)
class _Held:
    """A camera that was begun: ``camera`` is None where its credentials could not be opened."""

    spec: CameraSpec
    camera: RunningCamera | None
    watcher: asyncio.Task[None]


class CameraSupervisor:
    """Starts, restarts and stops cameras as leases and specs come and go.

    ``open_credentials`` opens a spec's sealed credentials; what it raises becomes the camera's
    state. States are written to the states bucket at each change and every few seconds.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        *,
        worker: str,
        options: IngestOptions,
        open_credentials: Callable[[CameraSpec], Credentials | None],
        make_analysis: MakeAnalysis,
        attend: Attend = nobody,
        health: HealthLog | None = None,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._worker = worker
        self._open_credentials = open_credentials
        self._teller = StateTeller(bus, health)
        self._site = Site(bus, clock, worker, options, make_analysis, attend, self._state)
        self._specs: dict[str, CameraSpec] = {}
        self._generations: dict[str, int] = {}
        self._cameras: dict[str, _Held] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.on_removed: Callable[[str], Awaitable[None]] | None = None

    async def start(self) -> None:
        """Learn every camera's spec and follow the changes. Raises UnavailableError."""
        await self._bus.bucket(subjects.SPECS_BUCKET).watch(self._spec_changed)

    async def run(self) -> None:
        """Publish states until cancelled."""
        await self._teller.run()

    async def taken(self, camera_id: str, generation: int) -> bool:
        """Run a camera whose lease came to this worker; False where its spec is not known yet."""
        async with self._locks[camera_id]:
            spec = self._specs.get(camera_id)
            if spec is None:
                return False
            self._generations[camera_id] = generation
            if camera_id not in self._cameras:
                try:
                    await self._begin(spec)
                except UnavailableError as error:
                    log.warning("camera_not_started", camera=camera_id, reason=error.message)
                    del self._generations[camera_id]
                    return False
            return True

    async def lost(self, camera_id: str) -> None:
        """Stop a camera whose lease is gone."""
        async with self._locks[camera_id]:
            self._generations.pop(camera_id, None)
            await self._end(camera_id)
            self._teller.forget(camera_id)

    async def stop(self) -> None:
        """Stop every camera."""
        # also those that are just being started anew and stand in no list of running ones
        held = {*self._cameras, *self._generations}
        await asyncio.gather(*(self.lost(camera_id) for camera_id in held))

    async def _spec_changed(self, entry: Entry) -> None:
        camera_id = entry.key
        if entry.value is None:
            self._specs.pop(camera_id, None)
            if camera_id in self._generations and self.on_removed is not None:
                await self.on_removed(camera_id)
            return
        try:
            spec = decode_spec(entry.value)
        except msgspec.DecodeError as error:
            log.warning("spec_unreadable", camera=camera_id, reason=str(error))
            return
        self._specs[camera_id] = spec
        held = self._cameras.get(camera_id)
        if held is None or held.spec == spec:
            return
        camera = held.camera
        if camera is not None and _connected_alike(held.spec, spec):
            held.spec = spec
            camera.use(spec)
            self._teller.again(camera_id, camera.described)
        elif camera is not None and self._only_sealed_anew(camera, held.spec, spec):
            held.spec = spec
        else:
            RESTARTS.labels("changed").inc()
            await self._restart(spec)

    def _only_sealed_anew(
        self, camera: RunningCamera, before: CameraSpec, after: CameraSpec
    ) -> bool:
        """Whether only the master key changed, which is no reason to end a session."""
        if replace(before, sealed=after.sealed) != after:
            return False
        try:
            return self._open_credentials(after) == camera.credentials
        except CamhubError:
            return False  # the restart tells it

    async def _restart(self, spec: CameraSpec) -> None:
        async with self._locks[spec.id]:
            if spec.id not in self._generations:
                return
            await self._end(spec.id)
            try:
                await self._begin(self._specs.get(spec.id, spec))  # it may have changed meanwhile
                return
            except UnavailableError as error:
                log.warning("camera_let_go", camera=spec.id, reason=error.message)
        if self.on_removed is not None:
            # unrenewed, the lease is delivered again when the bus is back
            await self.on_removed(spec.id)

    async def _begin(self, spec: CameraSpec) -> None:
        try:
            credentials = self._open_credentials(spec)
        except CamhubError as error:
            watcher = asyncio.create_task(self._report_broken(spec, error))
            self._cameras[spec.id] = _Held(spec, None, watcher)
            return
        camera = await RunningCamera.begin(self._site, spec, credentials)
        watcher = asyncio.create_task(self._watch(camera), name=f"watch-{spec.id}")
        self._cameras[spec.id] = _Held(spec, camera, watcher)

    async def _end(self, camera_id: str) -> None:
        held = self._cameras.pop(camera_id, None)
        if held is None:
            return
        if held.watcher is not asyncio.current_task():
            held.watcher.cancel()
        if held.camera is not None:
            await held.camera.end()

    async def _watch(self, camera: RunningCamera) -> None:
        """Start a camera anew that ended by a fault of ours; the others are not touched."""
        await camera.fault()
        await self._clock.sleep(_RESTART_AFTER_S)
        RESTARTS.labels("failed").inc()
        held = self._cameras.get(camera.camera_id)
        if held is not None and held.camera is camera:
            await self._restart(held.spec)

    async def _report_broken(self, spec: CameraSpec, error: CamhubError) -> None:
        since = self._clock.utc_us()
        while True:
            now = self._clock.utc_us()
            self._state(
                CameraState(
                    spec.id,
                    spec.unit_code,
                    State.ERROR,
                    error.code,
                    str(error),
                    since,
                    now,
                    worker=self._worker,
                )
            )
            await self._clock.sleep(REPORT_S)

    def _state(self, state: CameraState) -> None:
        generation = self._generations.get(state.camera_id)
        if generation is None:
            return  # the lease is gone and the camera about to end
        known = replace(state, generation=generation)
        held = self._cameras.get(state.camera_id)
        if held is not None and held.camera is not None:
            known = held.camera.described(known)
        self._teller.tell(known)


def _connected_alike(before: CameraSpec, after: CameraSpec) -> bool:
    """Whether session, ring, gate and tracks go on: nothing changed but how the camera is looked
    at, or what it is called and who may see it.
    """
    same = replace(
        before,
        version=after.version,
        name=after.name,
        groups=after.groups,
        detector=after.detector,
        rules=after.rules,
        priority=after.priority,
    )
    return same == after

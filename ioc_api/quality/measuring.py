"""Keeps what probes measure of registered cameras, and has them probed again now and then."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

import msgspec
import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import ConflictError, NotFoundError
from camera_registry.base.tasks import keeping
from camera_registry.device_host import device_elsewhere
from camera_registry.jobs import Job, JobDesk, JobState, Submission
from camera_registry.probe import PROBE, ProbeReport, ProbeRequest, decode_report, encode
from camera_registry.quality.model import Measure
from camera_registry.quality.ports import QualityStore
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.stored import StoredCamera
from ioc_api.access.rbac import Action
from ioc_api.quality.desk import DAY_US

log = structlog.get_logger(__name__)

EVERY_S = 2.0
AT_ONCE = 8
BESIDE_MEASURING_S = 60.0
NIGHT = range(1, 5)
"""Hours of the city in which cameras are probed unasked."""
_MOST = 2000
_SYSTEM = "quality"
_TRIED = 100_000


class Measuring:
    """Runs until cancelled. ``every_days`` 0: nothing is probed unasked."""

    def __init__(
        self,
        jobs: JobDesk,
        registry: CameraRegistry,
        store: QualityStore,
        now: Callable[[], datetime],
        clock: Clock,
        every_days: int,
    ) -> None:
        self._jobs = jobs
        self._registry = registry
        self._store = store
        self._now = now
        self._clock = clock
        self._every_days = every_days
        self._followed: dict[str, str] = {}
        self._own: set[str] = set()
        self._tried: set[str] = set()

    def follow(self, job_id: str, camera_id: str) -> None:
        """Keep what a job that probes a registered camera will measure."""
        if len(self._followed) < _MOST:
            self._followed[job_id] = camera_id

    async def run(self) -> None:
        """Follow jobs for ever; without bus or database wait and try again."""
        await keeping(self._turn, self._clock, "measuring")

    async def _turn(self) -> None:
        await self.look_once()
        if self._every_days and self._now().hour in NIGHT:
            await self.probe_some()
        elif self._tried:
            self._tried.clear()
        await self._clock.sleep(EVERY_S)

    async def look_once(self) -> None:
        """Look at the jobs that are followed. Raises a CamhubError."""
        for job_id, camera_id in list(self._followed.items()):
            try:
                job = await self._jobs.get(job_id)
            except NotFoundError:
                job = None
            if job is not None and not job.state.final:
                continue
            measure = None if job is None else _measured(job)
            if measure is not None:
                await self._store.put_measure(camera_id, measure)
            del self._followed[job_id]
            self._own.discard(job_id)

    async def probe_some(self) -> None:
        """Have the cameras probed that were measured longest ago, a few at a time, once a night."""
        room = AT_ONCE - len(self._own)
        if room <= 0:
            return
        before_us = self._clock.utc_us() - self._every_days * DAY_US
        # those that were tried this night and did not answer are still the oldest
        most = min(len(self._tried) + room, _TRIED)
        for camera_id in await self._store.unmeasured(before_us, most):
            if room <= 0:
                return
            if camera_id in self._tried:
                continue
            self._tried.add(camera_id)
            room -= 1
            try:
                stored = await self._registry.stored(camera_id, Scope.all())
            except NotFoundError:
                continue
            job = await self._jobs.submit(probe_of(stored, _SYSTEM, Scope.all()))
            self._own.add(job.id)
            self.follow(job.id, camera_id)


def probe_of(stored: StoredCamera, owner: str, scope: Scope) -> Submission:
    """Return the job that probes a registered camera; its credentials stay sealed."""
    camera = stored.camera
    request = ProbeRequest(camera.url, camera.transport, make=camera.details.make)
    return _submission(stored, request, owner, scope)


def device_probe_of(stored: StoredCamera, owner: str, scope: Scope) -> Submission:
    """Return the job that asks the ONVIF device of a registered camera.

    Raises ConflictError where none is known. The log-in goes to the camera's own host only.
    """
    camera = stored.camera
    url = camera.details.capabilities.onvif_url
    if not url:
        raise ConflictError(
            "No ONVIF device is known of this camera",
            hint="write the address of its device service into its record",
            code="no_onvif",
        )
    if device_elsewhere(camera):
        raise ConflictError(
            "The ONVIF device of this camera is at another host than its stream",
            hint="correct the address of its device service",
            code="onvif_elsewhere",
        )
    return _submission(stored, ProbeRequest(url), owner, scope)


def _submission(
    stored: StoredCamera, request: ProbeRequest, owner: str, scope: Scope
) -> Submission:
    sealed, sealed_for = stored.login
    return Submission(
        PROBE,
        encode(request),
        owner,
        Action.CAMERA_MANAGE,
        scope,
        limit_s=3 * request.seconds + BESIDE_MEASURING_S,
        sealed=sealed,
        sealed_for=sealed_for,
    )


def _measured(job: Job) -> Measure | None:
    """Return what a probe measured; None where it saw no stream."""
    if job.state is not JobState.DONE or job.kind != PROBE:
        return None
    try:
        report: ProbeReport = decode_report(job.result)
    except (msgspec.MsgspecError, RecursionError):
        log.warning("measure_unreadable", job=job.id)
        return None
    stream = report.stream
    if stream is None:
        return None
    offset = stream.clock_offset_s
    if offset is not None and not math.isfinite(offset):
        offset = None
    return Measure(
        job.updated_us,
        stream.codec[:20],
        min(max(stream.width, 0), 65_535),
        min(max(stream.height, 0), 65_535),
        stream.fps if math.isfinite(stream.fps) else 0.0,
        offset,
    )

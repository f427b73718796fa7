"""Puts a worker together: leases, cameras, analysis, spool, and its metrics. No web framework."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

import structlog

from analytics.budget import Budget
from analytics.camera_analysis import CameraAnalysis
from analytics.detectors.library import ModelLibrary
from analytics.event_builder import EventBuilder
from analytics.events import EventMessage, encode_event
from analytics.pipeline import CameraPipeline, PipelineConfig
from analytics.pool import AnalysisPool
from analytics.rulebook.book import Rulebook, default_rulebook
from analytics.rulebook.document import decode_rules
from camera_registry import subjects
from camera_registry.base.clock import Clock, SystemClock
from camera_registry.base.errors import InvalidError, StorageError
from camera_registry.model import CameraSpec, Credentials
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from ingest.freeze import PictureWatch, Verdict
from ingest.gate.activity import ActivityGate
from ingest.gate.config import GateConfig
from ingest.gate.heartbeat import HeartbeatConfig
from ingest.gate.memories import GateMemories
from ingest.health_log import HealthLog
from ingest.leases import LeaseKeeper
from ingest.options import IngestOptions
from ingest.spool import Spool
from ingest.supervisor import CameraSupervisor
from ioc_api.compose.allocator import giving_back, use_few_arenas
from ioc_api.compose.attendants import attendants
from ioc_api.compose.bus import connected_bus
from ioc_api.compose.common import open_vault, run_until, stop_requested
from ioc_api.compose.count_keeping import CountKeeping
from ioc_api.compose.detectors import batch_size, open_detector
from ioc_api.compose.device_jobs import make_runner
from ioc_api.models.bus import MAX_FILES_BYTES, ModelFeed
from ioc_api.settings import Settings
from ioc_api.web.ops_http import OpsServer

log = structlog.get_logger(__name__)


class _Analyses:
    """Makes the analysis of each camera on the worker's one pool, library of models and spool."""

    def __init__(
        self,
        settings: Settings,
        options: IngestOptions,
        pool: AnalysisPool,
        models: ModelLibrary,
        spool: Spool,
        gates: GateMemories,
        worker: str,
        clock: Clock,
    ) -> None:
        self._gates = gates
        self._gate = GateConfig(heartbeat=HeartbeatConfig(longest_s=settings.gate_heartbeat_s))
        self.pool = pool
        self._models = models
        self._budget = Budget(lambda: self.pool.busy_s, self.pool.width, clock=clock)
        self._config = PipelineConfig(analysis_fps=settings.analysis_fps)
        self._options = options
        self._spool = spool
        self._worker = worker
        self._clock = clock

    def __call__(
        self,
        spec: CameraSpec,
        on_picture: Callable[[Verdict], None],
        on_failure: Callable[[Exception], None],
    ) -> CameraAnalysis:
        model = self._models.camera(spec.detector)
        builder = EventBuilder(
            camera_id=spec.id,
            unit_code=spec.unit_code,
            model=lambda: model.label,
            worker=self._worker,
            clock=self._clock,
        )
        counting = CountKeeping(self._spool, spec.id, self._clock)
        pipeline = CameraPipeline(
            camera_id=spec.id,
            pool=self.pool,
            detector=model,
            rulebook=_rulebook(spec),
            builder=builder,
            watch=PictureWatch(self._options),
            on_event=self._keep,
            on_counts=counting.closed,
            on_open_counts=counting.open,
            on_picture=on_picture,
            on_failure=on_failure,
            config=self._config,
            gate=ActivityGate(self._gate, auto=spec.gate != "off", memory=self._gates.of(spec.id)),
            budget=self._budget,
            priority=spec.priority,
        )
        ended = self._gates.follow(spec.id, pipeline.gate_memory)
        return CameraAnalysis(spec, pipeline, model, read_rules=_rulebook, ended=ended)

    def _keep(self, message: EventMessage) -> None:
        event = message.event
        subject = subjects.event(event.unit_code, event.camera_id, event.kind)
        try:
            self._spool.put(event.id, subject, encode_event(message))
        except StorageError as error:
            log.error("event_lost", camera=event.camera_id, reason=str(error))


def _rulebook(spec: CameraSpec) -> Rulebook:
    """Return the rules of a camera; the default ones where the document is of a newer camhub."""
    if not spec.rules:
        return default_rulebook()
    try:
        return decode_rules(spec.rules)
    except InvalidError as error:
        log.error("rules_refused", camera=spec.id, reason=error.message)
        return default_rulebook()


def _open_credentials(vault: Vault, spec: CameraSpec) -> Credentials | None:
    return vault.open_credentials(spec.sealed_for or spec.id, spec.sealed) if spec.sealed else None


def _options(settings: Settings) -> IngestOptions:
    return IngestOptions(
        ring_s=settings.ring_seconds,
        ring_bytes=settings.ring_bytes,
        stalled_after_s=settings.stalled_after_s,
        frozen_after_s=settings.frozen_after_s,
        permits=UrlPolicy.parse(settings.camera_networks, loopback=settings.loopback).permits,
    )


async def run_worker(settings: Settings) -> None:
    """Run cameras until SIGTERM; give the leases back then, so that others go on at once."""
    use_few_arenas()
    clock = SystemClock()
    stop = stop_requested()
    name = settings.worker_name or f"{socket.gethostname()}-{os.getpid()}"
    vault = open_vault(settings)
    options = _options(settings)
    async with connected_bus(settings, f"worker-{name}") as bus:
        spool = Spool(settings.data / "spool" / name, bus, clock, max_bytes=settings.spool_bytes)
        spool.open()
        pool = AnalysisPool(
            settings.worker_threads or len(os.sched_getaffinity(0)), batch_size(settings) - 1
        )
        files = bus.objects(subjects.MODEL_FILES, MAX_FILES_BYTES)
        feed = ModelFeed(bus, files, settings.data / "models")
        models = ModelLibrary(
            feed.fetch,
            lambda model: open_detector(settings, model, waiting=pool.waiting),
            clock,
            default=settings.detector,
        )
        gates = GateMemories(bus, clock)
        analyses = _Analyses(settings, options, pool, models, spool, gates, name, clock)
        health = HealthLog(bus, clock)
        cameras = CameraSupervisor(
            bus,
            clock,
            worker=name,
            health=health,
            options=options,
            open_credentials=lambda spec: _open_credentials(vault, spec),
            make_analysis=analyses,
            attend=attendants(bus, clock, vault, options.permits),
        )
        keeper = LeaseKeeper(
            bus,
            clock,
            worker=name,
            capacity=settings.worker_capacity,
            on_taken=cameras.taken,
            on_lost=cameras.lost,
        )
        cameras.on_removed = keeper.drop
        ops = OpsServer(
            settings.host,
            settings.ops_port,
            lambda: {"bus": bus.connected, "analysis": analyses.pool.alive, "spool": spool.healthy},
        )
        ops.start()
        try:
            await feed.start(models)
            await gates.start()
            await cameras.start()
            log.info("worker_ready", worker=name, ops_port=ops.port)

            released = asyncio.Event()

            async def release() -> None:
                await stop.wait()
                await keeper.release_all()
                released.set()

            jobs = make_runner(settings, options, bus, vault, clock, name)
            await run_until(
                released,
                keeper.run(),
                cameras.run(),
                health.run(),
                gates.run(),
                spool.run(),
                jobs.run(),
                giving_back(clock),
                release(),
            )
        finally:
            await cameras.stop()
            await gates.save()
            await feed.stop()
            await models.stop()
            analyses.pool.stop()
            spool.close()
            ops.stop()

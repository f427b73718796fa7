"""Puts the jobs of devices together, on the worker's side."""

from __future__ import annotations

from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from camera_registry.jobs import JobRunner
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from ingest.onvif.jobs import handlers
from ingest.options import IngestOptions
from ioc_api.settings import Settings


def make_runner(
    settings: Settings, options: IngestOptions, bus: Bus, vault: Vault, clock: Clock, name: str
) -> JobRunner:
    """Return the runner of a worker's jobs, whose ``run`` has still to be run."""
    policy = UrlPolicy.parse(settings.camera_networks, loopback=settings.loopback)
    return JobRunner(
        bus,
        clock,
        vault,
        worker=name,
        handlers=handlers(policy, options, clock, vault),
        slots=settings.worker_jobs,
    )

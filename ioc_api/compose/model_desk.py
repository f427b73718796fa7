"""Puts the api's side of models together: the desk of the routes, and what does its jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from camera_registry import subjects
from camera_registry.adapters.blobs import BlobStore
from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from camera_registry.jobs import JobDesk, JobRunner
from camera_registry.vault import Vault
from ioc_api.hosting.child import Child
from ioc_api.models.desk import ModelDesk
from ioc_api.models.jobs import KIND, ModelJobs
from ioc_api.models.keeper import ModelKeeper
from ioc_api.settings import Settings

_SLOTS = 2
_CHILD = Child("ioc_api.compose.model_child", "the trial of the model")


@dataclass(frozen=True, slots=True)
class ModelService:
    """The desk, and the runner of its jobs."""

    desk: ModelDesk
    runner: JobRunner

    async def run(self) -> None:
        """Do jobs and tidy up, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.runner.run())
            group.create_task(self.desk.run())


def make_models(
    settings: Settings,
    keeper: ModelKeeper,
    bus: Bus,
    vault: Vault,
    clock: Clock,
    changed: Callable[[], None],
) -> ModelService:
    """Make them. ``changed`` is called when workers have something new to learn."""
    blobs = BlobStore.open(settings.blob_location)
    jobs = ModelJobs(keeper, blobs, _CHILD, detector_settings(settings), changed)
    desk = ModelDesk(
        keeper,
        JobDesk(bus, vault, clock),
        blobs,
        clock,
        limit_ms=settings.detector_limit_ms,
        changed=changed,
    )
    runner = JobRunner(
        bus,
        clock,
        vault,
        worker="api",
        handlers={KIND: jobs},
        slots=_SLOTS,
        stream=subjects.API_JOBS_STREAM,
        durable=subjects.API_JOBS_DURABLE,
    )
    return ModelService(desk, runner)


def detector_settings(settings: Settings) -> dict[str, str]:
    """Return what a child has to know: nothing of it is secret."""
    whole = {
        name.removeprefix("CAMHUB_").lower(): text for name, text in settings.for_child().items()
    }
    return {
        name: text
        for name, text in whole.items()
        if name.startswith("detector") or name == "model_mirror"
    }

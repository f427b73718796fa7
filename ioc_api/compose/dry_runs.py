"""Puts dry runs together: clips from the bus, the analysis in a child process, models to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from analytics.builtin import BUILT_IN
from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from ioc_api.dry_runs.clips import BusClips
from ioc_api.dry_runs.desk import DryRuns
from ioc_api.dry_runs.model import Run, RunLimits
from ioc_api.dry_runs.process import ChildCommand, run_child
from ioc_api.models.keeper import ModelKeeper
from ioc_api.settings import Settings

_CHILD = ChildCommand("ioc_api.compose.dry_run_child")
_MOST_PICTURES = 200


def make_dry_runs(settings: Settings, keeper: ModelKeeper, bus: Bus, clock: Clock) -> DryRuns:
    """Return the dry runs of an api, whose ``run`` has still to be run."""
    limits = RunLimits()

    async def analyse(run: Run, on_message: Callable[[dict[str, Any]], None]) -> None:
        name = run.detector or await keeper.default()
        model = "" if name == BUILT_IN else await _model(keeper, name, run.directory / "model")
        order = {
            "clip": str(run.clip),
            "rules": run.document.decode(),
            "start_us": run.start_us,
            "pictures": str(run.picture(0).parent),
            "most_pictures": _MOST_PICTURES,
            "most_s": limits.longest_s,
            "cpu_s": round(limits.longest_s),
            "analysis_fps": settings.analysis_fps,
            "providers": settings.detector_providers,
            "detector_limit_ms": settings.detector_limit_ms,
            "model": model,
        }
        await run_child(_CHILD, order, on_message, limits.longest_s)

    made = DryRuns(settings.data / "dry-runs", BusClips(bus), analyse, clock, limits)
    made.sweep()
    return made


async def _model(keeper: ModelKeeper, name: str, place: Path) -> str:
    """Write a model where the child finds it: the child sees neither the database nor the blobs."""
    model = await keeper.load(name)

    def write() -> None:
        place.mkdir()
        (place / "manifest.json").write_bytes(msgspec.json.encode(model.manifest))
        (place / "model.onnx").write_bytes(model.data)

    await asyncio.to_thread(write)
    return str(place)

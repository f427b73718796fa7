"""Small clips, rendered once per run, and a simulator that runs while a test lasts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from ingest.simulator import CameraConfig, Ready, SimulatorConfig, run
from ingest.simulator.library import ClipSpec, build

Start = Callable[..., Awaitable[Ready]]


def small(name: str, **changes: object) -> CameraConfig:
    """Return a camera whose clip is 0.4 s long, so that a keyframe is never far."""
    values: dict[str, object] = {"width": 320, "height": 180, "fps": 25, "seconds": 0.4}
    return CameraConfig(name, **(values | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    build(ClipSpec.of(small("any")), folder)
    return folder


@pytest.fixture(scope="session")
def clip_path(cache_dir: Path) -> Path:
    return build(ClipSpec.of(small("any")), cache_dir)


@pytest_asyncio.fixture
async def start(cache_dir: Path) -> AsyncIterator[Start]:
    """Start simulators; they end with the test."""
    tasks: list[asyncio.Task[None]] = []

    async def begin(*cameras: CameraConfig, **settings: int) -> Ready:
        loaded = asyncio.Event()
        places: list[Ready] = []

        def progress(_: str, count: int, total: int) -> None:
            if count == total:
                loaded.set()

        config = SimulatorConfig(
            cameras,
            cache_dir,
            control_port=0,
            **settings,  # type: ignore[arg-type]
        )
        task = asyncio.create_task(run(config, ready=places.append, progress=progress))
        tasks.append(task)
        waiting = asyncio.create_task(loaded.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if task.done():
            task.result()
        return places[0]

    yield begin
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

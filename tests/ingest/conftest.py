"""A simulated camera beside the test, in the same event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from camera_registry.base.clock import SystemClock
from ingest.simulator import CameraConfig, Fault, SimulatorConfig
from ingest.simulator.camera import SimulatedCamera
from ingest.simulator.server import Simulator
from tests.ingest import footage


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of 320×180 at 25 pictures a second, a keyframe every 0.48 s."""
    return footage.write_mp4(tmp_path_factory.mktemp("clip") / "street.mp4")


class Camera:
    """One simulated camera whose faults the test sets."""

    def __init__(self, url: str, camera: SimulatedCamera) -> None:
        self.url = url
        self._camera = camera

    async def fault(self, kind: str, amount: float | None = None) -> None:
        await self._camera.set_fault(Fault.of(kind, None, amount))

    async def mend(self) -> None:
        await self._camera.set_fault(None)


@contextlib.asynccontextmanager
async def simulated(config: CameraConfig, cache: Path) -> AsyncIterator[Camera]:
    """Run a simulator with this one camera."""
    simulator = Simulator(SimulatorConfig((config,), cache), SystemClock())
    await simulator.open()
    serving = asyncio.create_task(simulator.serve(None))
    try:
        yield Camera(simulator.ready.url(config.name), simulator.cameras[config.name])
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await simulator.close()


@pytest.fixture
async def camera(clip: Path, tmp_path: Path) -> AsyncIterator[Camera]:
    """A camera with Digest log-in (user ``camera``, password ``s3cret``) on a port of its own."""
    config = CameraConfig("street", str(clip), auth="digest", password="s3cret", own_port=True)
    async with simulated(config, tmp_path) as running:
        yield running

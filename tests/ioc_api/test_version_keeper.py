"""Retention of changes to cameras, on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.adapters.versions_sql import SqlVersionArchive
from camera_registry.base.errors import NotFoundError
from camera_registry.model import Camera
from camera_registry.records import CameraChange, NewCamera
from camera_registry.scope import Scope
from ioc_api import version_keeper
from ioc_api.version_keeper import VersionKeeper
from tests.fakes import ManualClock
from tests.ioc_api.hub import UNIT_A, Hub, hub

CITY = Scope.all()
DAYS = 30


@pytest.fixture
async def api(tmp_path: Path, bus: NatsBus, engine: str) -> AsyncIterator[Hub]:
    async with hub(tmp_path, bus, mirror=False) as made:
        yield made


async def changed(api: Hub, name: str, times: int) -> Camera:
    new = NewCamera(name, UNIT_A, f"rtsp://10.0.0.1/{len(name)}{times}")
    camera = await api.deps.registry.add(new, CITY)
    for number in range(times):
        camera = await api.deps.registry.update(
            camera.id, CameraChange(name=f"{name} {number}"), CITY
        )
    return camera


def keeper(api: Hub, days: int, ahead_days: float) -> VersionKeeper:
    clock = ManualClock(api.deps.now_us() + round(ahead_days * 86_400_000_000))
    return VersionKeeper(SqlVersionArchive(api.database), days, clock)


async def test_the_latest_entry_of_a_registered_camera_outlives_its_time(
    api: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_keeper, "ROWS", 2)
    kept, removed = await changed(api, "Cầu", 4), await changed(api, "Chợ", 1)
    await api.deps.registry.remove(removed.id, CITY)
    assert await keeper(api, DAYS, DAYS - 1).run_once() == 0
    assert await keeper(api, 0, 5000).run_once() == 0
    assert len(await api.deps.registry.versions(removed.id, CITY)) == 3
    assert await keeper(api, DAYS, DAYS + 1).run_once() == 4 + 3
    (latest,) = await api.deps.registry.versions(kept.id, CITY)
    assert latest.camera == kept
    with pytest.raises(NotFoundError):
        await api.deps.registry.versions(removed.id, CITY)
    assert await keeper(api, DAYS, DAYS + 1).run_once() == 0

"""A hub that was stopped: what nobody has watched does not count as life."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.adapters.health_watch_sql import SqlHealthWatch
from camera_registry.base.clock import SystemClock
from camera_registry.health.model import HealthChange
from camera_registry.model import Camera, CameraState, State
from camera_registry.records import CameraChange, NewCamera
from camera_registry.scope import Scope
from ioc_api.access.rbac import Role
from ioc_api.health import gaps
from ioc_api.health.gaps import GapKeeper
from tests.ioc_api.hub import Hub, hub
from tests.waiting import eventually

S = 1_000_000
HOUR = 3600 * S
CITY = Scope.all()


@pytest.fixture
async def made(tmp_path: Path, bus: NatsBus, engine: str) -> AsyncIterator[Hub]:
    async with hub(tmp_path / "hub", bus) as built:
        await built.deps.states.start()
        yield built
        await built.deps.states.stop()


@pytest.fixture
async def camera(made: Hub) -> Camera:
    return await made.deps.registry.add(NewCamera("Cầu", "26740", "rtsp://10.0.0.1/s"), CITY)


@pytest.fixture
def now() -> int:
    return SystemClock().utc_us()


@pytest.fixture
def watch(made: Hub) -> SqlHealthWatch:
    return SqlHealthWatch(made.database)


@pytest.fixture
def keeper(made: Hub, watch: SqlHealthWatch) -> GapKeeper:
    return GapKeeper(made.deps.health, watch, made.deps.states, SystemClock())


async def was(made: Hub, camera: Camera, *states: tuple[str, int]) -> None:
    await made.deps.health.add(
        [HealthChange(camera.id, "26740", state, state, "", at_us, "w") for state, at_us in states]
    )


async def reported(made: Hub, bus: NatsBus, camera: Camera, state: State, since_us: int) -> None:
    now = SystemClock().utc_us()
    report = CameraState(camera.id, "26740", state, state.value, "", since_us, now)
    await bus.bucket(subjects.STATES_BUCKET).put(camera.id, msgspec.msgpack.encode(report))
    await eventually(lambda: made.deps.states.state_of(camera.id) is not None)


async def states(made: Hub, camera: Camera) -> list[tuple[str, int]]:
    page = await made.deps.health.page(camera.id, None, 10)
    return [(each.state, each.at_us) for each in reversed(page)]


async def test_a_night_without_a_hub_is_no_life(
    made: Hub, bus: NatsBus, camera: Camera, keeper: GapKeeper, now: int
) -> None:
    stopped = now - 8 * HOUR
    await was(made, camera, ("live", now - 24 * HOUR), ("connecting", now - 60 * S))
    await was(made, camera, ("live", now - 50 * S))
    await reported(made, bus, camera, State.LIVE, now - 50 * S)
    assert await keeper.look(stopped, last=False) == 1
    assert await states(made, camera) == [
        ("live", now - 24 * HOUR),
        ("unwatched", stopped + 1),
        ("connecting", now - 60 * S),
        ("live", now - 50 * S),
    ]
    async with made.client(await made.token(Role.OPERATOR)) as client:
        health = (await client.get(f"/api/v1/cameras/{camera.id}/health")).json()
    assert health["uptime"]["share"] == pytest.approx(16 / 24, abs=0.001)
    assert health["dead_since"] is None
    assert await keeper.look(stopped, last=True) == 0  # looked at twice, nothing changes


async def test_a_camera_that_connects_is_left_until_it_lives(
    made: Hub, bus: NatsBus, camera: Camera, keeper: GapKeeper, now: int
) -> None:
    await was(made, camera, ("live", now - 24 * HOUR), ("connecting", now - 5 * S))
    await reported(made, bus, camera, State.CONNECTING, now - 5 * S)
    assert await keeper.look(now - HOUR, last=False) == 0
    assert await keeper.look(now - HOUR, last=True) == 1


async def test_what_a_worker_went_on_watching_is_believed(
    made: Hub, bus: NatsBus, camera: Camera, keeper: GapKeeper, now: int
) -> None:
    await was(made, camera, ("live", now - 24 * HOUR))
    await reported(made, bus, camera, State.LIVE, now - 24 * HOUR)
    assert await keeper.look(now - HOUR, last=True) == 0
    await was(made, camera, ("offline", now - 60 * S))  # told late, and true
    await reported(made, bus, camera, State.OFFLINE, now - 60 * S)
    assert await keeper.look(now - HOUR, last=True) == 0


async def test_a_camera_that_no_worker_takes_again_is_dead_and_listed(
    made: Hub, camera: Camera, keeper: GapKeeper, now: int
) -> None:
    await was(made, camera, ("live", now - 24 * HOUR))
    assert await keeper.look(now - HOUR, last=False) == 0
    assert await keeper.look(now - HOUR, last=True) == 1
    (outage,) = await made.deps.health.outages(CITY, now, None, 10)
    assert (outage.change.state, outage.since_us) == ("unwatched", now - HOUR + 1)


async def test_a_camera_that_is_off_or_was_unwatched_stays_so(
    made: Hub, camera: Camera, keeper: GapKeeper, now: int
) -> None:
    await was(made, camera, ("live", now - 24 * HOUR), ("unwatched", now - 2 * HOUR))
    assert await keeper.look(now - HOUR, last=True) == 0
    await was(made, camera, ("live", now - 90 * 60 * S))
    await made.deps.registry.update(camera.id, CameraChange(enabled=False), CITY)
    assert await keeper.look(now - HOUR, last=True) == 0


async def test_the_watch_goes_on_only_after_the_gap_was_looked_at(
    made: Hub,
    camera: Camera,
    watch: SqlHealthWatch,
    keeper: GapKeeper,
    now: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gaps, "ROUND_S", 0.0)
    monkeypatch.setattr(gaps, "BEAT_S", 0.0)
    await was(made, camera, ("live", now - 24 * HOUR))
    await watch.beat(now - HOUR)
    await watch.beat(now - 2 * HOUR)  # of an api whose clock is behind
    for _ in range(gaps.ROUNDS):
        assert await watch.last() == now - HOUR
        await keeper._turn()
    await keeper._turn()
    assert (await states(made, camera))[-1] == ("unwatched", now - HOUR + 1)
    last = await watch.last()
    assert last is not None
    assert last >= now
    fresh = GapKeeper(made.deps.health, watch, made.deps.states, SystemClock())
    await fresh._turn()  # only started anew: nothing to look at
    assert len(await states(made, camera)) == 2

"""The last known states: order, silence, and reports that make no sense."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.bus import Entry
from camera_registry.base.ids import new_id
from camera_registry.model import Camera, CameraState, State
from ioc_api.state_cache import NO_WORKER, StateCache
from tests.fakes import ManualClock
from tests.waiting import eventually

ID = new_id(1)


def report(clock: ManualClock, **changes: object) -> CameraState:
    now = clock.utc_us()
    good = CameraState(ID, "25747", State.LIVE, "ok", "Live", now, now, now, "w1", 3)
    return replace(good, **changes)  # type: ignore[arg-type] # a test's shorthand


async def feed(cache: StateCache, state: CameraState | bytes | None, key: str = ID) -> None:
    value = msgspec.msgpack.encode(state) if isinstance(state, CameraState) else state
    await cache._on_entry(Entry(key, value, 1))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def cache(bus: NatsBus, clock: ManualClock) -> StateCache:
    return StateCache(bus, clock)


async def test_it_follows_the_bucket(bus: NatsBus, cache: StateCache, clock: ManualClock) -> None:
    bucket = bus.bucket(subjects.STATES_BUCKET)
    first, second = report(clock), report(clock, camera_id=new_id(2))
    await bucket.put(first.camera_id, msgspec.msgpack.encode(first))
    await cache.start()
    assert cache.state_of(first.camera_id) == first
    await bucket.put(second.camera_id, msgspec.msgpack.encode(second))
    await eventually(lambda: cache.state_of(second.camera_id) == second)
    await bucket.delete(first.camera_id)
    await eventually(lambda: cache.state_of(first.camera_id) is None)
    await cache.stop()


async def test_a_camera_that_falls_silent_is_told_once(
    cache: StateCache, clock: ManualClock
) -> None:
    heard: list[CameraState] = []
    stop = cache.listen(heard.append)
    state = report(clock)
    await feed(cache, state)
    clock.move(10)
    cache.sweep()
    assert heard == [state]
    clock.move(0.5)
    cache.sweep()
    cache.sweep()
    assert [each.state for each in heard] == [State.LIVE, State.OFFLINE]
    assert (heard[1].reason_code, heard[1].since_us) == (NO_WORKER, state.updated_us)
    assert cache.state_of(ID) == heard[1]
    back = report(clock)
    await feed(cache, back)
    assert heard[2] == back
    assert cache.state_of(ID) == back
    stop()
    await feed(cache, back)
    assert len(heard) == 3


async def test_a_worker_that_lost_the_camera_is_not_believed(
    cache: StateCache, clock: ManualClock
) -> None:
    newer = report(clock, generation=4)
    await feed(cache, newer)
    await feed(cache, report(clock, generation=3, state=State.STALLED))
    assert cache.state_of(ID) == newer
    clock.move(11)
    reset = report(clock, generation=1)
    await feed(cache, reset)
    assert cache.state_of(ID) == reset


async def test_reports_that_make_no_sense_are_left_out(
    cache: StateCache, clock: ManualClock
) -> None:
    for wrong in (
        b"\xc1",
        b"",
        report(clock, camera_id=new_id(9)),
        report(clock, since_us=-1),
        report(clock, updated_us=2**62),
        report(clock, fps=float("nan")),
        report(clock, reason="x" * 501),
    ):
        await feed(cache, wrong)
    assert cache.state_of(ID) is None


async def test_what_is_shown_of_a_camera(cache: StateCache, clock: ManualClock) -> None:
    camera = Camera(ID, "n", "25747", "rtsp://h", updated_us=5)
    status = cache.status(camera)
    assert status is not None
    assert (status.state, status.reason_code, status.since_us) == (State.OFFLINE, NO_WORKER, 5)
    await feed(cache, report(clock))
    assert cache.status(camera) == report(clock)
    assert cache.status(replace(camera, enabled=False)) is None

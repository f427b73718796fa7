"""Camera leases on a real work queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock
from ingest.leases import LeaseKeeper
from tests.conftest import NatsServer
from tests.waiting import eventually


class Holder:
    """A worker that only remembers what it holds."""

    def __init__(self, bus: NatsBus, name: str, capacity: int = 100) -> None:
        self.running: dict[str, int] = {}
        self.refuse: set[str] = set()
        self.keeper = LeaseKeeper(
            bus,
            SystemClock(),
            worker=name,
            capacity=capacity,
            on_taken=self._taken,
            on_lost=self._lost,
        )

    async def _taken(self, camera_id: str, generation: int) -> bool:
        if camera_id in self.refuse:
            return False
        self.running[camera_id] = generation
        return True

    async def _lost(self, camera_id: str) -> None:
        del self.running[camera_id]


@contextlib.asynccontextmanager
async def running(*holders: Holder) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(holder.keeper.run()) for holder in holders]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def enable(bus: NatsBus, count: int) -> set[str]:
    names = {f"cam{number}" for number in range(count)}
    for name in names:
        await bus.append(subjects.lease(name), name.encode())
    return names


async def test_one_worker_takes_every_camera_once(bus: NatsBus) -> None:
    names = await enable(bus, 30)
    holder = Holder(bus, "a")
    async with running(holder):
        await eventually(lambda: set(holder.running) == names)
        assert set(holder.keeper.held) == names


async def test_the_cameras_of_a_dead_worker_go_to_another(nats_url: str, bus: NatsBus) -> None:
    names = await enable(bus, 12)
    other_bus = await NatsBus.connect(nats_url, name="other")
    first, second = Holder(other_bus, "first"), Holder(bus, "second")
    async with running(first, second) as tasks:
        await eventually(lambda: set(first.running) | set(second.running) == names)
        before = dict(first.running)
        # a killed process neither renews nor gives back
        tasks[0].cancel()
        await asyncio.wait([tasks[0]])
        await other_bus.close()
        await eventually(lambda: set(second.running) == names, within_s=60)
        assert all(second.running[name] > generation for name, generation in before.items())


async def test_what_a_stopping_worker_gives_back_is_taken_at_once(
    nats_url: str, bus: NatsBus
) -> None:
    names = await enable(bus, 6)
    other_bus = await NatsBus.connect(nats_url, name="other")
    first = Holder(other_bus, "first")
    async with running(first):
        await eventually(lambda: set(first.running) == names)
        await first.keeper.release_all()
        assert first.running == {}
        second = Holder(bus, "second")
        async with running(second):
            await eventually(lambda: set(second.running) == names)
    await other_bus.close()


async def test_a_new_worker_gets_its_share(nats_url: str, bus: NatsBus) -> None:
    names = await enable(bus, 8)
    first = Holder(bus, "first")
    async with running(first):
        await eventually(lambda: set(first.running) == names)
        other_bus = await NatsBus.connect(nats_url, name="other")
        second = Holder(other_bus, "second")
        async with running(second):
            await eventually(lambda: len(second.running) >= 3, within_s=60)
            await eventually(lambda: set(first.running) | set(second.running) == names)
            assert not set(first.running) & set(second.running)
        await other_bus.close()


async def test_a_higher_claim_ends_a_hold(bus: NatsBus) -> None:
    await enable(bus, 1)
    holder = Holder(bus, "a")
    async with running(holder):
        await eventually(lambda: "cam0" in holder.running)
        generation = holder.running["cam0"]
        await bus.publish(subjects.claim("cam0"), f"b {generation}".encode())
        await bus.publish(subjects.claim("cam0"), b"garbage")
        await bus.publish(subjects.claim("cam0"), f"b {generation + 1}".encode())
        await eventually(lambda: not holder.running)


async def test_a_camera_that_cannot_be_started_is_offered_again(bus: NatsBus) -> None:
    await enable(bus, 1)
    holder = Holder(bus, "a")
    holder.refuse.add("cam0")
    async with running(holder):
        await asyncio.sleep(0.5)
        assert not holder.running
        holder.refuse.clear()
        await eventually(lambda: "cam0" in holder.running)


async def test_cameras_are_kept_while_the_server_is_away(own_nats: NatsServer) -> None:
    bus = await NatsBus.connect(own_nats.url, name="test")
    names = await enable(bus, 5)
    holder = Holder(bus, "a")
    async with running(holder) as tasks:
        await eventually(lambda: set(holder.running) == names)
        own_nats.kill()
        await eventually(lambda: not bus.connected)
        await asyncio.sleep(3)
        assert set(holder.running) == names
        own_nats.start()
        await eventually(lambda: bus.connected)
        before = dict(holder.running)
        # the engine delivers again what it saw no renewal for, or accepts the next renewal
        await asyncio.sleep(8)
        assert set(holder.running) == names
        assert all(holder.running[name] >= before[name] for name in names)
        assert not tasks[0].done()
    await bus.close()

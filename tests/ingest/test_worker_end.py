"""A worker's services end when they are cancelled, at whichever of their awaits that comes.

Each is run again and again on a real bus and cancelled at its first, second, third … await: once
while it waits there, and once together with the answer that it waits for. ``asyncio.wait_for`` of
Python 3.11, inside the client of the bus, loses the latter.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any, Literal

import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from camera_registry.jobs import JobRunner
from camera_registry.mirror import Mirror
from camera_registry.model import CameraSpec, CameraState, State
from camera_registry.vault import Vault
from ingest.gate.memories import GateMemories
from ingest.gate.state import GateMemory
from ingest.health_log import HealthLog
from ingest.leases import LeaseKeeper
from ingest.spool import Spool
from ingest.state_teller import StateTeller

_LIMIT_S = 60.0
When = Literal["waiting", "answered"]


class Hasty(SystemClock):
    """Pauses are short."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.001))


class Cut:
    """Runs a coroutine and cancels its task at its ``at``-th await."""

    def __init__(self, work: Coroutine[Any, Any, None], at: int, when: When) -> None:
        self._work = work
        self._at = at
        self._when = when
        self.reached = asyncio.Event()

    async def run(self) -> None:
        await self._step()

    @types.coroutine
    def _step(self) -> Generator[Any, Any, None]:
        task = asyncio.current_task()
        assert task is not None
        awaits = 0
        step: Callable[[], Any] = lambda: self._work.send(None)  # noqa: E731 - replaced below
        while True:
            try:
                waited = step()
            except StopIteration:
                return
            awaits += 1
            if awaits == self._at:
                self.reached.set()
                if self._when == "answered" and waited is not None:
                    # before the task is woken: its cancellation and the answer come together
                    waited.add_done_callback(lambda _: task.cancel())
                else:
                    asyncio.get_running_loop().call_soon(task.cancel)
            try:
                yield waited
            except BaseException as raised:  # noqa: BLE001 - it goes where it belongs
                error = raised
                step = lambda: self._work.throw(error)  # noqa: B023, E731 - called at once
            else:
                step = lambda: self._work.send(None)  # noqa: E731 - as above


def state(number: int) -> CameraState:
    kind = (State.LIVE, State.OFFLINE)[number % 2]
    return CameraState(f"cam-{number % 3}", "26734", kind, kind.value, "", number, number)


class Services:
    """A worker's loops, each with somebody who gives it something to do."""

    def __init__(self, bus: NatsBus, place: Path) -> None:
        self.bus = bus
        self.place = place
        self.clock = Hasty()

    def states(self) -> tuple[Coroutine[Any, Any, None], Callable[[int], None]]:
        teller = StateTeller(self.bus)
        return teller.run(), lambda number: teller.tell(state(number))

    def health(self) -> tuple[Coroutine[Any, Any, None], Callable[[int], None]]:
        log = HealthLog(self.bus, self.clock)
        return log.run(), lambda number: log.note(state(number // 3 * 3 + number % 2))

    def gates(self) -> tuple[Coroutine[Any, Any, None], Callable[[int], None]]:
        gates = GateMemories(self.bus, self.clock)
        learnt = [0]
        gates.follow("cam", lambda: GateMemory("h264", 640, 360, True, 1 + learnt[0]))
        return gates.run(), lambda number: learnt.__setitem__(0, 4**number % 10**9)

    def spool(self) -> tuple[Coroutine[Any, Any, None], Callable[[int], None]]:
        spool = Spool(self.place, self.bus, self.clock, max_bytes=10**7)
        spool.open()
        subject = subjects.count("cam")

        async def run() -> None:
            try:
                await spool.run()
            finally:
                spool.close()

        return run(), lambda number: spool.put(new_id(number), subject, b"counts")

    def _keeper(self) -> LeaseKeeper:
        async def taken(_: str, __: int) -> bool:
            return True

        async def lost(_: str) -> None:
            return

        return LeaseKeeper(
            self.bus, self.clock, worker="w", capacity=9, on_taken=taken, on_lost=lost
        )

    def leases_pull(self) -> tuple[Coroutine[Any, Any, None], Callable[[int], None]]:
        return self._keeper()._pull(), lambda _: None

    def leases_renew(self) -> tuple[Coroutine[Any, Any, None], Callable[[int], None]]:
        return self._keeper()._renew(), lambda _: None

    def jobs(self) -> tuple[Coroutine[Any, Any, None], Callable[[int], None]]:
        runner = JobRunner(self.bus, self.clock, Vault(b"k" * 32), worker="w", handlers={}, slots=2)
        return runner.run(), lambda _: None


AWAITS = {
    "states": 20,
    "health": 20,
    "gates": 20,
    "spool": 20,
    "leases_pull": 8,  # an empty queue answers once a second
    "leases_renew": 20,
    "jobs": 3,  # as above
}


async def give(what: Callable[[int], None]) -> None:
    number = 0
    while True:
        what(number)
        number += 1
        await asyncio.sleep(0.001)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("when", ["waiting", "answered"])
@pytest.mark.parametrize("name", AWAITS)
async def test_a_service_ends_at_whichever_await_it_is_cancelled(
    bus: NatsBus, tmp_path: Path, name: str, when: When
) -> None:
    mirror = Mirror(bus)
    for number in range(3):
        await mirror.put(CameraSpec(f"cam-{number}", "n", "26734", "rtsp://10.0.0.1/", 1))
    for at in range(1, AWAITS[name] + 1):
        services = Services(bus, tmp_path / str(at))
        work, what = getattr(services, name)()
        cut = Cut(work, at, when)
        task = asyncio.create_task(cut.run())
        giving = asyncio.create_task(give(what))
        await asyncio.wait_for(cut.reached.wait(), _LIMIT_S)
        await asyncio.wait({task}, timeout=_LIMIT_S)
        ended = task.done()
        giving.cancel()
        for each in (task, giving):
            each.cancel()
        await asyncio.wait({task, giving}, timeout=_LIMIT_S)
        assert ended, f"cancelled at await {at} ({when}), it goes on"
        assert task.cancelled(), task

"""What a worker counted in the minute that was open when it was killed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analytics.series import CountRecord
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock, iso_to_us
from camera_registry.records import NewCamera
from camera_registry.scope import Scope
from ingest.spool import Spool
from ioc_api.adapters.counts_sql import SqlCountStore
from ioc_api.compose.count_keeping import CountKeeping
from ioc_api.events.count_recorder import CountRecorder
from tests.ioc_api.hub import UNIT_A, Hub
from tests.waiting import eventually

NOON_US = iso_to_us("2026-03-02T12:00:00+07:00")

WORKER = """
import asyncio, os, signal, sys
from pathlib import Path
from camera_registry.base.clock import SystemClock
from ingest.spool import Spool
from ioc_api.compose.count_keeping import CountKeeping
from tests.ioc_api.test_count_keeping import minute

async def main():
    spool = Spool(Path(sys.argv[1]), None, SystemClock(), max_bytes=2**20)
    spool.open()
    keeping = CountKeeping(spool, sys.argv[2], SystemClock())
    exec(sys.argv[3])
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def minute(number: int, crossings: int) -> list[CountRecord]:
    at_us = NOON_US + number * 60_000_000
    name = ("gate", 2, "line", "line_cross", "crossings", "right", "car", "sum")
    return [CountRecord(*name, at_us, 60, crossings, crossings)]  # type: ignore[arg-type]


async def added(api: Hub) -> str:
    new = NewCamera("n", UNIT_A, "rtsp://10.0.0.8/")
    return (await api.deps.registry.add(new, Scope.all())).id


def killed_after(spool: Path, camera: str, work: str) -> None:
    """Let another process count, and kill itself in the midst of it."""
    done = subprocess.run([sys.executable, "-c", WORKER, str(spool), camera, work], check=False)
    assert done.returncode == -signal.SIGKILL


async def recorded(api: Hub, bus: NatsBus, camera: str) -> list[tuple[int, float]]:
    recorder = CountRecorder(bus, SqlCountStore(api.database), SystemClock())
    for _ in range(2):
        await recorder.run_once()
    found = await SqlCountStore(api.database).list(camera, 0, 2**60, "", 100)
    return [((one.start_us - NOON_US) // 60_000_000, one.value) for one in found]


async def sent(directory: Path, bus: NatsBus) -> None:
    """Run the next worker's spool until everything is sent."""
    spool = Spool(directory, bus, SystemClock(), max_bytes=2**20)
    spool.open()
    task = asyncio.create_task(spool.run())
    await eventually(lambda: not [*directory.rglob("*.event"), *directory.rglob("*.open")])
    task.cancel()
    spool.close()


@pytest.mark.parametrize(
    ("work", "wanted"),
    [
        # the open minute was told twice: what was told last holds
        ("keeping.open(minute(0, 3)); keeping.open(minute(0, 5))", [(0, 5.0)]),
        ("keeping.open(minute(0, 3)); keeping.closed(minute(0, 4))", [(0, 4.0)]),
        (
            "keeping.open(minute(0, 3)); keeping.closed(minute(0, 4)); keeping.open(minute(1, 2))",
            [(0, 4.0), (1, 2.0)],
        ),
        ("keeping.closed(minute(0, 4))", [(0, 4.0)]),
    ],
)
@pytest.mark.parametrize("name", ["worker-0", "worker-1"])
async def test_open_minute_of_a_killed_worker_is_counted_once(
    api: Hub, bus: NatsBus, tmp_path: Path, work: str, wanted: list[tuple[int, float]], name: str
) -> None:
    camera = await added(api)
    await asyncio.to_thread(killed_after, tmp_path / "spool" / "worker-0", camera, work)
    await sent(tmp_path / "spool" / name, bus)
    assert await recorded(api, bus, camera) == wanted


async def test_end_and_open_minute_of_one_batch_are_one(
    api: Hub, bus: NatsBus, tmp_path: Path
) -> None:
    """Killed after the end was sent and before what was open was taken away: both arrive."""
    camera = await added(api)
    spool = Spool(tmp_path / "w", bus, SystemClock(), max_bytes=2**20)
    spool.open()
    keeping = CountKeeping(spool, camera, SystemClock())
    keeping.open(minute(0, 3))
    (kept,) = (tmp_path / "w").glob("*.open")
    body = kept.read_bytes()
    keeping.closed(minute(0, 4))
    spool.close()
    await sent(tmp_path / "w", bus)
    assert await recorded(api, bus, camera) == [(0, 4.0)]
    kept.write_bytes(body)
    await sent(tmp_path / "w", bus)
    assert await recorded(api, bus, camera) == [(0, 4.0)]

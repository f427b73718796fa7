"""The event spool on a real disk and a real nats-server."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import StorageError
from camera_registry.base.ids import new_id
from ingest.spool import Spool
from tests.conftest import NatsServer
from tests.tools import require
from tests.waiting import eventually

SUBJECT = subjects.event("26734", "cam", "zone_enter")


def spool(directory: Path, bus: NatsBus, max_bytes: int = 2**20) -> Spool:
    made = Spool(directory, bus, SystemClock(), max_bytes=max_bytes)
    made.open()
    return made


async def stored(bus: NatsBus) -> list[bytes]:
    deliveries = await bus.fetch(subjects.EVENTS_STREAM, subjects.EVENTS_RECORDER, 100, 0.5)
    for delivery in deliveries:
        await delivery.ack()
    return [delivery.data for delivery in deliveries]


async def test_what_a_killed_worker_left_is_sent_by_the_next(bus: NatsBus, tmp_path: Path) -> None:
    first = spool(tmp_path / "worker-0", bus)
    ids = [new_id(number * 1_000_000_000) for number in range(5)]
    for number, event_id in enumerate(ids):
        first.put(event_id, SUBJECT, b"%d" % number)
    (tmp_path / "worker-0" / "torn.part").write_bytes(b"half")
    first.close()
    second = spool(tmp_path / "worker-1", bus)
    task = asyncio.create_task(second.run())
    await eventually(lambda: not list(tmp_path.rglob("*.event")))
    assert await stored(bus) == [b"0", b"1", b"2", b"3", b"4"]
    task.cancel()
    second.close()


async def test_events_wait_on_disk_while_the_bus_is_away(
    own_nats: NatsServer, tmp_path: Path
) -> None:
    bus = await NatsBus.connect(own_nats.url, name="test")
    keeper = spool(tmp_path / "w", bus)
    task = asyncio.create_task(keeper.run())
    own_nats.kill()
    await eventually(lambda: not bus.connected)
    keeper.put(new_id(1), SUBJECT, b"late")
    await eventually(lambda: len(list(tmp_path.rglob("*.event"))) == 1)
    own_nats.start()
    await eventually(lambda: not list(tmp_path.rglob("*.event")), within_s=60)
    assert await stored(bus) == [b"late"]
    task.cancel()
    keeper.close()
    await bus.close()


async def test_an_unreadable_file_is_put_aside_and_the_rest_goes_on(
    bus: NatsBus, tmp_path: Path
) -> None:
    keeper = spool(tmp_path / "w", bus)
    (tmp_path / "w" / f"{new_id(1)}.event").write_bytes(b"\xff\xff")
    keeper.put(new_id(2_000_000), SUBJECT, b"good")
    task = asyncio.create_task(keeper.run())
    await eventually(lambda: not list(tmp_path.rglob("*.event")))
    assert await stored(bus) == [b"good"]
    assert len(list(tmp_path.rglob("*.bad"))) == 1
    task.cancel()
    keeper.close()


async def test_the_bound_and_a_second_owner_are_refused(bus: NatsBus, tmp_path: Path) -> None:
    keeper = spool(tmp_path / "w", bus, max_bytes=1000)
    with pytest.raises(StorageError, match="spool is full"):
        keeper.put(new_id(1), SUBJECT, b"x" * 2000)
    with pytest.raises(StorageError, match="in use by another worker"):
        spool(tmp_path / "w", bus)
    keeper.put(new_id(1), SUBJECT, b"x")
    keeper.close()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    require("mount")
    mount = tmp_path / "tiny"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)], check=True)
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


async def test_a_full_disk_is_said_in_one_line_and_leaves_nothing_half_written(
    bus: NatsBus, tiny_disk: Path
) -> None:
    keeper = spool(tiny_disk / "w", bus)

    def fill() -> None:
        for _ in range(100):
            keeper.put(new_id(SystemClock().utc_us()), SUBJECT, b"x" * 20_000)

    with pytest.raises(StorageError, match="No space left on device"):
        fill()
    assert not list(tiny_disk.rglob("*.part"))
    kept = len(list(tiny_disk.rglob("*.event")))
    assert kept > 5
    task = asyncio.create_task(keeper.run())
    await eventually(lambda: not list(tiny_disk.rglob("*.event")))
    assert len(await stored(bus)) == kept
    keeper.put(new_id(SystemClock().utc_us()), SUBJECT, b"again")
    task.cancel()
    keeper.close()

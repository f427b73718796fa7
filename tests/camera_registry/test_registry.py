"""The register on a real database and a real bus: changes, scopes, and the bus's copy."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.base.clock import Clock, SystemClock
from camera_registry.base.errors import (
    CamhubError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    Kind,
    NotFoundError,
)
from camera_registry.base.ids import new_id
from camera_registry.mirror import Mirror, decode_spec
from camera_registry.model import Camera, CameraSpec, Credentials, Position
from camera_registry.records import CameraChange, CameraFilter, NewCamera, StoredCamera
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from camera_registry.versions import SYSTEM
from ioc_api.migrations import DIRECTORY
from tests.conftest import NatsServer
from tests.databases import migrated_url
from tests.fakes import ManualClock
from tests.waiting import eventually

CITY = Scope.all()
A, B = "25747", "25750"
HERE, THERE = Scope.of([A]), Scope.of([B])


@dataclass
class Rig:
    registry: CameraRegistry
    store: SqlCameraStore
    vault: Vault
    bus: NatsBus

    async def spec(self, camera_id: str) -> object:
        entry = await self.bus.bucket(subjects.SPECS_BUCKET).get(camera_id)
        return None if entry is None or entry.value is None else decode_spec(entry.value)

    async def leases(self) -> set[str]:
        return await Mirror(self.bus).leased()


@pytest.fixture
async def database(tmp_path: Path, engine: str) -> AsyncIterator[Database]:
    opened = Database(await migrated_url(tmp_path), DIRECTORY)
    yield opened
    await opened.close()


def make(database: Database, bus: NatsBus, clock: Clock | None = None) -> Rig:
    store, vault = SqlCameraStore(database), Vault(os.urandom(32))
    mirror = Mirror(bus)
    registry = CameraRegistry(
        store, vault, Units.load(), UrlPolicy(), clock or SystemClock(), mirror
    )
    return Rig(registry, store, vault, bus)


@pytest.fixture
def rig(database: Database, bus: NatsBus) -> Rig:
    return make(database, bus)


def new(name: str = "Cổng chợ", unit: str = A, **more: object) -> NewCamera:
    path = (
        "s" if name == "Cổng chợ" else quote(f"{name} {unit}", errors="ignore")
    )  # no two have one address
    values: dict[str, object] = {"url": f"rtsp://admin:geheim@10.0.0.5/{path}", **more}
    return NewCamera(name, unit, **values)  # type: ignore[arg-type] # a test's shorthand


async def test_a_new_camera_is_kept_sealed_and_offered_to_the_workers(rig: Rig) -> None:
    camera = await rig.registry.add(new(position=Position(106.6, 10.9), tags=("gate",)), CITY)
    assert camera.url == "rtsp://10.0.0.5/s"
    assert camera.has_credentials
    assert await rig.registry.get(camera.id, CITY) == camera
    spec = await rig.spec(camera.id)
    assert spec is not None
    entry = await rig.bus.bucket(subjects.SPECS_BUCKET).get(camera.id)
    assert entry is not None
    assert entry.value is not None
    assert b"geheim" not in entry.value
    opened = rig.vault.open_credentials(camera.id, decode_spec(entry.value).sealed)
    assert opened == Credentials("admin", "geheim")
    assert await rig.leases() == {camera.id}


async def test_a_disabled_camera_is_not_offered_until_it_is_enabled(rig: Rig) -> None:
    camera = await rig.registry.add(new(enabled=False), CITY)
    assert await rig.spec(camera.id) is None
    assert await rig.leases() == set()
    await rig.registry.update(camera.id, CameraChange(enabled=True), CITY)
    assert await rig.leases() == {camera.id}
    await rig.registry.update(camera.id, CameraChange(enabled=False), CITY)
    assert await rig.spec(camera.id) is None
    assert await rig.leases() == set()


async def test_a_change_does_not_take_the_camera_from_its_worker(rig: Rig) -> None:
    camera = await rig.registry.add(new(), CITY)
    held = await rig.bus.fetch(subjects.LEASES_STREAM, subjects.LEASES_DURABLE, 10, 2.0)
    assert [delivery.data for delivery in held] == [camera.id.encode()]
    await rig.registry.update(camera.id, CameraChange(name="Another"), CITY)
    assert await rig.registry.reconcile() == 0
    assert await rig.bus.fetch(subjects.LEASES_STREAM, subjects.LEASES_DURABLE, 10, 0.3) == []
    spec = await rig.spec(camera.id)
    assert getattr(spec, "version", 0) == 2


async def test_a_removed_camera_leaves_the_bus(rig: Rig) -> None:
    camera = await rig.registry.add(new(), CITY)
    await rig.bus.bucket(subjects.STATES_BUCKET).put(camera.id, b"state")
    await rig.registry.remove(camera.id, CITY)
    with pytest.raises(NotFoundError):
        await rig.registry.get(camera.id, CITY)
    with pytest.raises(NotFoundError):
        await rig.registry.remove(camera.id, CITY)
    state = await rig.bus.bucket(subjects.STATES_BUCKET).get(camera.id)
    assert state is None or state.value is None
    assert await rig.spec(camera.id) is None
    assert await rig.leases() == set()


async def test_out_of_scope_a_camera_does_not_exist(rig: Rig) -> None:
    camera = await rig.registry.add(new(unit=A), HERE)
    for attempt in (
        rig.registry.get(camera.id, THERE),
        rig.registry.update(camera.id, CameraChange(name="x"), THERE),
        rig.registry.remove(camera.id, THERE),
        rig.registry.get("../../etc", CITY),
    ):
        with pytest.raises(NotFoundError):
            await attempt
    assert list(await rig.registry.list(THERE)) == []
    assert list(await rig.registry.list(Scope())) == []
    with pytest.raises(ForbiddenError):
        await rig.registry.add(new(unit=A), THERE)
    with pytest.raises(ForbiddenError):
        await rig.registry.update(camera.id, CameraChange(unit_code=B), HERE)


async def test_a_version_that_was_overtaken_is_refused(rig: Rig) -> None:
    camera = await rig.registry.add(new(), CITY)
    await rig.registry.update(camera.id, CameraChange(name="first", version=1), CITY)
    with pytest.raises(CamhubError) as caught:
        await rig.registry.update(camera.id, CameraChange(name="second", version=1), CITY)
    assert caught.value.kind is Kind.STALE
    assert (await rig.registry.get(camera.id, CITY)).name == "first"


async def test_changes_at_once_all_count(rig: Rig) -> None:
    camera = await rig.registry.add(new(), CITY)
    await asyncio.gather(
        *(rig.registry.update(camera.id, CameraChange(name=f"n{n}"), CITY) for n in range(4))
    )
    assert (await rig.registry.get(camera.id, CITY)).version == 5


async def test_a_password_never_goes_to_another_host(rig: Rig) -> None:
    camera = await rig.registry.add(new(), CITY)
    same = await rig.registry.update(camera.id, CameraChange(url="rtsp://10.0.0.5/t"), CITY)
    assert same.has_credentials
    moved = await rig.registry.update(camera.id, CameraChange(url="rtsp://10.0.0.6/t"), CITY)
    assert not moved.has_credentials
    again = await rig.registry.update(
        camera.id, CameraChange(credentials=Credentials("u", "p")), CITY
    )
    assert again.has_credentials
    none = await rig.registry.update(camera.id, CameraChange(credentials=None), CITY)
    assert not none.has_credentials


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"name": "a\nb"},
        {"name": "\ud800"},
        {"unit": "99999"},
        {"url": "http://10.0.0.1"},
        {"transport": "carrier pigeon"},
        {"tags": ("",)},
        {"tags": tuple(str(n) for n in range(21))},
        {"position": Position(181, 0)},
        {"position": Position(float("nan"), 0)},
        {"credentials": Credentials("a:b", "c")},
        {"credentials": Credentials("a", "c" * 300)},
    ],
)
async def test_a_wrong_field_is_refused_and_nothing_is_kept(
    rig: Rig, wrong: dict[str, object]
) -> None:
    with pytest.raises(InvalidError):
        await rig.registry.add(new(**wrong), CITY)  # type: ignore[arg-type] # a test's shorthand
    assert list(await rig.registry.list(CITY)) == []


async def test_lists_are_filtered_ordered_and_paged(rig: Rig) -> None:
    for name, unit, tags, enabled in (
        ("b 50%", A, ("x",), True),
        ("a", A, (), True),
        ("c_d", B, ("x", "y"), False),
        ("b 50%", B, (), True),
    ):
        await rig.registry.add(new(name, unit, tags=tags, enabled=enabled), CITY)

    async def names(wanted: CameraFilter, scope: Scope = CITY) -> list[str]:
        return [camera.name for camera in await rig.registry.list(scope, wanted)]

    assert await names(CameraFilter()) == ["a", "b 50%", "b 50%", "c_d"]
    assert await names(CameraFilter(units=(B,))) == ["b 50%", "c_d"]
    assert await names(CameraFilter(units=(B,)), HERE) == []
    assert await names(CameraFilter(text="0%")) == ["b 50%", "b 50%"]
    assert await names(CameraFilter(text="_")) == ["c_d"]
    assert await names(CameraFilter(text="B 5")) == ["b 50%", "b 50%"]
    assert await names(CameraFilter(tag="x")) == ["b 50%", "c_d"]
    assert await names(CameraFilter(enabled=False)) == ["c_d"]
    seen: list[str] = []
    after: tuple[str, str] | None = None
    while page := await rig.registry.list(CITY, None, after, 1):
        seen.append(page[0].id)
        after = (page[0].name, page[0].id)
    assert len(seen) == len(set(seen)) == 4


async def test_the_store_refuses_an_id_twice(rig: Rig) -> None:
    camera = Camera(new_id(1), "n", A, "rtsp://10.0.0.1")
    await rig.store.insert(StoredCamera(camera), SYSTEM)
    with pytest.raises(ConflictError):
        await rig.store.insert(StoredCamera(camera), SYSTEM)


async def test_reconcile_mends_everything_and_then_finds_nothing(rig: Rig) -> None:
    kept = await rig.registry.add(new("kept"), CITY)
    lost = await rig.registry.add(new("lost"), CITY)
    changed = await rig.registry.add(new("changed"), CITY)
    held = await rig.bus.fetch(subjects.LEASES_STREAM, subjects.LEASES_DURABLE, 10, 2.0)
    assert len(held) == 3
    mirror = Mirror(rig.bus)
    await mirror.withdraw(lost.id)
    await rig.bus.bucket(subjects.SPECS_BUCKET).put(changed.id, b"\xc1 garbage")
    leftover = new_id(1)
    await mirror.offer(leftover)
    await rig.bus.bucket(subjects.STATES_BUCKET).put(new_id(2), b"state")
    assert await rig.registry.reconcile() == 5
    assert await rig.registry.reconcile() == 0
    assert await rig.leases() == {kept.id, lost.id, changed.id}
    assert getattr(await rig.spec(changed.id), "version", 0) == 1
    offered = await rig.bus.fetch(subjects.LEASES_STREAM, subjects.LEASES_DURABLE, 10, 1.0)
    assert [delivery.data.decode() for delivery in offered] == [lost.id]


async def test_another_process_changes_are_brought_without_reading_the_bus(
    database: Database, bus: NatsBus
) -> None:
    clock = ManualClock()
    rig = make(database, bus, clock)
    command = CameraRegistry(rig.store, rig.vault, Units.load(), UrlPolicy(), clock, None)
    running = asyncio.create_task(rig.registry.run(every_s=3600))

    async def pass_again(*, whole: bool = False) -> None:
        rig.registry.ask_reconcile(whole=whole)

    try:
        kept = await rig.registry.add(new("kept"), CITY)
        added = await command.add(new("added", unit=B), CITY)
        await pass_again()
        await eventually(lambda: _holds(rig, {kept.id, added.id}))
        changed = await command.update(added.id, CameraChange(name="changed"), CITY)
        await pass_again()
        await eventually(lambda: _told(rig, added.id, changed.version))
        await command.remove(kept.id, CITY)
        await pass_again()
        await eventually(lambda: _holds(rig, {added.id}))
        assert await rig.spec(kept.id) is None

        # what somebody else did to the bus is found when it is read again
        await Mirror(bus).withdraw(added.id)
        marker = await command.add(new("marker"), CITY)
        await pass_again()
        await eventually(lambda: _holds(rig, {marker.id}))
        clock.move(299)
        await pass_again()
        await command.remove(marker.id, CITY)
        await pass_again()
        await eventually(lambda: _holds(rig, set()))
        clock.move(2)
        await pass_again()
        await eventually(lambda: _told(rig, added.id, changed.version))
        await Mirror(bus).withdraw(added.id)
        await pass_again(whole=True)
        await eventually(lambda: _told(rig, added.id, changed.version))
        assert await rig.leases() == {added.id}
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _holds(rig: Rig, ids: set[str]) -> bool:
    return await rig.leases() == ids


async def _told(rig: Rig, camera_id: str, version: int) -> bool:
    return getattr(await rig.spec(camera_id), "version", 0) == version


async def test_without_a_bus_a_change_is_kept_and_brought_later(
    database: Database, own_nats: NatsServer
) -> None:
    bus = await NatsBus.connect(own_nats.url, name="test")
    rig = make(database, bus)
    gone = await rig.registry.add(new("gone"), CITY)
    own_nats.kill()
    await eventually(lambda: not bus.connected)
    camera = await rig.registry.add(new("made meanwhile"), CITY)
    await rig.registry.remove(gone.id, CITY)
    assert [each.name for each in await rig.registry.list(CITY)] == ["made meanwhile"]

    async def wake() -> None:
        rig.registry.ask_reconcile(whole=True)

    bus.on_reconnect(wake)
    running = asyncio.create_task(rig.registry.run(every_s=3600))
    own_nats.start()

    async def mended() -> bool:
        return bus.connected and await rig.leases() == {camera.id}

    try:
        await eventually(mended, within_s=60)
        assert await rig.spec(gone.id) is None
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await bus.close()


async def test_rules_are_kept_under_their_own_version_and_told_to_the_worker(rig: Rig) -> None:
    camera = await rig.registry.add(new(), CITY)
    assert await rig.registry.rules(camera.id, HERE) == ("", 0)
    assert await rig.registry.set_rules(camera.id, "{}", 0, HERE) == 1
    assert await rig.registry.rules(camera.id, HERE) == ("{}", 1)
    spec = await rig.spec(camera.id)
    assert isinstance(spec, CameraSpec)
    assert (spec.rules, spec.version) == (b"{}", 2)
    changed = await rig.registry.update(camera.id, CameraChange(name="other"), CITY)
    assert changed.version == 3
    assert await rig.registry.rules(camera.id, HERE) == ("{}", 1)
    with pytest.raises(CamhubError) as stale:
        await rig.registry.set_rules(camera.id, "", 0, HERE)
    assert stale.value.kind is Kind.STALE
    for attempt in (
        rig.registry.rules(camera.id, THERE),
        rig.registry.set_rules(camera.id, "", 1, THERE),
    ):
        with pytest.raises(NotFoundError):
            await attempt


def test_a_spec_of_an_older_hub_can_be_read() -> None:
    old = {
        "id": "i",
        "name": "n",
        "unit_code": A,
        "url": "rtsp://h/",
        "version": 1,
        "transport": "tcp",
        "sealed": b"x",
    }
    assert decode_spec(msgspec.msgpack.encode(old)).rules == b""

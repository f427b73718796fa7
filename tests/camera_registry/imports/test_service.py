"""Whole imports on a real database: dry run, apply, undo, broken off; others work meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from camera_registry.adapters import cameras_bulk, imports_sql
from camera_registry.adapters.areas_sql import SqlAreaStore
from camera_registry.adapters.blobs import BlobStore
from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.adapters.groups_sql import SqlGroupStore
from camera_registry.adapters.shared_sql import SqlSharedStore
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import ConflictError, InvalidError, NotFoundError
from camera_registry.groups import CameraGroups
from camera_registry.imports.model import (
    INTERRUPTED_AFTER_US,
    Import,
    ImportRow,
    ImportState,
    Mode,
    RowState,
)
from camera_registry.imports.service import Imports
from camera_registry.model import Actor, Camera, Credentials
from camera_registry.naming import CodeScheme
from camera_registry.records import CameraChange, NewCamera
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.shared import NewShared
from camera_registry.shared_credentials import SharedCredentials
from camera_registry.unit_areas import UnitAreas
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from camera_registry.weak import WeakCredentials
from ioc_api.compose.imports import make_imports
from ioc_api.migrations import DIRECTORY
from tests.databases import migrated_url

CITY = Scope.all()
ANNA, BAO = Actor("u-anna", "anna"), Actor("u-bao", "bao")
CANARY = "c4nary-Passw0rd"
GROUPS = ("cho", "cau", "ben xe")


class SlowClock(SystemClock):
    """The machine's clock, which a test can put forward."""

    ahead_us = 0

    def utc_us(self) -> int:
        return super().utc_us() + self.ahead_us


@dataclass
class Rig:
    imports: Imports
    registry: CameraRegistry
    database: Database
    clock: SlowClock
    directory: Path
    vault: Vault

    async def upload(self, text: str, by: Actor = ANNA) -> Import:
        path = self.directory / "upload.csv"
        path.write_text(text, encoding="utf-8")
        return await self.imports.upload(path, "C:\\x\\cameras.csv", by)

    async def checked(self, text: str, scope: Scope = CITY) -> Import:
        record = await self.upload(text)
        await self.imports.check(record, scope)
        return await self.settled(record)

    async def settled(self, record: Import) -> Import:
        while True:
            now = await self.imports.get(record.id, None)
            if not now.state.at_work:
                return now
            await asyncio.sleep(0.01)

    async def applied(self, record: Import, mode: Mode = Mode.GOOD_ROWS) -> Import:
        await self.imports.apply(record, mode, CITY, record.owner)
        return await self.settled(record)

    async def cameras(self) -> list[Camera]:
        return list(await self.registry.list(CITY, limit=1000))


@pytest.fixture
async def rig(tmp_path: Path, engine: str) -> AsyncIterator[Rig]:
    database = Database(await migrated_url(tmp_path), DIRECTORY)
    clock, vault, units, policy = SlowClock(), Vault(os.urandom(32)), Units.load(), UrlPolicy()
    registry = CameraRegistry(SqlCameraStore(database), vault, units, policy, clock, None)
    imports = make_imports(
        database,
        registry,
        vault,
        units,
        policy,
        BlobStore.open(str(tmp_path / "blobs")),
        clock,
        CodeScheme(),
        UnitAreas(SqlAreaStore(database), units, clock),
        WeakCredentials.load(),
    )
    yield Rig(imports, registry, database, clock, tmp_path, vault)
    await imports.close()
    await database.close()


def table(*rows: str, heading: str = "name,unit,url,serial") -> str:
    return "\n".join([heading, *rows]) + "\n"


def many(count: int) -> str:
    return table(
        *(f"Camera {i},26740,rtsp://10.1.{i // 250}.{i % 250}/s,SN{i}" for i in range(count))
    )


def counts(record: Import) -> dict[str, int]:
    return {state.value: number for state, number in record.counts.items()}


async def test_a_dry_run_registers_nothing(rig: Rig) -> None:
    record = await rig.checked(
        table("A,26740,rtsp://10.0.0.1/s,", ",26740,rtsp://10.0.0.2/s,", "C,nope,x,")
    )
    assert record.state is ImportState.CHECKED
    assert counts(record) == {"good": 1, "wrong": 2}
    assert (record.done, record.total) == (3, 3)
    assert record.file_name == "cameras.csv"
    assert await rig.cameras() == []
    rows = await rig.imports.rows(record, [RowState.WRONG])
    assert [(r.number, [m.field for m in r.messages]) for r in rows] == [
        (3, ["name"]),
        (4, ["unit", "url"]),
    ]


async def test_good_rows_become_cameras_with_codes_and_history(rig: Rig) -> None:
    record = await rig.checked(
        table(
            f"Cầu A,26740,rtsp://viewer:{CANARY}@10.0.0.1/s,S1",
            "Cầu B,26740,rtsp://10.0.0.2/s,S1",
            "Cầu C,26740,rtsp://10.0.0.3/s,S3",
        )
    )
    assert counts(record) == {"good": 2, "wrong": 1}
    assert record.warned == 1
    record = await rig.applied(record)
    assert record.state is ImportState.APPLIED
    assert counts(record) == {"applied": 2, "wrong": 1}
    first, second = await rig.cameras()
    assert (first.name, second.name) == ("Cầu A", "Cầu C")
    assert first.has_credentials
    assert not second.has_credentials
    assert {first.code, second.code} == {"26740-OTH-0001", "26740-OTH-0002"}
    (entry,) = await rig.registry.versions(first.id, CITY)
    assert entry.actor == ANNA
    assert CANARY not in repr(entry)


async def test_all_or_nothing_wants_every_row_good(rig: Rig) -> None:
    wrong = await rig.checked(table("A,26740,rtsp://10.0.0.1/s,", "B,26740,,"))
    with pytest.raises(ConflictError):
        await rig.imports.apply(wrong, Mode.ALL_OR_NOTHING, CITY, ANNA)
    good = await rig.checked(many(600))
    good = await rig.applied(good, Mode.ALL_OR_NOTHING)
    assert counts(good) == {"applied": 600}
    assert len({camera.code for camera in await rig.cameras()}) == 600


async def test_no_camera_is_given_a_code_that_a_later_row_brings(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cameras_bulk, "_AT_ONCE", 2)
    rows = [f"Máy {n},26740,rtsp://10.0.0.{n}/s,," for n in range(5)]
    rows.append("Máy 5,26740,rtsp://10.0.0.5/s,,26740-OTH-0002")
    heading = "name,unit,url,serial,code"
    good = await rig.applied(await rig.checked(table(*rows, heading=heading)), Mode.ALL_OR_NOTHING)
    assert counts(good) == {"applied": 6}
    codes = {camera.name: camera.code for camera in await rig.cameras()}
    assert codes["Máy 5"] == "26740-OTH-0002"
    assert sorted(codes.values()) == [f"26740-OTH-{n:04}" for n in (1, 2, 3, 4, 5, 6)]


async def test_a_part_that_is_refused_takes_all_of_it_back(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cameras_bulk, "_AT_ONCE", 2)
    record = await rig.checked(many(5))
    rows = await rig.imports.rows(record, [RowState.GOOD])
    store = imports_sql.SqlImportStore(
        rig.database, cameras_bulk.BulkCameras(rig.database, CodeScheme(), Units.load())
    )
    twice = replace(rows[0], number=99)
    with pytest.raises(ConflictError):
        await store.register(record.id, [*rows, twice], ANNA)
    assert await rig.cameras() == []
    assert counts(await rig.imports.get(record.id, None)) == {"good": 5}


async def test_all_or_nothing_leaves_nothing_when_one_was_registered_meanwhile(rig: Rig) -> None:
    record = await rig.checked(many(20))
    await rig.registry.add(NewCamera("Other", "26740", "rtsp://10.1.0.7/s"), CITY)
    record = await rig.applied(record, Mode.ALL_OR_NOTHING)
    assert record.state is ImportState.CHECKED
    assert record.code == "rows_wrong"
    assert counts(record) == {"good": 19, "wrong": 1}
    assert [camera.name for camera in await rig.cameras()] == ["Other"]
    record = await rig.applied(record)
    assert counts(record) == {"applied": 19, "wrong": 1}


async def test_a_code_that_is_taken_keeps_out_one_row_only(rig: Rig) -> None:
    record = await rig.checked(
        table(
            "A,26740,rtsp://10.0.0.1/s,26740-OTH-0001",
            "B,26740,rtsp://10.0.0.2/s,",
            heading="name,unit,url,code",
        )
    )
    taken = NewCamera("Z", "26740", "rtsp://10.0.0.9/s")
    await rig.registry.add(taken, CITY)
    record = await rig.applied(record)
    assert counts(record) == {"applied": 1, "wrong": 1}
    (row,) = await rig.imports.rows(record, [RowState.WRONG])
    assert row.messages[-1].code == "duplicate_of_camera"


async def test_undo_takes_back_what_nobody_changed(rig: Rig) -> None:
    record = await rig.applied(await rig.checked(many(5)))
    kept = (await rig.cameras())[2]
    await rig.registry.update(kept.id, CameraChange(name="Mine now"), CITY, by=BAO)
    await rig.imports.undo(record, CITY, ANNA)
    record = await rig.settled(record)
    assert record.state is ImportState.UNDONE
    assert counts(record) == {"undone": 4, "kept": 1}
    assert [camera.name for camera in await rig.cameras()] == ["Mine now"]
    with pytest.raises(ConflictError):
        await rig.imports.undo(record, CITY, ANNA)


async def test_the_rows_and_the_kept_file_hold_no_secret(rig: Rig) -> None:
    record = await rig.checked(
        table(
            f"A,26740,rtsp://viewer:{CANARY}@10.0.0.1/s,,{CANARY}",
            f"B,26740,rtsp://10.0.0.2/s,{CANARY},",
            heading="name,unit,url,password,Mật mã cũ",
        )
    )
    rows = await rig.imports.rows(record)
    assert len(rows) == 2
    assert CANARY not in repr(rows)
    assert "•••" in rows[0].cells[2]
    await rig.database.close()
    for path in rig.directory.rglob("*"):
        if path.is_file() and path.name != "upload.csv":
            assert CANARY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    "line",
    [
        f"A,26740,rtsp://admin:x@{CANARY}@10.0.0.1/s,,",
        f"A,26740,rtsp://admin:x/{CANARY}@10.0.0.1/s,,",
        f"A,26740,rtsp://admin:12/{CANARY}@10.0.0.1/s,,",
        f"A,26740,rtsp://admin:x {CANARY}@10.0.0.1/s,,",
        f"A,26740,admin:{CANARY}@10.0.0.1:554/s,,",
        f"A,26740,rtsp://10.0.0.1/user=admin_password={CANARY}_channel=1_stream=0.sdp,,",
        f"A,26740,rtsp://10.0.0.1/s,admin/{CANARY},",
        f"A,26740,rtsp://10.0.0.1/s,,xem http://admin:x/{CANARY}@10.0.0.1/",
        f"A,26740,rtsp://10.0.0.1/s,,MK: {CANARY}",
    ],
)
async def test_no_way_to_write_a_password_keeps_it_readable(rig: Rig, line: str) -> None:
    record = await rig.checked(table(line, heading="name,unit,url,username,Ghi chú"))
    (row,) = await rig.imports.rows(record)
    assert CANARY not in repr(row)
    assert "•••" in "".join(row.cells)


async def test_a_blotted_cell_is_no_password(rig: Rig) -> None:
    record = await rig.checked(
        table("A,26740,rtsp://10.0.0.1/s,viewer,•••", heading="name,unit,url,username,password")
    )
    (row,) = await rig.imports.rows(record)
    assert [m.code for m in row.messages if m.level.value == "error"] == ["secret_blotted"]


async def test_columns_can_be_chosen_and_checked_again(rig: Rig) -> None:
    record = await rig.upload(table("26740,rtsp://10.0.0.1/s,A", heading="x,y,z"))
    assert dict(record.mapping) == {}
    with pytest.raises(InvalidError):
        await rig.imports.check(record, CITY)
    await rig.imports.check(record, CITY, {0: "unit", 1: "name", 2: "url"})
    record = await rig.settled(record)
    assert counts(record) == {"wrong": 1}
    await rig.imports.check(record, CITY, {0: "unit", 1: "url", 2: "name"})
    record = await rig.settled(record)
    assert counts(record) == {"good": 1}


async def test_work_can_be_called_off_and_gone_on_with(rig: Rig) -> None:
    record = await rig.checked(many(900))
    await rig.imports.apply(record, Mode.GOOD_ROWS, CITY, ANNA)
    await rig.imports.cancel(await rig.imports.get(record.id, None))
    record = await rig.settled(record)
    assert record.state is ImportState.CHECKED
    assert record.code == "cancelled"
    written = len(await rig.cameras())
    assert counts(record).get("applied", 0) == written < 900
    record = await rig.applied(record)
    assert counts(record) == {"applied": 900}
    assert len(await rig.cameras()) == 900


async def test_work_whose_process_died_is_begun_again(rig: Rig) -> None:
    record = await rig.checked(many(3))
    store = rig.imports._store
    assert await store.begin(record, ImportState.APPLYING, rig.clock.utc_us(), mode="good_rows")
    record = await rig.imports.get(record.id, None)
    with pytest.raises(ConflictError):
        await rig.imports.apply(record, Mode.GOOD_ROWS, CITY, ANNA)
    rig.clock.ahead_us = INTERRUPTED_AFTER_US + 1_000_000
    assert record.interrupted(rig.clock.utc_us())
    record = await rig.applied(record)
    assert counts(record) == {"applied": 3}


async def test_only_one_of_two_gets_to_work(rig: Rig) -> None:
    record = await rig.checked(many(3))
    asked = [rig.imports.apply(record, Mode.GOOD_ROWS, CITY, ANNA) for _ in range(4)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, ConflictError) for result in results) == 3
    await rig.settled(record)
    assert len(await rig.cameras()) == 3


async def test_rights_are_looked_at_again_when_rows_are_registered(rig: Rig) -> None:
    record = await rig.checked(
        table("A,26740,rtsp://10.0.0.1/s,", "B,25747,rtsp://10.0.0.2/s,"),
        Scope.of(["26740", "25747"]),
    )
    assert counts(record) == {"good": 2}
    await rig.imports.apply(record, Mode.GOOD_ROWS, Scope.of(["26740"]), ANNA)
    record = await rig.settled(record)
    assert counts(record) == {"applied": 1, "wrong": 1}


async def test_who_lost_the_rights_takes_nothing_back(rig: Rig) -> None:
    record = await rig.applied(
        await rig.checked(table("A,26740,rtsp://10.0.0.1/s,", "B,25747,rtsp://10.0.0.2/s,"))
    )
    assert counts(record) == {"applied": 2}
    await rig.imports.undo(record, Scope.of(["26740"]), ANNA)
    record = await rig.settled(record)
    assert [camera.name for camera in await rig.cameras()] == ["B"]
    assert (record.state, record.code) == (ImportState.APPLIED, "out_of_scope")
    assert counts(record) == {"undone": 1, "applied": 1}
    await rig.imports.undo(record, CITY, BAO)  # it is not lost for who may
    record = await rig.settled(record)
    assert (record.state, await rig.cameras()) == (ImportState.UNDONE, [])


async def test_everybody_sees_the_own_imports(rig: Rig) -> None:
    record = await rig.upload(many(1), ANNA)
    assert (await rig.imports.get(record.id, ANNA.id)).id == record.id
    with pytest.raises(NotFoundError):
        await rig.imports.get(record.id, BAO.id)
    assert await rig.imports.list(BAO.id, None, 10) == []
    with pytest.raises(NotFoundError):
        await rig.imports.get("../etc/passwd", None)


async def test_what_nobody_finished_is_swept_away_with_its_passwords(rig: Rig) -> None:
    old = await rig.checked(many(2))
    used = await rig.applied(await rig.checked(many(4)))
    assert await rig.imports.sweep() == 0
    rig.clock.ahead_us = 25 * 3600 * 1_000_000
    assert await rig.imports.sweep() == 1
    assert [each.id for each in await rig.imports.list(None, None, 10)] == [used.id]
    with pytest.raises(NotFoundError):
        await rig.imports.get(old.id, None)
    assert not [path for path in (rig.directory / "blobs").rglob("*") if path.is_file()]


@pytest.mark.parametrize("undone", [False, True])
async def test_half_of_an_import_is_given_up_after_a_day_with_its_passwords(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, undone: bool
) -> None:
    monkeypatch.setattr("camera_registry.imports.applying._BATCH", 2)
    lines = [f"C{i},26740,rtsp://u:{CANARY}{i}@10.0.0.{i}/s,,{CANARY}" for i in range(5)]
    record = await rig.checked(table(*lines, heading="name,unit,url,serial,Mật mã cũ"))
    whole = imports_sql.SqlImportStore.register

    async def once(
        store: imports_sql.SqlImportStore, import_id: str, rows: Sequence[ImportRow], by: Actor
    ) -> None:
        await whole(store, import_id, rows, by)
        await rig.imports.cancel(await rig.imports.get(record.id, None))

    monkeypatch.setattr(imports_sql.SqlImportStore, "register", once)
    record = await rig.applied(record)
    assert counts(record) == {"good": 3, "applied": 2}
    if undone:
        await rig.imports.undo(record, CITY, ANNA)
        await rig.settled(record)
    assert await rig.imports.sweep() == 0
    rig.clock.ahead_us = 25 * 3600 * 1_000_000
    assert await rig.imports.sweep() == 1
    assert await rig.imports.sweep() == 0
    record = await rig.imports.get(record.id, None)
    assert counts(record) == {"wrong": 3, "undone" if undone else "applied": 2}
    rows = await rig.imports.rows(record, [RowState.WRONG])
    assert [row.messages[-1].code for row in rows] == ["not_registered"] * 3
    assert not any(row.sealed or row.camera for row in rows)
    assert not [path for path in (rig.directory / "blobs").rglob("*") if path.is_file()]
    if not undone:
        await rig.imports.undo(record, CITY, ANNA)
        record = await rig.settled(record)
    assert (record.state, await rig.cameras()) == (ImportState.UNDONE, [])


async def test_deleting_an_import_leaves_its_cameras(rig: Rig) -> None:
    record = await rig.applied(await rig.checked(many(2)))
    await rig.imports.delete(record)
    assert len(await rig.cameras()) == 2
    assert await rig.imports.list(None, None, 10) == []


async def test_points_are_held_against_the_polygons_that_are_loaded(rig: Rig) -> None:
    ring = [[106.70, 10.77], [106.71, 10.77], [106.71, 10.78], [106.70, 10.78], [106.70, 10.77]]
    feature = {
        "type": "Feature",
        "properties": {"code": "26740"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path = rig.directory / "units.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    units = Units.load()
    assert await UnitAreas(SqlAreaStore(rig.database), units, rig.clock).load_file(path) == 1
    record = await rig.checked(
        table(
            "In,26740,rtsp://10.0.0.1/s,10.775,106.705",
            "Near,26740,rtsp://10.0.0.2/s,10.785,106.705",
            "Far,26740,rtsp://10.0.0.3/s,10.9,106.705",
            "Turned,26740,rtsp://10.0.0.4/s,106.705,10.775",
            heading="name,unit,url,lat,lon",
        )
    )
    rows = await rig.imports.rows(record)
    assert [[(m.code, m.level.value) for m in row.messages] for row in rows] == [
        [],
        [("position_outside_unit", "warning")],
        [("position_outside_unit", "error")],
        [("position_swapped", "error")],
    ]


async def test_a_camera_in_the_place_of_the_headings_is_not_kept(rig: Rig) -> None:
    with pytest.raises(InvalidError, match="no headings"):
        await rig.upload(f"Cầu,26740,rtsp://viewer:{CANARY}@10.0.0.1/s\n")
    assert await rig.imports.list(None, None, 10) == []


async def test_an_import_with_cameras_is_not_checked_anew(rig: Rig) -> None:
    record = await rig.checked(many(3))
    store = rig.imports._store
    rows = await rig.imports.rows(record, limit=1)
    await store.register(record.id, rows, ANNA)  # as a batch does before the work is broken off
    record = await rig.imports.get(record.id, None)
    with pytest.raises(ConflictError):
        await rig.imports.check(record, CITY)
    record = await rig.applied(record)
    assert counts(record) == {"applied": 3}


async def test_rows_name_groups_that_may_be_known_and_cannot_be_mistaken(rig: Rig) -> None:
    groups = CameraGroups(SqlGroupStore(rig.database), rig.registry, Units.load(), rig.clock)
    for name, unit in (("Chợ", "26740"), ("Cầu", "*"), ("Câu", "*"), ("Bến xe", "25747")):
        await groups.create(name, unit, CITY)
    text = table(
        *(f"{n},26740,rtsp://10.0.0.{n}/s,{name}" for n, name in enumerate(GROUPS)),
        heading="name,unit,url,groups",
    )
    record = await rig.checked(text, Scope.of(["26740"]))
    rows = await rig.imports.rows(record)
    assert [[m.code for m in row.messages] for row in rows] == [
        [],
        ["unknown_group"],
        ["unknown_group"],
    ]


async def test_rows_name_a_shared_log_in(rig: Rig) -> None:
    clock = SystemClock()
    store = SqlSharedStore(rig.database)
    desk = SharedCredentials(store, rig.registry, rig.vault, Units.load(), clock)
    here = NewShared("Bến Thành", Credentials("viewer", "four-Loud-geese"), "26740")
    there = NewShared("Elsewhere", Credentials("viewer", "12345"), "25747")
    made = await desk.create(here, CITY, by=ANNA)
    await desk.create(there, CITY, by=ANNA)
    text = (
        "Tên camera,Phường/xã,Địa chỉ RTSP,Tên đăng nhập,Mật khẩu,Tài khoản dùng chung\n"
        "A,26740,rtsp://10.0.0.1/,,,ben thanh\n"
        "B,26740,rtsp://10.0.0.2/,,,nobody\n"
        f"C,26740,rtsp://10.0.0.3/,viewer,{CANARY},Bến Thành\n"
        "D,26740,rtsp://10.0.0.4/,,,elsewhere\n"
        "E,26740,rtsp://u:pw-of-Seven@10.0.0.5/,,,Bến Thành\n"
    )
    record = await rig.checked(text)
    rows = await rig.imports.rows(record)
    found = [[(m.field, m.code) for m in row.messages] for row in rows]
    assert found == [
        [],
        [("credential", "unknown_credential")],
        [("credential", "credential_twice")],
        [("credential", "credential_scope"), ("credential", "weak_password")],
        [("url", "credentials_moved"), ("credential", "credential_twice")],
    ]
    await rig.applied(record)
    (camera,) = await rig.cameras()
    assert (camera.credential_id, camera.weak_credentials) == (made.id, False)
    stored = await rig.registry.stored(camera.id, CITY)
    assert rig.vault.open_credentials(stored.login[1], stored.login[0]).username == "viewer"
    unit = await rig.checked(text.replace("10.0.0.1/", "10.0.0.9/"), Scope.of(["25747"]))
    assert all(row.state is RowState.WRONG for row in await rig.imports.rows(unit))

"""Whole imports on a real database: dry run, apply, undo, broken off."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from camera_registry.adapters import cameras_bulk, imports_sql
from camera_registry.base.errors import ConflictError, InvalidError
from camera_registry.imports.model import (
    INTERRUPTED_AFTER_US,
    ImportState,
    Mode,
    RowState,
)
from camera_registry.naming import CodeScheme
from camera_registry.records import CameraChange, NewCamera
from camera_registry.units import Units
from tests.camera_registry.imports.rig import (
    ANNA,
    BAO,
    CANARY,
    CITY,
    Rig,
    counts,
    many,
    rig,
    table,
)

__all__ = ["rig"]


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

"""What is kept of an import, how long, and that no password of it can be read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from camera_registry.adapters import imports_sql
from camera_registry.base.errors import InvalidError, NotFoundError
from camera_registry.imports.model import (
    ImportRow,
    ImportState,
    RowState,
)
from camera_registry.model import Actor
from tests.camera_registry.imports.rig import (
    ANNA,
    CANARY,
    CITY,
    Rig,
    counts,
    many,
    rig,
    table,
)

__all__ = ["rig"]


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


async def test_a_camera_in_the_place_of_the_headings_is_not_kept(rig: Rig) -> None:
    with pytest.raises(InvalidError, match="no headings"):
        await rig.upload(f"Cầu,26740,rtsp://viewer:{CANARY}@10.0.0.1/s\n")
    assert await rig.imports.list(None, None, 10) == []

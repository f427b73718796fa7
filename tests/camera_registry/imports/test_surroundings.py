"""What an import finds around it: rights, groups, shared log-ins, polygons."""

from __future__ import annotations

import json

import pytest

from camera_registry.adapters.areas_sql import SqlAreaStore
from camera_registry.adapters.groups_sql import SqlGroupStore
from camera_registry.adapters.shared_sql import SqlSharedStore
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import NotFoundError
from camera_registry.groups import CameraGroups
from camera_registry.imports.model import (
    ImportState,
    Mode,
    RowState,
)
from camera_registry.model import Credentials
from camera_registry.scope import Scope
from camera_registry.shared import NewShared
from camera_registry.shared_credentials import SharedCredentials
from camera_registry.unit_areas import UnitAreas
from camera_registry.units import Units
from tests.camera_registry.imports.rig import (
    ANNA,
    BAO,
    CANARY,
    CITY,
    GROUPS,
    Rig,
    counts,
    many,
    rig,
    table,
)

__all__ = ["rig"]


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

"""Every registered camera is read for duplicates, a portion at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from camera_registry.adapters import known_cameras_sql
from camera_registry.adapters.cameras_bulk import BulkCameras
from camera_registry.adapters.database import Database
from camera_registry.base.ids import new_id
from camera_registry.imports.duplicates import Known
from camera_registry.model import Camera, Position
from camera_registry.naming import CodeScheme
from camera_registry.scope import Scope
from camera_registry.stored import StoredCamera
from camera_registry.units import Units
from camera_registry.versions import SYSTEM
from ioc_api.migrations import DIRECTORY
from tests.databases import migrated_url

A, B = "26740", "25747"


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6])
async def test_each_camera_comes_once_whatever_the_portions(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(known_cameras_sql, "_AT_ONCE", 2)
    database = Database(await migrated_url(tmp_path), DIRECTORY)
    made = [
        Camera(
            new_id(1_000 * number),
            f"Máy {number}",
            A if number % 2 else B,
            f"rtsp://10.0.0.{number}/s",
            Position(106.7, 10.7) if number else None,
            code=f"C-{number}",
        )
        for number in range(count)
    ]
    bulk = BulkCameras(database, CodeScheme(), Units.load())
    async with database.write() as connection:
        await bulk.insert(connection, [StoredCamera(each) for each in made], SYSTEM)
    portions = [
        portion async for portion in known_cameras_sql.known_cameras(database, Scope.of([A]))
    ]
    await database.close()
    assert all(1 <= len(portion) <= 2 for portion in portions)
    assert [each for portion in portions for each in portion] == [
        Known(
            each.name,
            each.url,
            "",
            each.code,
            each.position,
            None,
            visible=each.unit_code == A,
        )
        for each in made
    ]

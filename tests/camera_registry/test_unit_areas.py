"""Polygons of units: what is read, what is refused, where a point lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from camera_registry.adapters.areas_sql import SqlAreaStore
from camera_registry.adapters.database import Database
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import InvalidError, StorageError
from camera_registry.unit_areas import UnitAreas, read_areas, unit_at
from camera_registry.units import Units
from ioc_api.migrations import DIRECTORY
from tests.databases import migrated_url
from tests.tools import SHARED_DATA

UNITS = Units.load()
A, B = "25747", "25750"
SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]


def shape(code: Any, ring: Any = SQUARE, **more: Any) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "id": code, "properties": {}, "geometry": geometry} | more


def document(*features: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


def test_a_unit_is_known_by_its_id_or_its_property() -> None:
    for feature in (shape(A), shape(int(A)), shape(None, properties={"code": A})):
        assert list(read_areas(document(feature), UNITS)) == [A]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"{}", "FeatureCollection"),
        (document(), "1 to"),
        (document(shape("99999")), "without the code"),
        (document(shape(A), shape(A)), "two features"),
        (document(shape(A, SQUARE[:-1])), "not closed"),
        (document(shape(A, [[0, 0], [200, 0], [1, 1], [0, 0]])), "longitude"),
        (document(shape(A, [[0, 0], ["x", 0], [1, 1], [0, 0]])), "longitude"),
        (document(shape(A, "x")), "nested"),
        (document(shape(A, geometry=None)), "neither"),
        (document(shape(A, geometry={"type": "Point", "coordinates": [1, 1]})), "neither"),
        (document(shape(A, geometry={"type": "Polygon", "coordinates": []})), "no ring"),
        (document(7), "without the code"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(data: bytes, words: str) -> None:
    with pytest.raises(InvalidError, match=words):
        read_areas(data, UNITS)


async def test_a_file_is_loaded_whole_or_not_at_all(tmp_path: Path, engine: str) -> None:
    database = Database(await migrated_url(tmp_path), DIRECTORY)
    areas = UnitAreas(SqlAreaStore(database), UNITS, SystemClock())
    file = tmp_path / "units.geojson"
    file.write_bytes(document(shape(A), shape(B, [[2, 2], [3, 2], [3, 3], [2, 2]])))
    assert await areas.load_file(file) == 2
    file.write_bytes(document(shape(A, SQUARE[:-1]), shape(B)))
    with pytest.raises(InvalidError):
        await areas.load_file(file)
    file.write_bytes(document(shape(A, [[5, 5], [6, 5], [6, 6], [5, 5]])))
    assert await areas.load_file(file) == 1
    loaded = await areas.areas()
    assert [unit_at(loaded, at) for at in ((0.5, 0.5), (2.9, 2.1), (5.9, 5.1))] == [None, B, A]
    with pytest.raises(StorageError, match="cannot be read"):
        await areas.load_file(tmp_path / "missing")
    await database.close()


def test_the_citys_polygons_hold_their_units() -> None:
    path = SHARED_DATA / "hcmc_units_simplified.geojson"
    if not path.is_file():
        pytest.skip("the polygons of the units are not beside this checkout")
    areas = read_areas(path.read_bytes(), UNITS)
    assert areas.keys() == {unit.code for unit in UNITS}
    inside = sum(areas[unit.code].holds((unit.lon, unit.lat)) for unit in UNITS)
    assert inside >= 160  # a bay may leave a centre outside its own unit

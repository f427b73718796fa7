"""Polygons of the administrative units: read from GeoJSON (RFC 7946), checked, asked.

camhub ships none: the boundaries are the state's. Whoever has them loads them into the database.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from camera_registry.base.clock import Clock
from camera_registry.base.errors import InvalidError, StorageError
from camera_registry.geo.polygons import MultiPolygon, Point, Ring
from camera_registry.units import Units

MAX_BYTES = 64 * 2**20
MAX_FEATURES = 1000
MAX_POINTS = 1_000_000
_CODES = ("code", "unit_code", "ma", "ma_xa")
"""Properties in which the five-digit code is looked for, after the feature's own id."""


class AreaStore(Protocol):
    """Where polygons are kept, as GeoJSON geometries."""

    async def replace(self, areas: Mapping[str, str], now_us: int) -> None:
        """Replace the polygons of these units, and of no other."""
        ...

    async def newest(self) -> int:
        """Return when polygons were last replaced, UTC us; 0 where there are none."""
        ...

    async def all(self) -> dict[str, str]:
        """Return the geometry of each unit that has one."""
        ...


class UnitAreas:
    """The polygons that are loaded."""

    def __init__(self, store: AreaStore, units: Units, clock: Clock) -> None:
        self._store = store
        self._units = units
        self._clock = clock

    async def load_file(self, path: Path) -> int:
        """Load a file of polygons, all of it or nothing; return how many units it had.

        Raises StorageError where it cannot be read, InvalidError where it is no such file.
        """
        data = await asyncio.to_thread(_read, path)
        areas = await asyncio.to_thread(read_areas, data, self._units)
        await self._store.replace(
            {code: write_geometry(area) for code, area in areas.items()}, self._clock.utc_us()
        )
        return len(areas)

    async def geometries(self) -> dict[str, str]:
        """Return the GeoJSON geometry of each unit that has one."""
        return await self._store.all()

    async def newest(self) -> int:
        """Return when polygons were last loaded, UTC us; 0 where there are none."""
        return await self._store.newest()

    async def areas(self) -> dict[str, MultiPolygon]:
        """Return the polygons by unit, for asking whether a point lies inside."""
        stored = await self._store.all()
        return {code: read_geometry(msgspec.json.decode(text)) for code, text in stored.items()}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StorageError(
            f"The file {path} cannot be read: {error.strerror}", hint="give another file"
        ) from error
    if len(data) > MAX_BYTES:
        raise _bad(f"is larger than {MAX_BYTES // 2**20} MB")
    return data


def read_areas(data: bytes, units: Units) -> dict[str, MultiPolygon]:
    """Read a FeatureCollection of units. Raises InvalidError that says which feature is wrong."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        raise _bad("is no JSON") from None
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise _bad("is no GeoJSON FeatureCollection")
    features = document.get("features")
    if not isinstance(features, list) or not 0 < len(features) <= MAX_FEATURES:
        raise _bad(f"must have 1 to {MAX_FEATURES} features")
    found: dict[str, MultiPolygon] = {}
    left = MAX_POINTS
    for number, feature in enumerate(features, 1):
        code = _code(feature, units)
        if code is None:
            raise _bad(f"has a feature, number {number}, without the code of a unit")
        if code in found:
            raise _bad(f"has two features of the unit {code}")
        try:
            found[code] = read_geometry(feature.get("geometry"))
        except InvalidError as error:
            raise _bad(f"has a wrong polygon for the unit {code}: {error.message}") from None
        left -= sum(len(ring) for each in found[code].polygons for ring in each)
        if left < 0:
            raise _bad(f"has more than {MAX_POINTS} points")
    return found


def read_geometry(value: Any) -> MultiPolygon:
    """Read a Polygon or MultiPolygon. Raises InvalidError."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise InvalidError("it is neither Polygon nor MultiPolygon", code="geometry")
    coordinates = value.get("coordinates")
    parts = [coordinates] if kind == "Polygon" else coordinates
    polygons = [tuple(_rings(part)) for part in _list(parts)]
    if not polygons or not all(polygons):
        raise InvalidError("it has no ring", code="geometry")
    return MultiPolygon.of(polygons)


def write_geometry(area: MultiPolygon) -> str:
    """Write a MultiPolygon as JSON."""
    body = {"type": "MultiPolygon", "coordinates": area.polygons}
    return msgspec.json.encode(body).decode()


def unit_at(areas: Mapping[str, MultiPolygon], point: Point) -> str | None:
    """Return the code of the unit that a point lies in; None where it lies in none."""
    return next((code for code, area in areas.items() if area.holds(point)), None)


def _code(feature: Any, units: Units) -> str | None:
    if not isinstance(feature, dict):
        return None
    properties = feature.get("properties")
    values = [feature.get("id")]
    if isinstance(properties, dict):
        values += [properties.get(name) for name in _CODES]
    texts = (str(value).zfill(5) for value in values if isinstance(value, str | int))
    return next((text for text in texts if text in units), None)


def _rings(part: Any) -> Iterator[Ring]:
    for ring in _list(part):
        points = tuple(_point(each) for each in _list(ring))
        if len(points) < 4 or points[0] != points[-1]:
            raise InvalidError("a ring is not closed or has under four points", code="geometry")
        yield points


def _point(value: Any) -> Point:
    if isinstance(value, list) and len(value) >= 2:
        lon, lat = value[0], value[1]
        if (
            isinstance(lon, int | float)
            and isinstance(lat, int | float)
            and math.isfinite(lon)
            and math.isfinite(lat)
            and -180 <= lon <= 180
            and -90 <= lat <= 90
        ):
            return float(lon), float(lat)
    raise InvalidError("a point is no longitude and latitude", code="geometry")


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise InvalidError("the coordinates are not nested as they must be", code="geometry")
    return value


def _bad(words: str) -> InvalidError:
    return InvalidError(
        f"The file of polygons {words}",
        hint="give a GeoJSON file with one Polygon or MultiPolygon per unit and its code",
        code="polygons",
    )

"""Finds the unit that a cell means, and says whether a point can be in it."""

from __future__ import annotations

import re
from typing import Protocol

from camera_registry.geo.distance import metres, metres_outside
from camera_registry.geo.polygons import MultiPolygon
from camera_registry.imports.messages import CellError, Message, error, warning
from camera_registry.model import AdminUnit, Position
from camera_registry.text import fold
from camera_registry.units import Units

_KIND = re.compile(r"^(phuong|xa|dac khu|p\.|x\.)\s*|\s+(ward|commune|special zone)$")
_NEAR_M = 2_000.0
"""A point this far outside is taken with a warning: drawn boundaries are not exact to a street."""
_REMEMBERED = 2000
_FAR_M = 20_000.0
"""From the centre, where no boundary is known: more than the radius of any unit but the islands."""


class Boundaries(Protocol):
    """The polygons of the units, as far as they were loaded."""

    def get(self, unit_code: str, /) -> MultiPolygon | None:
        """Return the area of a unit, None where it is not known."""
        ...


class Places:
    """Units by what people write, and points against their boundaries."""

    def __init__(self, units: Units, boundaries: Boundaries) -> None:
        self._units = units
        self._boundaries = boundaries
        self._by_name: dict[str, list[AdminUnit]] = {}
        self._unknown: dict[str, str] = {}
        for unit in units:
            for name in {fold(unit.name_vi), fold(unit.name_en)}:
                self._by_name.setdefault(name, []).append(unit)

    def unit(self, text: str) -> AdminUnit:
        """Find a unit by its code or name, with or without its kind and its marks.

        Raises CellError.
        """
        if text in self._units:
            return self._units.get(text)
        plain = " ".join(fold(text).split())
        bare = _KIND.sub("", plain)
        found = self._by_name.get(plain) or self._by_name.get(bare, [])
        if len(found) == 1:
            return found[0]
        exact = [unit for unit in found if unit.name_vi.casefold() in text.casefold()]
        if len(exact) == 1 and fold(text) != text.casefold():  # without any marks it may be both
            return exact[0]
        if found:
            raise CellError("ambiguous_unit", nearest=_listed(found))
        raise CellError("unknown_unit", nearest=self._nearest(bare))

    def _nearest(self, name: str) -> str:
        """Name the units most like this; a sheet that names old wards does so in every row."""
        known = self._unknown.get(name)
        if known is None:
            known = _listed(self._units.nearest(name))
            if len(self._unknown) < _REMEMBERED:
                self._unknown[name] = known
        return known

    def findings(self, unit: AdminUnit, position: Position) -> list[Message]:
        """Say what is wrong with a camera of this unit at this point."""
        point = (position.lon, position.lat)
        area = self._boundaries.get(unit.code)
        if area is None:
            away = metres(point, (unit.lon, unit.lat))
            if away <= _FAR_M:
                return []
            return [
                warning("lat", "position_far_from_unit", unit=unit.name_vi, distance=_length(away))
            ]
        outside = metres_outside(point, area)
        if outside <= 0:
            return []
        finding = warning if outside <= _NEAR_M else error
        distance = _length(outside)
        return [finding("lat", "position_outside_unit", unit=unit.name_vi, distance=distance)]


def _listed(units: list[AdminUnit]) -> str:
    return ", ".join(f"{unit.code} {unit.name_vi}" for unit in units) or "–"


def _length(away_m: float) -> str:
    return f"{away_m:.0f} m" if away_m < 1000 else f"{away_m / 1000:.1f} km"

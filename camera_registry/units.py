"""The 168 administrative units of the city. The code is the only key: names are not unique."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Mapping
from importlib import resources

from camera_registry.base.errors import InvalidError
from camera_registry.model import AdminUnit
from camera_registry.text import fold


class Units:
    """The units by code, in the order of their codes."""

    def __init__(self, units: Mapping[str, AdminUnit]) -> None:
        self._units = dict(sorted(units.items()))

    @classmethod
    def load(cls) -> Units:
        """Read the list that comes with camhub."""
        table = resources.files("camera_registry") / "data" / "hcmc_units.csv"
        rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
        return cls(
            {
                row["code"]: AdminUnit(
                    row["code"],
                    row["name_vi"],
                    row["name_en"],
                    row["kind"],
                    float(row["lon"]),
                    float(row["lat"]),
                )
                for row in rows
            }
        )

    def __iter__(self) -> Iterator[AdminUnit]:
        return iter(self._units.values())

    def __len__(self) -> int:
        return len(self._units)

    def __contains__(self, code: object) -> bool:
        return code in self._units

    def get(self, code: str, *, field: str = "unit_code") -> AdminUnit:
        """Return a unit. Raises InvalidError that names ``field`` and the nearest units."""
        unit = self._units.get(code)
        if unit is None:
            near = ", ".join(f"{u.code} {u.name_vi}" for u in self.nearest(code))
            raise InvalidError(
                f"{field}: there is no unit {code[:40]!r}",
                hint=f"use a five-digit code; nearest: {near}" if near else "use a five-digit code",
                code="unknown_unit",
            )
        return unit

    def nearest(self, text: str, count: int = 3) -> list[AdminUnit]:
        """Find the units whose name or code looks most like ``text``, best first."""
        wanted = fold(text[:80])
        scored = [
            (max(_likeness(wanted, fold(unit.name_vi)), _likeness(wanted, unit.code)), unit)
            for unit in self
        ]
        scored.sort(key=lambda pair: -pair[0])
        return [unit for score, unit in scored[:count] if score >= 0.5]


def _likeness(a: str, b: str) -> float:
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()

"""The 168 administrative units of the city. The code is the only key: names are not unique."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Mapping
from importlib import resources

from camera_registry.base.errors import InvalidError
from camera_registry.model import AdminUnit
from camera_registry.text import fold

_ALIKE = 0.5


class Units:
    """The units by code, in the order of their codes."""

    def __init__(self, units: Mapping[str, AdminUnit]) -> None:
        self._units = dict(sorted(units.items()))
        self._names = [(fold(unit.name_vi), unit) for unit in self]

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
        # this is the text that the matcher looks into once for all that it is compared with
        matcher = difflib.SequenceMatcher(None, "", fold(text[:80]), autojunk=False)
        scored = [
            (score, unit)
            for name, unit in self._names
            if (score := max(_likeness(matcher, name), _likeness(matcher, unit.code)))
        ]
        scored.sort(key=lambda pair: -pair[0])
        return [unit for _, unit in scored[:count]]


def _likeness(matcher: difflib.SequenceMatcher[str], name: str) -> float:
    """Return how alike two texts are, 0 where less than half; the cheap upper bounds go first."""
    matcher.set_seq1(name)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0.0
    score = matcher.ratio()
    return score if score >= _ALIKE else 0.0

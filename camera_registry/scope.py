"""Which cameras somebody may see: the data-level half of every permission.

A grant is a role within units and, where it says so, within camera groups: units × groups. What
several grants allow together is no product any more, so a scope is kept as what it is a union of:
whole units, and pairs of a group and a unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EVERYWHERE = "*"
"""How "all units" and "all groups" are written in grants and on the wire."""


@dataclass(frozen=True, slots=True)
class Scope:
    """All units (``units`` is None), or those of a set of unit codes, and pairs in ``grouped``.

    A pair (group id, unit code or ``"*"``) allows the cameras of a group in a unit, or in all.
    Stores take a scope and filter with it in SQL, so that a row out of scope does not exist for the
    caller.
    """

    units: frozenset[str] | None = frozenset()
    grouped: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def all(cls) -> Scope:
        """Return the scope of the whole city."""
        return cls(None)

    @classmethod
    def of(cls, units: Iterable[str], groups: Iterable[str] | None = None) -> Scope:
        """Return the scope of units, within groups unless those are None; ``"*"`` means all."""
        codes = frozenset(units)
        ids = None if groups is None else frozenset(groups)
        if ids is None or EVERYWHERE in ids:
            return cls(None) if EVERYWHERE in codes else cls(codes)
        within = (EVERYWHERE,) if EVERYWHERE in codes else codes
        return cls(frozenset(), frozenset((group, unit) for group in ids for unit in within))

    @property
    def empty(self) -> bool:
        """Whether it allows nothing at all."""
        return self.units is not None and not self.units and not self.grouped

    def allows(self, unit_code: str, groups: Iterable[str] = ()) -> bool:
        """Say whether things of a camera in this unit and these groups may be seen."""
        if self.units is None or unit_code in self.units:
            return True
        return bool(self.grouped) and any(
            (group, unit) in self.grouped for group in groups for unit in (unit_code, EVERYWHERE)
        )

    def covers(self, other: Scope) -> bool:
        """Say whether everything in ``other`` is also in this scope."""
        if self.units is None:
            return True
        if other.units is None or not other.units <= self.units:
            return False
        return all(
            unit in self.units or (group, unit) in self.grouped
            for group, unit in other.grouped
            if (group, EVERYWHERE) not in self.grouped
        )

    def __or__(self, other: Scope) -> Scope:
        if self.units is None or other.units is None:
            return Scope(None)
        return Scope(self.units | other.units, self.grouped | other.grouped)

    def products(self) -> list[tuple[frozenset[str], frozenset[str] | None]]:
        """Return the scope as few products of units × groups (None: all groups); ``"*"`` as in of.

        The inverse of ``of`` and ``|``: for writing grants, and conditions in SQL.
        """
        if self.units is None:
            return [(frozenset({EVERYWHERE}), None)]
        found: list[tuple[frozenset[str], frozenset[str] | None]] = []
        if self.units:
            found.append((self.units, None))
        by_group: dict[str, set[str]] = {}
        for group, unit in self.grouped:
            by_group.setdefault(group, set()).add(unit)
        by_units: dict[frozenset[str], set[str]] = {}
        for group, units in by_group.items():
            within = frozenset({EVERYWHERE}) if EVERYWHERE in units else frozenset(units)
            by_units.setdefault(within, set()).add(group)
        found += [(units, frozenset(groups)) for units, groups in by_units.items()]
        return sorted(found, key=lambda each: (sorted(each[0]), sorted(each[1] or ())))

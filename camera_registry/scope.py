"""Which administrative units somebody may see: the data-level half of every permission."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EVERYWHERE = "*"
"""How "all units" is written in grants and on the wire."""


@dataclass(frozen=True, slots=True)
class Scope:
    """All units (``units`` is None), or exactly those of a set of unit codes, which may be empty.

    Stores take a scope and filter with it in SQL, so that a row out of scope does not exist for the
    caller.
    """

    units: frozenset[str] | None = frozenset()

    @classmethod
    def all(cls) -> Scope:
        """Return the scope of the whole city."""
        return cls(None)

    @classmethod
    def of(cls, units: Iterable[str]) -> Scope:
        """Return the scope of some unit codes; ``"*"`` among them means all."""
        codes = frozenset(units)
        return cls(None) if EVERYWHERE in codes else cls(codes)

    @property
    def empty(self) -> bool:
        """Whether it allows nothing at all."""
        return self.units is not None and not self.units

    def allows(self, unit_code: str) -> bool:
        """Say whether things of this unit may be seen."""
        return self.units is None or unit_code in self.units

    def covers(self, other: Scope) -> bool:
        """Say whether everything in ``other`` is also in this scope."""
        if self.units is None:
            return True
        return other.units is not None and other.units <= self.units

    def __or__(self, other: Scope) -> Scope:
        if self.units is None or other.units is None:
            return Scope(None)
        return Scope(self.units | other.units)

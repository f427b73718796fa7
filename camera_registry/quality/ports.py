"""Where scores, measurements and uses are kept, as their users see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from camera_registry.model import Camera
from camera_registry.quality.model import Measure, Principle, QualityDay, Use
from camera_registry.scope import Scope

SETTLED_US = 3_600_000_000
"""How long a camera must be registered before much can be said of it; it is scored again then."""


@dataclass(frozen=True, slots=True)
class GroupScore:
    """Means over the cameras of a unit on a day; of each only those that are known."""

    unit_code: str
    day: date
    cameras: int
    score: float | None
    scored: int
    scores: Mapping[Principle, float | None]
    known: Mapping[Principle, int]


class Order(StrEnum):
    """How a list of cameras is ordered."""

    WORST = "worst"
    BEST = "best"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cameras of a day to list: of a unit, and below a score by a principle (None: by all).

    Where there is a bound, cameras whose score is not known are left out.
    """

    day: date
    units: Sequence[str] = ()
    principle: Principle | None = None
    below: float | None = None
    order: Order = Order.WORST


@dataclass(frozen=True, slots=True)
class Listed:
    """A camera in a list, and the key behind which the next page begins."""

    name: str
    code: str
    day: QualityDay
    key: tuple[float, str, str]


class QualityStore(Protocol):
    """Scores by the day, with what they are made of."""

    async def due(self, day: date, settled_us: int, limit: int) -> Sequence[Camera]:
        """Return cameras of one unit that have no score of a day, or an old one.

        It is old where the camera was changed since, and where it was scored within ``SETTLED_US``
        of its registration that now, at ``settled_us``, are over.
        """
        ...

    async def progress(self, day: date) -> tuple[int, int]:
        """Return how many cameras have a score of a day, and how many there are."""
        ...

    async def put(self, days: Sequence[QualityDay]) -> None:
        """Write scores over those of the same camera and day."""
        ...

    async def measures(self, camera_ids: Collection[str]) -> Mapping[str, Measure]:
        """Return the latest measurement of each camera that has one."""
        ...

    async def put_measure(self, camera_id: str, measure: Measure) -> None:
        """Keep a camera's latest measurement; of a camera that has gone nothing is kept."""
        ...

    async def unmeasured(self, before_us: int, limit: int) -> Sequence[str]:
        """Return enabled cameras without a measurement since a time, the oldest first."""
        ...

    async def doubles(self, cameras: Sequence[Camera]) -> Mapping[str, frozenset[str]]:
        """Return for each camera that is there twice in which fields it is."""
        ...

    async def put_uses(self, day: date, hours: Mapping[tuple[str, Use], int]) -> None:
        """Add the hours (a bit each) of a day in which cameras were used."""
        ...

    async def uses(
        self, camera_ids: Collection[str], since: date, since_us: int
    ) -> Mapping[str, frozenset[Use]]:
        """Return who has used each camera since a day; events are those recorded since a time."""
        ...

    async def groups(self, scope: Scope, since: date, until: date) -> Sequence[GroupScore]:
        """Return the means of each unit's cameras in scope for each day of a span, both ends in."""
        ...

    async def list(
        self, scope: Scope, wanted: Wanted, after: tuple[float, str, str] | None, limit: int
    ) -> Sequence[Listed]:
        """Return up to ``limit`` cameras in scope."""
        ...

    async def history(self, camera_id: str, since: date) -> Sequence[QualityDay]:
        """Return the days of a camera since one, in their order."""
        ...

    async def last_day(self, until: date | None = None) -> date | None:
        """Return the latest day with scores, before ``until`` if that is given."""
        ...

    async def lacks(self, day: date, since_us: int) -> bool:
        """Say whether a camera that was registered before a time has no score of a day."""
        ...

    async def drop_removed(self, day: date, limit: int) -> int:
        """Delete up to ``limit`` scores of a day whose cameras are gone; return how many."""
        ...

    async def forget(self, before: date, plain_before: date, limit: int) -> int:
        """Delete what is from before a day, and the findings from before another; say how many."""
        ...

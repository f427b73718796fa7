"""Where the health of cameras is kept, as its users see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from camera_registry.health.model import HealthChange, Outage, SeenWindow, Uptime, Window
from camera_registry.scope import Scope

Place = tuple[int, str]
"""Where a window stands in a list: its beginning and its id."""


@dataclass(frozen=True, slots=True)
class WindowFilter:
    """Windows that end after a time, of whose cameras all lie in the scope.

    ``targets``: only those for one of these ids of cameras, groups and units.
    """

    scope: Scope
    ends_after_us: int
    targets: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Lasting:
    """A camera that was in some state at a time; ``following`` is the next one, empty: none yet."""

    camera_id: str
    unit_code: str
    following: str


class HealthWatch(Protocol):
    """Until when somebody has noted the states of cameras."""

    async def last(self) -> int | None:
        """Return when states were noted last, None where that was never told."""
        ...

    async def beat(self, at_us: int) -> None:
        """Tell that states are noted now."""
        ...

    async def lasting(self, at_us: int, after: str, limit: int) -> Sequence[Lasting]:
        """Return up to ``limit`` states of enabled cameras that lasted at a time, by camera.

        Those in which nobody watched them, or they were switched off, are left out.
        """
        ...


class HealthStore(Protocol):
    """States of cameras over time."""

    async def add(self, changes: Sequence[HealthChange]) -> None:
        """Write changes; one that is there already changes nothing."""
        ...

    async def changes(
        self, camera_id: str, since_us: int, until_us: int, limit: int
    ) -> Sequence[HealthChange]:
        """Return the latest changes that touch a period, in the order of their times."""
        ...

    async def story(
        self, camera_id: str, periods: Sequence[tuple[int, int]], limit: int
    ) -> Sequence[HealthChange]:
        """Return the latest changes that touch any of the periods, and all since the last one that
        was live or switched off, in the order of their times.
        """
        ...

    async def page(
        self, camera_id: str, before_us: int | None, limit: int
    ) -> Sequence[HealthChange]:
        """Return up to ``limit`` changes before a time, the latest first."""
        ...

    async def by_unit(self, scope: Scope, since_us: int, until_us: int) -> Mapping[str, Uptime]:
        """Return the uptime of each unit's cameras in scope over a period."""
        ...

    async def by_camera(
        self, scope: Scope, unit_code: str, since_us: int, until_us: int
    ) -> Mapping[str, Uptime]:
        """Return the uptime of each camera of a unit in scope over a period."""
        ...

    async def outages(
        self, scope: Scope, before_us: int, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Outage]:
        """Return cameras that died before a time and are dead, the longest first."""
        ...

    async def falling(self, since_us: int, least: int) -> Sequence[tuple[str, int]]:
        """Return cameras whose live ended at least so often since a time, and how often.

        The end of live by which a camera was switched off is none of these.
        """
        ...

    async def disabled(self, camera_ids: Collection[str]) -> frozenset[str]:
        """Return which of these cameras are switched off in the register."""
        ...

    async def switched_off(self, now_us: int, limit: int) -> int:
        """Note up to ``limit`` cameras that are disabled and not noted so; return how many."""
        ...

    async def forget(self, before_us: int, limit: int) -> int:
        """Delete changes that ended before a time, ``limit`` or more where there are so many; and
        what lasts since before it of cameras that were removed. Return how many.
        """
        ...


class ToldOutages(Protocol):
    """Outages that were told, until their end is: what outlives whoever tells them."""

    async def all(self) -> Mapping[str, int]:
        """Return since when each camera was dead whose death was told, by camera."""
        ...

    async def keep(self, camera_id: str, since_us: int) -> None:
        """Remember that an outage was told, in the place of an earlier one of this camera."""
        ...

    async def drop(self, camera_id: str, since_us: int) -> None:
        """Forget an outage whose end was told; a later one of this camera stays."""
        ...


class WindowStore(Protocol):
    """Maintenance windows."""

    async def add(self, window: Window) -> None:
        """Store a window."""
        ...

    async def get(self, window_id: str) -> Window | None:
        """Return a window, or None."""
        ...

    async def page(self, wanted: WindowFilter, after: Place | None, limit: int) -> list[SeenWindow]:
        """Return windows in the scope by their beginnings, with the names of cameras."""
        ...

    async def between(
        self, since_us: int, until_us: int, after: Place | None, limit: int
    ) -> Sequence[Window]:
        """Return windows, whosesoever, that touch a period, by their beginnings."""
        ...

    async def end(self, window_id: str, at_us: int) -> None:
        """Let a window end at a time; one that has not begun is deleted."""
        ...

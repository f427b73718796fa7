"""Forgets changes to cameras that are older than the settings keep them."""

from __future__ import annotations

from typing import Protocol

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.tasks import keeping

log = structlog.get_logger(__name__)

EVERY_S = 3600.0
ROWS = 2000
_DAY_US = 86_400_000_000


class VersionArchive(Protocol):
    """Where the history of cameras is kept, as the keeper needs it."""

    async def forget(self, before_us: int, limit: int) -> int:
        """Delete up to ``limit`` entries from before a time; return how many.

        Of a camera that is registered the latest entry stays, of a removed one nothing does.
        """
        ...


class VersionKeeper:
    """Runs until cancelled. ``days`` 0 keeps for ever."""

    def __init__(self, archive: VersionArchive, days: int, clock: Clock) -> None:
        self._archive = archive
        self._days = days
        self._clock = clock

    async def run(self) -> None:
        """Keep order for ever; without a database wait and try again."""
        await keeping(self._turn, self._clock, "version_keeper")

    async def _turn(self) -> None:
        await self.run_once()
        await self._clock.sleep(EVERY_S)

    async def run_once(self) -> int:
        """Forget what is old; return how many entries. Raises a CamhubError."""
        if not self._days:
            return 0
        before_us, forgotten, more = self._clock.utc_us() - self._days * _DAY_US, 0, True
        while more:
            gone = await self._archive.forget(before_us, ROWS)
            forgotten += gone
            more = gone == ROWS
        if forgotten:
            log.info("versions_forgotten", entries=forgotten)
        return forgotten

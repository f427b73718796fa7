"""Retention of counts: minutes become hours, hours become days of the city, and old days go."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from prometheus_client import Counter

from analytics.series import Step
from camera_registry.base.clock import Clock
from camera_registry.base.tasks import keeping

JOINED = Counter("camhub_counts_joined_total", "Rows of counts that were joined to longer ones.")
DROPPED = Counter("camhub_counts_dropped_total", "Rows of counts deleted at the end of their time.")

EVERY_S = 60.0
SPANS = 64
"""Hours or days of one camera that one pass joins, and thousands of rows that it deletes."""


@dataclass(frozen=True, slots=True)
class CountRetention:
    """Days that minutes, hours and days are kept; 0 keeps for ever."""

    minute_days: int = 31
    hour_days: int = 400
    day_days: int = 0


class CountArchive(Protocol):
    """Where counts are kept, as the keeper needs it."""

    async def join(self, step: Step, before_us: int, zone: ZoneInfo) -> int:
        """Join the oldest span (an hour or a day of one camera) that ended before a time.

        Returns how many shorter rows went into it, 0 where there is none.
        """
        ...

    async def drop(self, before_us: int, limit: int) -> int:
        """Delete up to ``limit`` of the oldest rows from before a time; return how many."""
        ...


class CountKeeper:
    """Runs until cancelled. Several may run at once: a span is joined in one transaction."""

    def __init__(
        self, archive: CountArchive, retention: CountRetention, zone: ZoneInfo, clock: Clock
    ) -> None:
        self._archive = archive
        self._retention = retention
        self._zone = zone
        self._clock = clock

    async def run(self) -> None:
        """Keep order for ever; a pass that found much to do is followed by the next at once."""
        await keeping(self._turn, self._clock, "count_keeper")

    async def _turn(self) -> None:
        if not await self.run_once():
            await asyncio.sleep(EVERY_S)

    async def run_once(self) -> bool:
        """Do a bounded piece of the work; say whether there may be more.

        Raises a CamhubError where the database is out of reach; what was joined stays so.
        """
        kept, now = self._retention, self._clock.utc_us()
        left = SPANS
        steps: tuple[tuple[Step, int], ...] = (("hour", kept.minute_days), ("day", kept.hour_days))
        for step, days in steps:
            while days and left:
                rows = await self._archive.join(step, _before(now, days), self._zone)
                if not rows:
                    break
                JOINED.inc(rows)
                left -= 1
        more = left == 0
        if kept.day_days:
            most = SPANS * 1000
            gone = await self._archive.drop(_before(now, kept.day_days), most)
            DROPPED.inc(gone)
            more |= gone == most
        return more


def _before(now_us: int, days: int) -> int:
    return now_us - round(timedelta(days=days).total_seconds()) * 1_000_000

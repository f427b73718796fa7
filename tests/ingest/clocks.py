"""A clock that only the test moves."""

from __future__ import annotations

import asyncio


class HandClock:
    """``sleep`` gives way to other tasks, then moves the clock by what was asked."""

    def __init__(self, utc_us: int = 1_700_000_000_000_000) -> None:
        self.now = 0.0
        self._origin = utc_us

    def utc_us(self) -> int:
        return self._origin + round(self.now * 1_000_000)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += seconds

"""Fakes of the outside world that several rooms' tests share."""

from __future__ import annotations

import asyncio


class ManualClock:
    """A clock that a test moves by hand; ``sleep`` returns when the time has been moved past."""

    def __init__(self, utc_us: int = 1_800_000_000_000_000) -> None:
        self._utc_us = utc_us
        self._elapsed = 0.0
        self._waiting: list[tuple[float, asyncio.Future[None]]] = []

    def utc_us(self) -> int:
        return self._utc_us + int(self._elapsed * 1_000_000)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._elapsed + seconds, future))
        await future

    def move(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self._elapsed += seconds
        due = [item for item in self._waiting if item[0] <= self._elapsed]
        self._waiting = [item for item in self._waiting if item[0] > self._elapsed]
        for _, future in due:
            if not future.done():
                future.set_result(None)

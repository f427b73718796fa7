"""The node's budget: where the threads cannot keep up, the least important cameras give way.

Only analysis is lowered. Ingest, the ring and the live view run in threads of their own and know
nothing of this.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from analytics.metrics import ANALYSIS_LAG, ANALYSIS_LOAD, BUDGET_CAMERAS
from camera_registry.base.clock import Clock, SystemClock


class Level(IntEnum):
    """How much of a camera is analysed: a share of its rate, or its keyframes only."""

    FULL = 0
    HALF = 1
    QUARTER = 2
    KEYFRAMES = 3

    @property
    def share(self) -> float:
        """What is left of the rate of analysis; of keyframes no more than this either."""
        return (1.0, 0.5, 0.25, 0.25)[self]


@dataclass(frozen=True, slots=True)
class BudgetConfig:
    """The node is overloaded where its threads are busy for more than ``high_load`` of a period of
    ``every_s`` and packets wait longer than ``high_lag_s``, or where they wait longer than
    ``lost_lag_s`` in any case. From the second such period in a row on, for one may be a hiccup of
    the machine, ``portion`` of the cameras that cost something is lowered by one level in each.
    After ``calm`` periods below ``low_load`` and ``high_lag_s`` as many are raised.
    """

    every_s: float = 1.0
    high_load: float = 0.9
    low_load: float = 0.65
    high_lag_s: float = 0.3
    lost_lag_s: float = 1.5
    portion: float = 0.1
    calm: int = 3


class Share:
    """One camera's part. Its pipeline writes ``awake`` and ``active_s`` and reads ``level``."""

    def __init__(self, priority: int = 0) -> None:
        self.priority = priority
        self.awake = True
        self.active_s = 0.0
        self.level = Level.FULL


class Budget:
    """Divides one pool among its cameras. Safe to use from any thread.

    ``busy_s`` tells how long the pool's ``width`` threads have worked so far, together.
    """

    def __init__(
        self,
        busy_s: Callable[[], float],
        width: int,
        config: BudgetConfig | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._busy_s = busy_s
        self._width = width
        self._config = config or BudgetConfig()
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._shares: set[Share] = set()
        self._then = (self._clock.monotonic(), busy_s())
        self._lag_s = 0.0
        self._calm = 0
        self._strained = False

    def join(self, share: Share) -> None:
        """Take a camera in."""
        with self._lock:
            self._shares.add(share)

    def leave(self, share: Share) -> None:
        """Let a camera go; after the last one nobody judges any more, and the metrics say so."""
        with self._lock:
            self._shares.discard(share)
            if not self._shares:
                ANALYSIS_LAG.set(0)
                ANALYSIS_LOAD.set(0)
                self._tell()

    def tick(self, arrival_us: int | None) -> None:
        """Take note of a packet's time of arrival, now that its turn has come; None where it was
        held back on purpose. Once per period judge. Cheap.
        """
        if arrival_us is not None:
            self._lag_s = max(self._lag_s, (self._clock.utc_us() - arrival_us) / 1e6)
        if self._clock.monotonic() - self._then[0] < self._config.every_s:
            return
        if self._lock.acquire(blocking=False):
            try:
                self._judge()
            finally:
                self._lock.release()

    def _judge(self) -> None:
        config = self._config
        now, busy = self._clock.monotonic(), self._busy_s()
        passed = now - self._then[0]
        if passed < config.every_s:
            return
        load = (busy - self._then[1]) / (passed * self._width)
        lag, self._lag_s, self._then = self._lag_s, 0.0, (now, busy)
        ANALYSIS_LAG.set(lag)
        ANALYSIS_LOAD.set(load)
        if lag > config.lost_lag_s or (load > config.high_load and lag > config.high_lag_s):
            self._calm = 0
            if self._strained:
                self._lower()
            self._strained = True
        elif load < config.low_load and lag < config.high_lag_s:
            self._strained = False
            self._calm += 1
            if self._calm >= config.calm:
                self._calm = 0
                self._raise()
        else:
            self._strained = False
            self._calm = 0
        self._tell()

    def _tell(self) -> None:
        tally = Counter(share.level for share in self._shares)
        for level in Level:
            BUDGET_CAMERAS.labels(level.name.lower()).set(tally[level])

    def _ranked(self) -> list[Share]:
        """Least important first: by priority, then by how long ago something moved."""
        return sorted(self._shares, key=lambda share: (share.priority, share.active_s))

    def _lower(self) -> None:
        costly = [share for share in self._ranked() if share.awake]
        # Only when all look at a quarter is anybody put on keyframes.
        some = [share for share in costly if share.level < Level.QUARTER]
        some = some or [share for share in costly if share.level < Level.KEYFRAMES]
        for share in some[: self._portion(len(costly))]:
            share.level = Level(share.level + 1)

    def _raise(self) -> None:
        lowered = [share for share in reversed(self._ranked()) if share.level > Level.FULL]
        lowered.sort(key=lambda share: share.level, reverse=True)
        for share in lowered[: self._portion(len(lowered))]:
            share.level = Level(share.level - 1)

    def _portion(self, count: int) -> int:
        return max(1, round(self._config.portion * count))

"""What a soak looks at: a hub's processes, and whether cameras come back after their faults."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psutil

from benchmarks import numbers
from benchmarks.accounting import MIB
from benchmarks.soak_plan import PlannedFault

QUANTITIES = ("rss", "uss", "threads", "handles")
UNITS = {"rss": "MiB", "uss": "MiB", "threads": "threads", "handles": "handles"}
_WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a process, ``at_s`` seconds after the soak began; memory in MiB."""

    at_s: float
    rss: float
    uss: float
    threads: float
    handles: float


def look(pid: int, at_s: float) -> Sample:
    """Return what a process holds now. Raises psutil.Error where it has ended."""
    process = psutil.Process(pid)
    with process.oneshot():
        memory = process.memory_full_info()
        return Sample(
            at_s, memory.rss / MIB, memory.uss / MIB, process.num_threads(), process.num_fds()
        )


@dataclass(frozen=True, slots=True)
class Growth:
    """How far a quantity has risen over ``over_s`` by its trend, from ``level`` (its median)."""

    level: float
    rise: float
    over_s: float


def growth(samples: Sequence[Sample], quantity: str, warm_up_s: float) -> Growth:
    """Return the growth after the warm-up.

    The trend is the median of the slopes between all pairs of the minutes' medians (Theil-Sen): a
    fault that opens a few sockets for a moment does not tilt it, and what is never given back does.
    Raises ValueError for less than two minutes.
    """
    minutes: dict[int, list[float]] = {}
    for sample in samples:
        if sample.at_s >= warm_up_s:
            minute = int((sample.at_s - warm_up_s) / _WINDOW_S)
            minutes.setdefault(minute, []).append(getattr(sample, quantity))
    points = [(minute * _WINDOW_S, statistics.median(found)) for minute, found in minutes.items()]
    over_s = points[-1][0] - points[0][0] if points else 0.0
    return Growth(
        statistics.median(value for _, value in points) if points else 0.0,
        numbers.middle_slope(points) * over_s,
        over_s,
    )


def tolerated(quantity: str, level: float) -> float:
    """Return the most that a quantity may rise over a whole run, whatever its length.

    Memory: 5 % of its level, at least 8 MiB; the rings of cameras that have been away fill again,
    and an allocator's arenas settle over the first hour. Threads and handles: 2 and 4, because a
    session that opens or ends has some for a moment.
    """
    if quantity in {"rss", "uss"}:
        return max(8.0, 0.05 * level)
    return 2.0 if quantity == "threads" else 4.0


@dataclass(slots=True)
class Recovery:
    """Follows every camera from the end of its fault until it is live again; times in seconds."""

    limit_s: float
    took_s: list[float] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    _until: dict[str, float] = field(default_factory=dict)
    _away: dict[str, tuple[float, str]] = field(default_factory=dict)

    def begins(self, planned: PlannedFault, at_s: float) -> None:
        """A fault begins now."""
        self._until[planned.camera] = at_s + (planned.fault.seconds or 0.0)
        self._away[planned.camera] = (self._until[planned.camera], planned.fault.kind.value)

    def see(self, states: Mapping[str, str], at_s: float) -> None:
        """Take the state of every camera; nothing where the api gave none."""
        for name, state in states.items():
            if at_s < self._until.get(name, 0.0):
                continue
            since_s, why = self._away.get(name, (at_s, "no fault"))
            if state == "live":
                if self._away.pop(name, None) is not None:
                    self._back(name, why, at_s - since_s)
            else:
                self._away[name] = (since_s, why)

    def end(self, at_s: float) -> None:
        """Whoever is away by now stays so."""
        self.lost = [f"{name} after {why}" for name, (_, why) in sorted(self._away.items())]
        self.lost = [f"{one}, at {at_s:.0f} s" for one in self.lost]

    @property
    def away(self) -> int:
        """Cameras that are not live, or have a fault, as far as was seen."""
        return len(self._away)

    def _back(self, name: str, why: str, took_s: float) -> None:
        self.took_s.append(took_s)
        if took_s > self.limit_s:
            self.late.append(f"{name} after {why}: {took_s:.0f} s")

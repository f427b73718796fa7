"""CPU time, memory and cores of processes."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

MIB = 2**20
_CPUCLOCK_SCHED = 2


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return user and system seconds of processes together, without their children.

    Read from each process's CPU clock (clock_getcpuclockid(3)), which counts nanoseconds: the ticks
    of /proc are of 10 ms, and a demultiplexing ffmpeg takes less than one a second. Raises OSError
    if a process has ended: a sum without it would look cheap.
    """
    return sum(time.clock_gettime(~pid << 3 | _CPUCLOCK_SCHED) for pid in pids)


def memory_mib(pid: int) -> tuple[float, float]:
    """Return a process's resident and unique set size in MiB."""
    info = psutil.Process(pid).memory_full_info()
    return info.rss / MIB, info.uss / MIB


def two_sides() -> tuple[set[int], set[int]]:
    """Divide the cores between the measured process and everything around it.

    With one core both get it, and the figures say less.
    """
    cores = sorted(os.sched_getaffinity(0))
    half = max(1, len(cores) // 2)
    return set(cores[:half]), set(cores[half:] or cores)


def pin(pid: int, cores: set[int]) -> None:
    """Keep every present thread of a process on ``cores``; later threads inherit it."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # a thread may end meanwhile
            os.sched_setaffinity(int(task.name), cores)

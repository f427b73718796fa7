"""The arithmetic of the benchmarks: percentiles, medians, least squares, rates over windows."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0..1) of ``values`` lies, by the nearest rank.

    The nearest rank is always a value that was measured, so a p99 of few samples is not made up
    between two of them. Raises ValueError for no values or a share outside 0..1.
    """
    if not values or not 0.0 <= share <= 1.0:
        raise ValueError("a percentile needs values and a share from 0 to 1")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median_of_windows(windows: Sequence[Sequence[float]], share: float) -> float:
    """Return the median over the windows of each window's percentile; empty windows are left out.

    Raises ValueError where every window is empty.
    """
    found = [percentile(window, share) for window in windows if window]
    if not found:
        raise ValueError("nothing was measured")
    return statistics.median(found)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the least-squares line through ``points`` (x, y).

    Raises ValueError for fewer than two different x.
    """
    if len({x for x, _ in points}) < 2:
        raise ValueError("a slope needs two different x")
    mean_x = statistics.fmean(x for x, _ in points)
    mean_y = statistics.fmean(y for _, y in points)
    over = math.fsum((x - mean_x) * (y - mean_y) for x, y in points)
    return over / math.fsum((x - mean_x) ** 2 for x, _ in points)


def middle_slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the median of the slopes between all pairs of ``points`` (x, y), after Theil and Sen.

    A few outliers do not move it. Raises ValueError for fewer than two different x.
    """
    slopes = [(d - b) / (c - a) for (a, b), (c, d) in combinations(points, 2) if a != c]
    if not slopes:
        raise ValueError("a slope needs two different x")
    return statistics.median(slopes)


@dataclass(frozen=True, slots=True)
class Line:
    """``offset + slope * x``; ``fit`` is the share of the variance that it explains (R squared)."""

    offset: float
    slope: float
    fit: float


def line(points: Sequence[tuple[float, float]]) -> Line:
    """Return the least-squares line through ``points`` (x, y).

    Raises ValueError for fewer than two different x.
    """
    steep = slope(points)
    mean_y = statistics.fmean(y for _, y in points)
    offset = mean_y - steep * statistics.fmean(x for x, _ in points)
    rest = math.fsum((y - offset - steep * x) ** 2 for x, y in points)
    spread = math.fsum((y - mean_y) ** 2 for _, y in points)
    return Line(offset, steep, 1 - rest / spread if spread else 1.0)


def rates(
    read: Callable[[], Sequence[float]],
    *,
    seconds: float,
    windows: int,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[list[float]]:
    """Read rising counters at the borders of ``windows`` windows of ``seconds`` each.

    Returns for each window the increase a second of each counter, by the time that really passed.
    """
    found: list[list[float]] = []
    then, before = clock(), read()
    for _ in range(windows):
        sleep(seconds)
        now, after = clock(), read()
        found.append([(b - a) / (now - then) for a, b in zip(before, after, strict=True)])
        then, before = now, after
    return found


def medians(windows: Sequence[Sequence[float]]) -> list[float]:
    """Return the median of each column of ``windows``."""
    return [statistics.median(column) for column in zip(*windows, strict=True)]

"""The arithmetic of the benchmarks. Nothing here is timed."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.numbers import median_of_windows, medians, percentile, rates, slope

_VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.01, 1), (0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)]
)
def test_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert percentile(range(100, 0, -1), share) == expected


@given(_VALUES, st.floats(0, 1))
def test_a_percentile_was_measured_and_covers_its_share(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


@given(_VALUES)
def test_half_is_near_the_median(values: list[float]) -> None:
    assert percentile(values, 0.5) == statistics.median_low(values)


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 1.1), ([1.0], -0.1)])
def test_a_percentile_of_nothing_is_refused(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, share)


def test_the_median_of_windows_leaves_out_empty_ones_and_outliers() -> None:
    assert median_of_windows([[1.0, 9.0], [], [2.0, 3.0], [50.0, 99.0]], 0.5) == 2.0
    with pytest.raises(ValueError, match="nothing"):
        median_of_windows([[], []], 0.5)


@given(st.floats(-100, 100), st.floats(-1000, 1000), st.sets(st.integers(0, 100), min_size=2))
def test_the_slope_of_a_line(rise: float, base: float, at: set[int]) -> None:
    assert slope([(x, base + rise * x) for x in at]) == pytest.approx(rise, abs=1e-6)


def test_the_slope_is_the_least_squares() -> None:
    assert slope([(0, 0), (1, 1), (2, 0), (3, 3)]) == pytest.approx(0.8)


def test_a_slope_needs_two_places() -> None:
    with pytest.raises(ValueError, match="slope"):
        slope([(2, 1), (2, 3)])


def test_rates_divide_by_the_time_that_really_passed() -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += 2 * seconds  # a machine that is late

    found = rates(
        lambda: (now * 3, now * 10), seconds=1.5, windows=3, clock=lambda: now, sleep=sleep
    )
    assert found == [[3.0, 10.0]] * 3


def test_medians_are_by_column() -> None:
    assert medians([[1, 30], [3, 10], [2, 20]]) == [2, 20]

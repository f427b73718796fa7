from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.gate.rate_control import Gop, RateConfig, RateControl


def gop(size: int, *, share: float = 0.1, moved: bool = False) -> Gop:
    """A group of 50 pictures of so many bytes, the mean one ``share`` of the keyframe."""
    return Gop(size, round(size / (1 + 49 * share)), 50, moved)


def feed(rate: RateControl, sizes: list[int], *, share: float = 0.1, moved: bool = False) -> None:
    for size in sizes:
        rate.add(gop(size, share=share, moved=moved))


def variable(rate: RateControl) -> bool:
    """Ask anew each time, whatever a type checker has narrowed."""
    return rate.variable


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=40))
def test_variation_is_numpys(sizes: list[int]) -> None:
    rate = RateControl(RateConfig(first_gops=4, skip_gops=0, settle_gops=0))
    feed(rate, sizes)
    newest = np.array(sizes[-30:], float)
    assert rate.variation == pytest.approx(float(newest.std() / newest.mean()), abs=1e-9)
    assert rate.judged == (len(sizes) >= 4)


def test_the_filling_of_the_buffer_does_not_count() -> None:
    rate = RateControl()
    feed(rate, [9000, 7000, 5000, 4000, 3000, 2500, 2400, 2390, *[2400] * 20])
    assert rate.judged
    assert rate.variation < 0.02


def test_variation_alone_is_no_ground() -> None:
    rate = RateControl()
    feed(rate, [1000] * 10 + [2000] * 3)
    assert rate.variation > 0.06
    assert not variable(rate)
    rate.told(by_sizes=True)
    assert rate.proved
    assert variable(rate)


def test_a_movement_told_at_a_constant_size_proves_nothing() -> None:
    rate = RateControl()
    feed(rate, [1000 + 20 * (-1) ** n for n in range(100)])
    for _ in range(10):
        rate.told(by_sizes=True)
    assert not variable(rate)


def test_a_quiet_day_keeps_what_a_visitor_has_proved() -> None:
    rate = RateControl()
    feed(rate, [1000] * 10 + [2000] * 3)
    rate.told(by_sizes=True)
    feed(rate, [1000] * 43_200)
    assert variable(rate)


def test_movements_in_a_row_that_were_not_told_take_it_back_and_told_ones_bring_it_again() -> None:
    rate = RateControl()
    feed(rate, [1000] * 10 + [2000] * 3)
    rate.told(by_sizes=True)
    for _ in range(2):
        rate.told(by_sizes=False)
    rate.told(by_sizes=True)
    for _ in range(2):
        rate.told(by_sizes=False)
    assert variable(rate)  # not in a row
    rate.told(by_sizes=False)
    assert not variable(rate)
    feed(rate, [1000] * 27 + [2000] * 3)
    rate.told(by_sizes=True)
    assert not variable(rate)
    rate.told(by_sizes=True)
    assert variable(rate)


def test_a_scene_at_rest_is_on_trial_until_a_movement_is_not_told() -> None:
    rate = RateControl()
    feed(rate, [1000] * 12, share=0.01)
    assert variable(rate)
    assert not rate.proved
    rate.told(by_sizes=False)
    feed(rate, [1000] * 1000, share=0.01)
    assert not variable(rate)


def test_a_rate_that_is_filled_is_not_on_trial_and_noise_ends_one() -> None:
    rate = RateControl()
    feed(rate, [1000] * 100, share=0.045)  # the least that was measured
    assert not variable(rate)
    rate = RateControl()
    feed(rate, [1000] * 12, share=0.01)
    feed(rate, [1000] * 2, share=0.1)
    assert variable(rate)
    feed(rate, [1000] * 3, share=0.1)
    assert not variable(rate)


def test_what_is_remembered_is_on_trial() -> None:
    rate = RateControl()
    rate.remembered = True
    assert variable(rate)
    assert not rate.proved
    rate.told(by_sizes=False)
    assert not variable(rate)

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.packet_sizes import RateControl, RunningPercentile, SizeConfig, SizeHistory
from ingest.packets import Packet, StreamInfo

INFO = StreamInfo("h264", "avc1.42C01E", 640, 360)


def packet(at: int, size: int, *, keyframe: bool = False, shown: int | None = None) -> Packet:
    utc = (at if shown is None else shown) * 40_000
    return Packet(1, at, keyframe, utc, at * 40_000, utc, bytes(size), INFO)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=80), st.integers(1, 30))
def test_running_percentile_is_that_of_the_newest(values: list[int], window: int) -> None:
    running = RunningPercentile(0.2, window)
    for value in values:
        running.add(value)
    newest = sorted(values[-window:])
    assert len(running) == len(newest)
    assert running.value() == newest[max(0, math.ceil(0.2 * len(newest)) - 1)]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=40))
def test_variation_is_numpys(sizes: list[int]) -> None:
    rate = RateControl(0.06, 4, 30, 0, 3)
    for size in sizes:
        rate.add(size, moved=False)
    newest = np.array(sizes[-30:], float)
    assert rate.variation == pytest.approx(float(newest.std() / newest.mean()), abs=1e-9)
    assert rate.judged == (len(sizes) >= 4)


def rate_of(sizes: list[int], *, moved: bool) -> RateControl:
    rate = RateControl(0.06, 8, 30, 2, 3)
    for size in sizes:
        rate.add(size, moved=moved)
    return rate


def test_constant_sizes_never_qualify_and_the_first_groups_do_not_count() -> None:
    swing = [100 + 5 * (-1) ** i for i in range(100)]
    assert not rate_of([900, 700, *swing], moved=True).variable


def test_a_quiet_hour_keeps_what_a_visitor_has_proved() -> None:
    sizes = [100] * 12 + [200] * 3 + [100] * 200
    assert rate_of(sizes, moved=False).variable


def test_movement_at_a_constant_size_takes_it_back() -> None:
    sizes = [100] * 12 + [200] * 3 + [100] * 200
    assert not rate_of(sizes, moved=True).variable


def history(**config: float) -> SizeHistory:
    return SizeHistory(SizeConfig(**config), packet(0, 5000, keyframe=True))  # type: ignore[arg-type]


def test_pictures_between_are_held_against_their_own_kind() -> None:
    sizes = history(least_packets=5, smooth=1)
    sizes.keyframe(packet(0, 5000, keyframe=True), moved=False)
    times = []
    for pair in range(20):
        first = 1 + 2 * pair
        times.append(sizes.picture(packet(first, 1000, shown=first + 1), quiet=True))
        times.append(sizes.picture(packet(first + 1, 100, shown=first), quiet=True))
    assert set(times) == {0.0, 1.0}
    assert times[-2:] == [1.0, 1.0]


def test_movement_does_not_become_the_rule() -> None:
    sizes = history(least_packets=5, smooth=1)
    sizes.keyframe(packet(0, 5000, keyframe=True), moved=False)
    for at in range(1, 10):
        sizes.picture(packet(at, 68), quiet=True)
    times = [sizes.picture(packet(at, 968), quiet=False) for at in range(10, 400)]
    assert times == [10.0] * 390


def test_reasons_not_to_gate() -> None:
    sizes = history()
    for at in range(4):
        sizes.keyframe(packet(at, 5000, keyframe=True), moved=False)
    assert sizes.unfit() == "all_keyframes"
    sizes = history(max_gop_s=1.0)
    sizes.keyframe(packet(0, 5000, keyframe=True), moved=False)
    for at in range(1, 30):
        sizes.picture(packet(at, 10), quiet=True)
    assert sizes.too_long(packet(30, 10))
    sizes.keyframe(packet(30, 5000, keyframe=True), moved=False)
    assert sizes.unfit() == "long_gop"
    sizes = history(max_gop_bytes=6000)
    sizes.keyframe(packet(0, 5000, keyframe=True), moved=False)
    sizes.picture(packet(1, 1001), quiet=True)
    assert sizes.too_long(packet(2, 1))

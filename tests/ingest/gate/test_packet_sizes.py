from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from ingest.gate.packet_sizes import RunningPercentile, SizeConfig, SizeHistory
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


def history(**config: float) -> SizeHistory:
    first = packet(0, 5000, keyframe=True)
    sizes = SizeHistory(SizeConfig(**config), first)  # type: ignore[arg-type]
    sizes.keyframe(first, moved=False)
    return sizes


def test_pictures_between_are_held_against_their_own_kind() -> None:
    sizes = history(least_packets=5, smooth=1)
    times = []
    for pair in range(20):
        first = 1 + 2 * pair
        times.append(sizes.picture(packet(first, 1000, shown=first + 1), quiet=True))
        times.append(sizes.picture(packet(first + 1, 100, shown=first), quiet=True))
    assert set(times) == {0.0, 1.0}
    assert times[-2:] == [1.0, 1.0]


def test_movement_does_not_become_the_rule() -> None:
    sizes = history(least_packets=5, smooth=1)
    for at in range(1, 10):
        sizes.picture(packet(at, 68), quiet=True)
    times = [sizes.picture(packet(at, 468), quiet=False) for at in range(10, 400)]
    assert times == [5.0] * 390


def test_reasons_not_to_gate() -> None:
    sizes = history()
    for at in range(4):
        sizes.keyframe(packet(at, 5000, keyframe=True), moved=False)
    assert sizes.unfit() == "all_keyframes"
    sizes = history(max_gop_s=1.0)
    for at in range(1, 30):
        sizes.picture(packet(at, 10), quiet=True)
    assert sizes.too_long(packet(30, 10))
    sizes.keyframe(packet(30, 5000, keyframe=True), moved=False)
    assert sizes.unfit() == "long_gop"
    sizes = history(max_gop_bytes=6000)
    sizes.picture(packet(1, 1001), quiet=True)
    assert sizes.too_long(packet(2, 1))


def group(sizes: SizeHistory, at: int, *, times: int = 1, moved: bool = False) -> list[float]:
    """Feed 49 pictures, the first three times as large as the others, and the next keyframe."""
    found = [
        sizes.picture(packet(at + n, (600 if n == 1 else 200) * times), quiet=times == 1)
        for n in range(1, 50)
    ]
    sizes.keyframe(packet(at + 50, 5000, keyframe=True), moved=moved)
    return found


def test_a_picture_is_held_against_those_of_its_place() -> None:
    sizes = history(smooth=1)
    for n in range(6):
        group(sizes, 50 * n)
    assert set(group(sizes, 300)) == {1.0}


def test_a_single_large_picture_wakes_nobody_and_a_few_do() -> None:
    sizes = history()
    for n in range(6):
        group(sizes, 50 * n)
    quiet = [
        sizes.picture(packet(300 + n, 9000 if n == 20 else 200), quiet=True) for n in range(1, 50)
    ]
    assert 1.0 < max(quiet) < 1.8
    assert sizes.picture(packet(350, 9000), quiet=True) < 1.8
    assert sizes.picture(packet(351, 9000), quiet=True) > 1.8


def test_unrest_is_what_a_scene_at_rest_comes_to() -> None:
    sizes = history()
    for n in range(40):
        group(sizes, 50 * n, times=3 if n in (20, 30) else 1, moved=n in (20, 30))
    assert sizes.unrest == 1.0
    assert sizes.usual_bytes == 200
    assert not sizes.unlike(150)
    assert sizes.unlike(450)
    assert sizes.unlike(50)

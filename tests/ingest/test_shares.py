"""Fair shares of cameras between workers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.shares import Shares


def test_alone_it_pulls_at_full_speed_up_to_its_capacity() -> None:
    shares = Shares("me", 20)
    assert shares.batch(0, 0.0) == 16
    assert shares.batch(12, 0.0) == 8
    assert shares.batch(20, 0.0) == 0


def test_it_waits_for_a_less_loaded_peer_and_forgets_a_dead_one() -> None:
    shares = Shares("me", 100)
    shares.heard("other", 2, 0.0)
    assert shares.batch(6, 1.0) == 0
    assert shares.batch(6, 6.0) == 16


def test_it_gives_a_camera_away_only_when_the_difference_is_clear() -> None:
    shares = Shares("me", 100)
    shares.heard("other", 4, 0.0)
    assert not shares.surplus(6, 1.0)
    assert shares.surplus(7, 1.0)
    assert not shares.surplus(7, 9.0)


@given(
    cameras=st.integers(0, 300),
    loads=st.lists(st.integers(0, 80), min_size=2, max_size=6),
)
def test_equal_workers_end_with_near_equal_shares(cameras: int, loads: list[int]) -> None:
    """Whatever they held before, pulling and giving away ends within the slack of surplus()."""
    workers = [Shares(f"w{i}", 1000) for i in range(len(loads))]
    held = list(loads)
    free = cameras
    for step in range(2000):
        now = step * 0.1
        for i, shares in enumerate(workers):
            for j, load in enumerate(held):
                shares.heard(f"w{j}", load, now)
            taken = min(free, shares.batch(held[i], now))
            held[i] += taken
            free -= taken
            if shares.surplus(held[i], now):
                held[i] -= 1
                free += 1
    assert free == 0
    assert max(held) - min(held) <= max(2, max(held) // 5) + 1

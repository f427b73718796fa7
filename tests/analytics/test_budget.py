from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analytics.budget import Budget, Level, Share
from analytics.metrics import ANALYSIS_LAG, ANALYSIS_LOAD, BUDGET_CAMERAS


class Node:
    """A budget with a clock, a load and a lag that the test moves."""

    def __init__(self, shares: list[Share], width: int = 2) -> None:
        self.now, self.busy, self.width = 100.0, 0.0, width
        self.budget = Budget(lambda: self.busy, width, clock=self)
        for share in shares:
            self.budget.join(share)

    def utc_us(self) -> int:
        return round(self.now * 1e6)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing sleeps here")

    def second(self, load: float, lag_s: float) -> None:
        self.now += 1.0
        self.busy += load * self.width
        self.budget.tick(self.utc_us() - round(lag_s * 1e6))


def cameras() -> list[Share]:
    shares = [Share(priority) for priority in (0, 0, 0, 5)]
    for number, share in enumerate(shares):
        share.active_s = float(number)
    return shares


def levels(shares: list[Share]) -> list[int]:
    return [int(share.level) for share in shares]


def test_overload_lowers_the_least_important_and_least_active_first() -> None:
    shares = cameras()
    node = Node(shares)
    node.second(1.0, 0.5)
    assert levels(shares) == [0, 0, 0, 0]
    node.second(1.0, 0.5)
    assert levels(shares) == [1, 0, 0, 0]
    node.second(1.0, 0.5)
    assert levels(shares) == [2, 0, 0, 0]
    for _ in range(4):
        node.second(1.0, 0.5)
    assert levels(shares) == [2, 2, 2, 0]
    for _ in range(3):
        node.second(1.0, 0.5)
    assert levels(shares) == [3, 2, 2, 2]  # keyframes only when all are at a quarter
    assert float(ANALYSIS_LOAD._value.get()) == 1.0
    assert 0.4 < float(ANALYSIS_LAG._value.get()) < 0.6
    assert float(BUDGET_CAMERAS.labels("quarter")._value.get()) == 3


def test_what_is_asleep_costs_nothing_and_is_left_alone() -> None:
    shares = cameras()
    shares[0].awake = False
    node = Node(shares)
    node.second(1.0, 0.5)
    node.second(1.0, 0.5)
    assert levels(shares) == [0, 1, 0, 0]


def test_calm_raises_the_most_important_first_and_only_after_a_while() -> None:
    shares = cameras()
    node = Node(shares)
    for share in shares:
        share.level = Level.QUARTER
    node.second(0.3, 0.01)
    node.second(0.3, 0.01)
    assert levels(shares) == [2, 2, 2, 2]
    node.second(0.3, 0.01)
    assert levels(shares) == [2, 2, 2, 1]
    for _ in range(40):
        node.second(0.3, 0.01)
    assert levels(shares) == [0, 0, 0, 0]


def test_busy_threads_that_keep_up_are_no_overload() -> None:
    shares = cameras()
    node = Node(shares)
    for _ in range(10):
        node.second(0.97, 0.05)
    assert levels(shares) == [0, 0, 0, 0]


def test_what_a_wake_put_back_has_not_waited() -> None:
    shares = cameras()
    node = Node(shares)
    for _ in range(5):
        node.now += 1.0
        node.busy += 2.0
        node.budget.tick(None)
    assert levels(shares) == [0, 0, 0, 0]


def test_a_camera_that_left_is_forgotten() -> None:
    shares = cameras()
    node = Node(shares)
    for share in shares[:3]:
        node.budget.leave(share)
    node.second(0.1, 2.0)
    node.second(0.1, 2.0)
    assert levels(shares) == [0, 0, 0, 1]


def test_a_hiccup_of_the_machine_lowers_nobody() -> None:
    shares = cameras()
    node = Node(shares)
    for _ in range(10):
        node.second(0.1, 2.0)
        node.second(0.1, 0.0)
    assert levels(shares) == [0, 0, 0, 0]


@given(st.lists(st.tuples(st.floats(0, 1.2), st.floats(0, 3)), max_size=60))
def test_importance_is_kept_whatever_the_load(seconds: list[tuple[float, float]]) -> None:
    shares = cameras()
    node = Node(shares)
    for load, lag_s in seconds:
        before = sum(levels(shares))
        node.second(load, lag_s)
        now = levels(shares)
        assert abs(sum(now) - before) <= 1
        # the more important is never worse off by more than the step from a quarter to keyframes
        assert all(now[i] >= now[i + 1] - 1 for i in range(3))


def test_after_the_last_camera_the_metrics_are_those_of_an_idle_worker() -> None:
    shares = cameras()
    node = Node(shares)
    for _ in range(3):
        node.second(1.0, 0.5)
    for share in shares:
        node.budget.leave(share)
    lowered = [BUDGET_CAMERAS.labels(level.name.lower()) for level in Level]
    assert {float(one._value.get()) for one in (ANALYSIS_LAG, ANALYSIS_LOAD, *lowered)} == {0.0}

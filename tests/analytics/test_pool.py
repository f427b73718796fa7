from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from analytics.pool import AnalysisPool


class Countdown:
    """A job of so many pieces that notes the order of turns and whether two ran at once."""

    def __init__(self, name: str, pieces: int, order: list[str]) -> None:
        self.name, self.left, self.order = name, pieces, order
        self.alone = threading.Lock()
        self.overlapped = False
        self.done = threading.Event()

    def turn(self) -> bool:
        if not self.alone.acquire(blocking=False):
            self.overlapped = True
            return False
        try:
            self.order.append(self.name)
            self.left -= 1
            if self.left == 0:
                self.done.set()
            return self.left > 0
        finally:
            self.alone.release()


class Gate:
    """A job whose turn waits until it is let go."""

    def __init__(self) -> None:
        self.entered, self.go = threading.Event(), threading.Event()
        self.turns = 0

    def turn(self) -> bool:
        self.turns += 1
        self.entered.set()
        assert self.go.wait(30)
        return False


@pytest.fixture
def one_thread() -> Iterator[AnalysisPool]:
    pool = AnalysisPool(1)
    yield pool
    pool.stop()


def test_jobs_take_turns(one_thread: AnalysisPool) -> None:
    order: list[str] = []
    gate = Gate()
    jobs = [Countdown(name, 3, order) for name in "abc"]
    one_thread.schedule(gate)
    assert gate.entered.wait(30)
    for job in jobs:
        one_thread.schedule(job)
    gate.go.set()
    assert all(job.done.wait(30) for job in jobs)
    assert order == list("abcabcabc")


def test_a_job_never_runs_in_two_threads() -> None:
    pool = AnalysisPool(4)
    job = Countdown("a", 2000, [])
    feeders = [
        threading.Thread(target=lambda: [pool.schedule(job) for _ in range(500)])  # type: ignore[func-returns-value]
        for _ in range(4)
    ]
    for feeder in feeders:
        feeder.start()
    for feeder in feeders:
        feeder.join()
    assert job.done.wait(30)
    pool.stop()
    assert not job.overlapped


def test_work_that_comes_during_a_turn_gets_another(one_thread: AnalysisPool) -> None:
    gate = Gate()
    one_thread.schedule(gate)
    assert gate.entered.wait(30)
    gate.entered.clear()
    one_thread.schedule(gate)
    gate.go.set()
    assert gate.entered.wait(30)


def test_retire_waits_for_the_running_turn_and_takes_out_the_waiting(
    one_thread: AnalysisPool,
) -> None:
    gate, waiting = Gate(), Countdown("w", 1, [])
    one_thread.schedule(gate)
    assert gate.entered.wait(30)
    one_thread.schedule(waiting)
    one_thread.schedule(gate)  # would run again
    one_thread.retire(waiting)
    retired = threading.Event()

    def retire() -> None:
        one_thread.retire(gate)
        retired.set()

    other = threading.Thread(target=retire)
    other.start()
    assert not retired.is_set()
    gate.go.set()
    assert retired.wait(30)
    other.join()
    last = Countdown("l", 1, [])
    one_thread.schedule(last)
    assert last.done.wait(30)
    assert gate.turns == 1
    assert not waiting.done.is_set()


def test_stop_ends_all_threads() -> None:
    pool = AnalysisPool(3)
    assert pool.alive
    pool.stop()
    assert not pool.alive

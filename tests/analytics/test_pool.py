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


class Waiter:
    """A job whose one turn waits for something besides the processor."""

    def __init__(self, pool: AnalysisPool, until: threading.Event) -> None:
        self.pool, self.until = pool, until
        self.waiting, self.done = threading.Event(), threading.Event()

    def turn(self) -> bool:
        with self.pool.waiting():
            self.waiting.set()
            assert self.until.wait(20)
        self.done.set()
        return False


def test_job_that_waits_gives_its_place_to_another() -> None:
    pool = AnalysisPool(1, spare=1)
    try:
        until = threading.Event()
        first, second = Waiter(pool, until), Waiter(pool, until)
        pool.schedule(first)
        pool.schedule(second)
        assert first.waiting.wait(20)
        assert second.waiting.wait(20)  # on one place: it could not wait beside the first otherwise
        assert pool.width == 1
        until.set()
        assert first.done.wait(20)
        assert second.done.wait(20)
    finally:
        pool.stop()


def test_places_are_never_more_than_the_width() -> None:
    pool = AnalysisPool(2, spare=4)
    lock = threading.Lock()
    inside: list[int] = []
    most: list[int] = []
    ended = threading.Semaphore(0)

    class Job:
        def turn(self) -> bool:
            for _ in range(20):
                with lock:
                    inside.append(1)
                    most.append(len(inside))
                with lock:
                    inside.pop()
                with pool.waiting():
                    pass
            ended.release()
            return False

    jobs = [Job() for _ in range(6)]
    for job in jobs:
        pool.schedule(job)
    for _ in jobs:
        assert ended.acquire(timeout=20)
    pool.stop()
    assert max(most) <= 2


def test_waiting_outside_of_a_turn_does_nothing() -> None:
    pool = AnalysisPool(1)
    with pool.waiting():
        assert pool.width == 1
    pool.stop()

"""The threads that analyse, shared fairly by the cameras of a process."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import cv2
import structlog

log = structlog.get_logger(__name__)


class Job(Protocol):
    """Something with work that comes in pieces."""

    def turn(self) -> bool:
        """Do a bounded piece of work; return whether there is more. Must not raise."""
        ...


class AnalysisPool:
    """Gives each job with work one turn after the other (round robin).

    Invariants: a job runs in at most one thread at a time; a job that was scheduled, also during
    its own turn, gets a turn after that; a job waits for at most one turn of each other job.
    """

    def __init__(self, threads: int, spare: int = 0) -> None:
        """Start ``threads`` that work at once, and ``spare`` ones for those that wait."""
        self._width = max(1, threads)
        self._active = self._returning = 0
        self._local = threading.local()
        self._changed = threading.Condition()
        self._ready: deque[Job] = deque()
        self._queued: set[int] = set()
        self._running: dict[int, threading.Thread] = {}
        self._again: set[int] = set()
        self._retiring: set[int] = set()
        self._stopping = False
        self._busy_s = 0.0
        cv2.setNumThreads(1)  # the pool is the parallelism: OpenCV's own threads only cost here
        self._threads = [
            threading.Thread(target=self._work, name=f"analysis-{number}", daemon=True)
            for number in range(self._width + spare)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether every thread of the pool is running."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def width(self) -> int:
        """How many jobs run at once."""
        return self._width

    @property
    def busy_s(self) -> float:
        """Seconds that turns have taken, over all threads, since the start."""
        return self._busy_s

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let another job run meanwhile: for a job that waits for something besides the processor.

        Without spare threads nobody takes the place. Outside of a turn this does nothing.
        """
        if getattr(self._local, "working", False) is not True:
            yield
            return
        began = time.perf_counter()
        with self._changed:
            self._active -= 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._returning += 1
                while self._active >= self._width:
                    self._changed.wait()
                self._returning -= 1
                self._active += 1
            self._local.waited += time.perf_counter() - began

    def schedule(self, job: Job) -> None:
        """Give a job a turn when its time comes. Cheap, and never blocks on a running job."""
        with self._changed:
            if id(job) in self._running:
                self._again.add(id(job))
            elif id(job) not in self._queued:
                self._enqueue(job)

    def retire(self, job: Job) -> None:
        """Take a job out; after this returns it does not run, unless it is scheduled again.

        A job that retires itself in its own turn is taken out when the turn ends.
        """
        with self._changed:
            if id(job) in self._queued:
                self._queued.discard(id(job))
                self._ready.remove(job)
            if id(job) in self._running:
                self._retiring.add(id(job))
            while self._running.get(id(job), threading.current_thread()) is not (
                threading.current_thread()
            ):
                self._changed.wait()

    def stop(self) -> None:
        """End all threads after their present turn; what waits is left undone."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            more = False
            self._local.working, self._local.waited = True, 0.0
            began = time.perf_counter()
            try:
                more = job.turn()
            finally:  # a broken job must not stay marked as running
                self._finished(job, more, time.perf_counter() - began - self._local.waited)

    def _next(self) -> Job | None:
        with self._changed:
            while not self._stopping and (not self._ready or not self._free()):
                self._changed.wait()
            if self._stopping:
                return None
            self._active += 1
            job = self._ready.popleft()
            self._queued.discard(id(job))
            self._running[id(job)] = threading.current_thread()
            return job

    def _finished(self, job: Job, more: bool, took_s: float) -> None:
        with self._changed:
            self._active -= 1
            self._busy_s += took_s
            del self._running[id(job)]
            wanted = more or id(job) in self._again
            self._again.discard(id(job))
            if wanted and id(job) not in self._retiring:
                self._enqueue(job)
            self._retiring.discard(id(job))
            # those who wait for the end of this job, and those who wait for work
            self._changed.notify_all()

    def _enqueue(self, job: Job) -> None:
        self._ready.append(job)
        self._queued.add(id(job))
        self._changed.notify_all()

    def _free(self) -> bool:
        """Whether there is a place; who comes back from waiting goes first."""
        return self._active + self._returning < self._width

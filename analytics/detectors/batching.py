"""Pictures of several cameras through one run of a model, with a time-out that pushes them.

There is no thread here: the first caller of a batch leads it, waits until it is full or the time is
up, takes its turn at the engine, runs what has come together by then, and hands out the results.
Who comes while the engine is busy fills the next batch.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog
from prometheus_client import Histogram

from camera_registry.base.errors import CamhubError

log = structlog.get_logger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")
Waiting = Callable[[], AbstractContextManager[object]]

BATCH_SIZE = Histogram(
    "camhub_model_batch_pictures",
    "Pictures that went through a model together, where batching is on",
    buckets=(1, 2, 4, 8, 16, 32, 64),
)
MOST = 64
"""More pictures are never run together."""


@dataclass(frozen=True, slots=True)
class Batching:
    """``size``: most pictures a run; 0 is the default of the engine, 1 is none. ``wait_s``: how
    long the first picture waits for others. ``waiting`` is entered by every caller while it waits
    or the model runs, so that its place among the analysis threads is free meanwhile.
    """

    size: int = 0
    wait_s: float = 0.005
    waiting: Waiting = nullcontext


@dataclass(slots=True)
class _Batch(Generic[Item, Result]):
    items: list[Item] = field(default_factory=list)
    results: list[Result | CamhubError] = field(default_factory=list)
    open: bool = True
    done: threading.Event = field(default_factory=threading.Event)


class Batcher(Generic[Item, Result]):
    """Brings the calls of several threads together.

    ``run`` gets up to ``size`` items and returns as many results in their order; a CamhubError of
    it strikes nobody but the camera that it comes from: the items are then run one by one. Nothing
    is waited for that cannot come: ``join`` and ``leave`` tell how many may call, and who leaves
    while a batch waits makes it smaller. An item belongs to its caller until the call returns.
    """

    def __init__(
        self, run: Callable[[Sequence[Item]], Sequence[Result]], batching: Batching
    ) -> None:
        self._run = run
        self._size = max(1, min(batching.size, MOST))
        self._wait_s = batching.wait_s
        self._waiting = batching.waiting
        self._changed = threading.Condition()  # re-entrant: a collected camera leaves anywhere
        self._engine = threading.Lock()
        self._filling: _Batch[Item, Result] | None = None
        self._users = 0

    @property
    def size(self) -> int:
        """Most items a run."""
        return self._size

    def join(self) -> None:
        """One more may call from now on."""
        with self._changed:
            self._users += 1

    def leave(self) -> None:
        """One will not call any more; a batch that waited for it waits no longer."""
        with self._changed:
            self._users -= 1
            self._changed.notify_all()

    def __call__(self, item: Item) -> Result:
        """Return the result of an item, or raise the CamhubError that its run met."""
        with self._changed:
            batch = self._filling
            leads = batch is None
            if batch is None:
                batch = self._filling = _Batch()
            place = len(batch.items)
            batch.items.append(item)
            if self._full(batch):
                self._close(batch)
        with self._waiting():
            if leads:
                self._lead(batch)
            else:
                batch.done.wait()
        result = batch.results[place]
        if isinstance(result, CamhubError):
            raise result
        return result

    def _lead(self, batch: _Batch[Item, Result]) -> None:
        until = time.monotonic() + self._wait_s
        with self._changed:
            while batch.open and not self._full(batch):
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
        with self._engine:
            with self._changed:
                self._close(batch)
            try:
                batch.results = self._results(batch.items)
            finally:  # whatever happens, nobody waits for ever
                if not batch.results:
                    batch.results = [_unforeseen() for _ in batch.items]
                batch.done.set()

    def _results(self, items: list[Item]) -> list[Result | CamhubError]:
        BATCH_SIZE.observe(len(items))
        try:
            return list(self._run(items))
        except CamhubError as error:
            if len(items) == 1:
                return [error]
            log.warning("batch_failed", pictures=len(items), reason=error.message)
        results: list[Result | CamhubError] = []
        for item in items:
            try:
                results.extend(self._run([item]))
            except CamhubError as error:
                results.append(error)
        return results

    def _full(self, batch: _Batch[Item, Result]) -> bool:
        return len(batch.items) >= min(self._size, max(self._users, 1))

    def _close(self, batch: _Batch[Item, Result]) -> None:
        """Let nobody in any more; the next caller begins another."""
        batch.open = False
        if self._filling is batch:
            self._filling = None
        self._changed.notify_all()


def _unforeseen() -> CamhubError:
    return CamhubError("the run of the batch failed", code="model_failed")

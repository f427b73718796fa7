"""Ends runs of a model that do not end by themselves: a graph may hold loops.

One thread for the process looks at what runs; onnxruntime lets go between two of its steps.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import onnxruntime as ort

_EVERY_S = 0.5


class RunLimits:
    """Runs that are watched. Safe to use from any thread; ``watched`` costs two places in a dict.

    The thread starts with the first run and sleeps while nothing runs.
    """

    def __init__(self) -> None:
        self._running: dict[int, tuple[float, ort.RunOptions]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._idle = True

    @contextmanager
    def watched(self, seconds: float) -> Iterator[ort.RunOptions]:
        """Give the options to run with; ``terminate`` of them is set when the time is up."""
        options = ort.RunOptions()
        self._running[id(options)] = time.monotonic() + seconds, options
        if self._idle:
            self._wake()
        try:
            yield options
        finally:
            del self._running[id(options)]

    def _wake(self) -> None:
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="model-limit", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _look(self) -> None:
        while True:
            with self._changed:
                self._idle = True
                # a run that begins now finds us idle, and notifies when we wait
                if not self._running:
                    self._changed.wait()
                self._idle = False
            time.sleep(_EVERY_S)
            now = time.monotonic()
            for until, options in list(self._running.values()):
                if now > until:
                    options.terminate = True


RUN_LIMITS = RunLimits()

"""Says on stderr what a long benchmark is doing, so that nobody takes it for hung."""

from __future__ import annotations

import sys
import time


class Progress:
    """One line for each step, with the seconds since the beginning."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._began = time.monotonic()

    def __call__(self, text: str) -> None:
        """Say what comes now."""
        took_s = time.monotonic() - self._began
        print(f"{self._name} {took_s:5.0f} s: {text}", file=sys.stderr, flush=True)

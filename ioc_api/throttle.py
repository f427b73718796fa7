"""A brake on guessing: after some failures, each further try has to wait longer."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, Kind


class TooManyError(CamhubError):
    """Too many tries; ``retry_after_s`` says when the next one makes sense."""

    kind = Kind.TOO_MANY

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            "Too many failed tries", hint=f"wait {retry_after_s} s and try again", code="too_many"
        )
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class _Failures:
    count: int = 0
    until: float = 0.0
    last: float = 0.0


class Throttle:
    """Counts failures per key, in this process.

    The first ``free`` failures cost nothing; then the pause doubles from ``base_s`` to ``cap_s``.
    A success, or ``cap_s`` without a failure, clears the key. At most ``capacity`` keys are kept;
    the ones longest unused go first.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        free: int = 5,
        base_s: float = 5.0,
        cap_s: float = 900.0,
        capacity: int = 10_000,
    ) -> None:
        self._clock = clock
        self._free = free
        self._base_s = base_s
        self._cap_s = cap_s
        self._capacity = capacity
        self._keys: OrderedDict[str, _Failures] = OrderedDict()

    def check(self, *keys: str) -> None:
        """Raise TooManyError where one of the keys has to wait."""
        now = self._clock.monotonic()
        waits = [self._keys[key].until - now for key in keys if key in self._keys]
        longest = max(waits, default=0.0)
        if longest > 0:
            raise TooManyError(int(longest) + 1)

    def failed(self, key: str, *, free: int | None = None) -> None:
        """Count a failure; ``free`` overrides how many cost nothing."""
        now = self._clock.monotonic()
        entry = self._keys.pop(key, None)
        if entry is None or now - entry.last > self._cap_s:
            entry = _Failures()
        self._keys[key] = entry
        if len(self._keys) > self._capacity:
            self._keys.popitem(last=False)
        entry.count += 1
        entry.last = now
        over = entry.count - (self._free if free is None else free)
        if over >= 0:
            entry.until = now + min(self._cap_s, self._base_s * 2 ** min(over, 20))

    def succeeded(self, key: str) -> None:
        """Clear a key."""
        self._keys.pop(key, None)

"""Which of the changes that pixels show are real movements, and whether the sizes told them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

_STEP_US = 200_000
_CROSSINGS = 64


class Finding(StrEnum):
    """What has become of a change: it goes on, the sizes told it, they did not, it was nothing."""

    OPEN = "open"
    TOLD = "told"
    UNTOLD = "untold"
    FLICKER = "flicker"


@dataclass(frozen=True, slots=True)
class MovementConfig:
    """A movement is real with ``looks`` looks that show it, none more than ``gap_s`` after the one
    before, or each the next look of a camera that gives few pictures, within ``slow_gap_s``. The
    sizes told it where they rose from ``before_s`` before its first look to ``grace_s`` after it;
    that is judged ``grace_s`` after it at the earliest.
    """

    looks: int = 3
    gap_s: float = 1.0
    slow_gap_s: float = 4.0
    before_s: float = 1.0
    grace_s: float = 2.0


class Movements:
    """Follows one movement at a time. Not thread-safe; times are those of the packets, UTC us."""

    def __init__(self, config: MovementConfig | None = None) -> None:
        config = config or MovementConfig()
        self._looks = config.looks
        self._gap_us = round(config.gap_s * 1e6)
        self._slow_gap_us = round(config.slow_gap_s * 1e6)
        self._before_us = round(config.before_s * 1e6)
        self._grace_us = round(config.grace_s * 1e6)
        self._crossings: deque[int] = deque(maxlen=_CROSSINGS)
        self._seen = 0
        self._last_us = 0
        self._judged = True
        self.began_us: int | None = None

    def forget(self) -> None:
        """Begin anew; what the sizes told is forgotten too."""
        self._crossings.clear()
        self.dismiss()

    def dismiss(self) -> None:
        """Forget the movement that is under way."""
        self.began_us, self._seen, self._judged = None, 0, True

    def crossed(self, at_us: int) -> None:
        """Note that the sizes reached the threshold."""
        if not self._crossings or abs(at_us - self._crossings[-1]) >= _STEP_US:
            self._crossings.append(at_us)

    def moved(self, at_us: int, before_us: int | None = None) -> None:
        """Take a look that shows movement; ``before_us`` is the look before it, whatever that
        showed.
        """
        most_us = self._slow_gap_us if before_us == self._last_us else self._gap_us
        if self.began_us is None or not 0 <= at_us - self._last_us <= most_us:
            self.began_us, self._seen, self._judged = at_us, 0, False
        self._seen += 1
        self._last_us = at_us

    def judge(self, at_us: int) -> Finding | None:
        """Return what the movement turned out to be, once; None where there is none to judge.

        ``at_us``: up to when everything was looked at.
        """
        began = self.began_us
        if began is None or self._judged:
            return None
        if self._seen < self._looks:
            if at_us - self._last_us <= self._gap_us:
                return Finding.OPEN
            self._judged = True
            return Finding.FLICKER
        if at_us - began < self._grace_us:
            return Finding.OPEN
        self._judged = True
        first, last = began - self._before_us, began + self._grace_us
        told = any(first <= crossing <= last for crossing in self._crossings)
        return Finding.TOLD if told else Finding.UNTOLD

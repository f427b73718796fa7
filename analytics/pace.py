"""Which frames of a camera are looked at, and in what size."""

from __future__ import annotations

_AGAIN_US = 4_000_000
"""So much of the old session some cameras hand out again as a new one begins. Looked at, it would
end all tracks and make the rules begin anew: a time that runs back is a clock that was set."""


class Pace:
    """Picks frames at a steady rate by their time of capture."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._interval_us = round(1e6 / fps)
        self._due_us: int | None = None

    def slow_down(self, share: float) -> None:
        """Pick this share of the rate from now on."""
        self._interval_us = round(1e6 / (self._fps * share))

    def would_be_due(self, utc_us: int) -> bool:
        """Say what ``due`` would say, and change nothing."""
        due_us = self._due_us
        return due_us is None or not due_us - self._interval_us - _AGAIN_US <= utc_us < due_us

    def due(self, utc_us: int) -> bool:
        """Say whether to look at the frame of this time.

        At most one frame per interval, on average exactly one where the camera sends as many; a
        clock that jumps, either way, makes the frame due. One from a little before the last look
        shows what was seen already.
        """
        due_us = self._due_us
        interval = self._interval_us
        if not self.would_be_due(utc_us):
            return False
        late = due_us is None or not due_us <= utc_us < due_us + interval
        self._due_us = (utc_us if late or due_us is None else due_us) + interval
        return True


def plane_size(width: int, height: int, side: int) -> tuple[int, int]:
    """Return (width, height) of the grey plane: the picture's shape, in whole blocks of 4."""
    scale = side / max(width, height, 1)
    return max(16, round(width * scale / 4) * 4), max(16, round(height * scale / 4) * 4)

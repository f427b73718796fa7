"""Which keyframes of a sleeping camera need no look."""

from __future__ import annotations

from dataclasses import dataclass

_JITTER_US = 250_000


@dataclass(frozen=True, slots=True)
class HeartbeatConfig:
    """Times in seconds. ``longest_s``: between two looks at an empty scene at rest at most, where
    keyframes come as often; 0: every keyframe is looked at. ``quiet_s``: not before nothing has
    moved for so long, since a wake has to decode what passed unseen. ``careful_s``: how long every
    keyframe is looked at after a movement that the sizes did not tell.
    """

    longest_s: float = 0.0
    quiet_s: float = 60.0
    careful_s: float = 3600.0


class Heartbeat:
    """The looks at one sleeping camera. Times are those of the packets, UTC us."""

    def __init__(self, config: HeartbeatConfig) -> None:
        self._longest_us = round(config.longest_s * 1e6)
        self._quiet_us = round(config.quiet_s * 1e6)
        self._careful_us = round(config.careful_s * 1e6)
        self._untold_us: int | None = None

    def untold(self, at_us: int) -> None:
        """Note a real movement that the sizes did not tell, or not in time."""
        self._untold_us = at_us

    def lets_by(self, at_us: int, looked_us: int, *, moved_us: int, gop_us: int) -> bool:
        """Whether the keyframe of ``at_us`` may pass unseen after a look at ``looked_us``.

        ``moved_us``: when something moved last; ``gop_us``: in what time the next keyframe comes.
        """
        if self._longest_us == 0 or at_us - moved_us < self._quiet_us:
            return False
        if self._untold_us is not None and 0 <= at_us - self._untold_us < self._careful_us:
            return False
        return 0 < at_us - looked_us <= self._longest_us + _JITTER_US - gop_us

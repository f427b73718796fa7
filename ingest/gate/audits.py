"""When a sleeping camera is decoded in full at random."""

from __future__ import annotations

import random

from ingest.gate.config import GateConfig


class Audits:
    """The plan of one camera's audits. Times are those of the packets, UTC us.

    The waits are exponential, so that no rhythm of the street can hide from them. On trial they
    come more often: the first waits are short, each further one twice as long.
    """

    def __init__(self, config: GateConfig, chance: random.Random) -> None:
        self._config = config
        self._chance = chance
        self._trial_s = config.trial_audit_s
        self._next_us = self._last_us = 0
        self._flickered = False

    def restart(self, at_us: int) -> None:
        """Plan anew for a session that begins now."""
        self._next_us = self._last_us = at_us
        self._trial_s = self._config.trial_audit_s

    @property
    def settled(self) -> bool:
        """Whether a camera on trial has had the first two audits of this session."""
        return self._trial_s >= 4 * self._config.trial_audit_s

    def due(self, at_us: int) -> bool:
        """Whether one should begin."""
        return at_us >= self._next_us

    def begin(self, at_us: int) -> None:
        """Note that one begins."""
        self._last_us = at_us
        self._trial_s *= 2

    def plan(self, at_us: int, *, trial: bool) -> None:
        """Plan the next one, as the camera falls asleep.

        One that came due while it was awake stays due: else a busy camera would have none.
        """
        if self._next_us > self._last_us:
            return
        mean_s = self._config.audit_every_s
        if trial:
            mean_s = min(mean_s, self._trial_s)
        self._next_us = at_us + round(self._chance.expovariate(1.0) * mean_s * 1e6)

    def ended(self, at_us: int, *, flicker: bool) -> None:
        """Plan a second one soon after one that saw a flicker, or somebody who was too quick."""
        if flicker and not self._flickered:
            soon_us = at_us + round(self._config.again_s * 1e6)
            self._next_us = min(self._next_us, soon_us)
        self._flickered = flicker

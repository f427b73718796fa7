"""The activity gate of one camera: decides from compressed packets what must be decoded.

Sizes of packets tell of movement where the rate control is variable, and tell nothing where it is
constant or noise fills the rate. So the gate qualifies itself, camera by camera, and checks itself:
every keyframe is looked at, a wake is confirmed in pixels, a false one raises the threshold, groups
of pictures picked at random are decoded whole, and a movement that the sizes did not tell costs the
camera its gate. Pure: no clock, no I/O, times are those of the packets.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum

from ingest.packet_sizes import SizeConfig, SizeHistory
from ingest.packets import Packet

_DUTY_US = 300_000_000
_MAX_STEP_US = 1_000_000
_MOVED_US = 1_000_000


class Phase(StrEnum):
    """What the gate does now. In all phases but ASLEEP every packet is decoded."""

    OFF = "off"
    LEARNING = "learning"
    UNGATED = "ungated"
    DEMOTED = "demoted"
    AWAKE = "awake"
    AUDIT = "audit"
    ASLEEP = "asleep"


@dataclass(frozen=True, slots=True)
class GateConfig:
    """Times in seconds.

    ``threshold``: how many times the baseline packets must be to wake, raised ``threshold_up``
    times by a false wake up to ``threshold_max``, and lowered ``threshold_down`` times by a true
    one. A wake that pixels have not confirmed ``confirm_s`` later is false; after a true one the
    camera sleeps when nothing has moved for ``hold_s``. ``fresh_s``: how far the looking may be
    behind for "nothing moved" to be known. ``audit_every_s``: mean time between audits;
    ``grace_s``: how long after the pixels the sizes may still tell. A miss costs the gate for
    ``demoted_s``, twice as long with each further one, up to ``demoted_max_s``.
    """

    sizes: SizeConfig = field(default_factory=SizeConfig)
    threshold: float = 1.8
    threshold_max: float = 6.0
    threshold_up: float = 1.2
    threshold_down: float = 0.95
    confirm_s: float = 1.5
    hold_s: float = 4.0
    fresh_s: float = 1.0
    audit_every_s: float = 120.0
    grace_s: float = 0.5
    demoted_s: float = 3600.0
    demoted_max_s: float = 86_400.0


@dataclass(slots=True)
class GateCounts:
    """What has happened so far. ``late_wakes`` are the wakes that only a keyframe told."""

    wakes: int = 0
    late_wakes: int = 0
    false_wakes: int = 0
    audits: int = 0
    misses: int = 0
    demotions: int = 0


@dataclass(frozen=True, slots=True)
class GateStatus:
    """The gate of a camera, for its state. ``duty``: share of the time with full decoding, over the
    last minutes. ``analysis_fps``: pictures a second that are looked at, after the node's budget.
    """

    gate: str
    reason: str
    duty: float
    analysis_fps: float


class ActivityGate:
    """State machine of one camera; not thread-safe.

    ``packet`` takes every packet in order; ``pixels`` what was seen in each picture that was looked
    at. Sleep begins at a keyframe only, so that each keyframe of a sleeping camera starts all that
    a wake has to decode.
    """

    def __init__(
        self,
        config: GateConfig | None = None,
        *,
        auto: bool = True,
        chance: random.Random | None = None,
    ) -> None:
        self._config = config or GateConfig()
        self._chance = chance or random.Random()  # noqa: S311 - when to audit is no secret
        self.phase = Phase.LEARNING if auto else Phase.OFF
        self.reason = "learning" if auto else "gate_off"
        self.counts = GateCounts()
        self.duty = 1.0
        self.threshold = self._config.threshold
        self._stream: tuple[int, str] | None = None
        self._sizes: SizeHistory | None = None
        self._last_us = self._looked_us = self._moved_us = 0
        self._gop_moved = False
        self._woke_us = 0
        self._confirmed = self._woke_by_size = True
        self._next_audit_us = self._audit_us = 0
        self._audit_moved_us: int | None = None
        self._demoted_s = self._config.demoted_s
        self._demoted_until_us = 0

    @property
    def variation(self) -> float:
        """Coefficient of variation of the bytes of groups of pictures, 0 while unknown."""
        return self._sizes.variation if self._sizes is not None else 0.0

    def packet(self, packet: Packet) -> Phase:
        """Take the next packet and return the phase that it is to be handled in."""
        if self.phase is Phase.OFF:
            return self.phase
        stream = (packet.epoch, packet.info.codec)
        if self._sizes is None or stream != self._stream:
            self._stream, self._sizes = stream, SizeHistory(self._config.sizes, packet)
            self._begin(packet.utc_us)
        self._spend(packet.dts_us)
        sizes = self._sizes
        if packet.keyframe:
            sizes.keyframe(packet, moved=self._gop_moved)
            self._gop_moved = False
            self._at_keyframe(sizes, packet.utc_us)
            return self.phase
        times = sizes.picture(packet, quiet=self._quiet(packet.utc_us))
        if self.phase in (Phase.ASLEEP, Phase.AUDIT) and times >= self.threshold:
            self._wake(packet.utc_us)
        if self.phase is not Phase.DEMOTED and sizes.too_long(packet):
            self._become(Phase.UNGATED, "long_gop")
        return self.phase

    def pixels(self, at_us: int, *, moving: bool) -> Phase:
        """Take what was seen in the picture of this time and return the phase after it.

        A movement between the keyframes of a sleeping camera wakes it: what happened since the
        last one is to be decoded then, this picture included.
        """
        if self._sizes is None:
            return self.phase
        self._looked_us = at_us
        if not moving:
            return self.phase
        self._moved_us = at_us
        self._gop_moved = True
        if self.phase is Phase.ASLEEP:
            self._wake_late(at_us)
        elif self.phase is Phase.AUDIT:
            if self._audit_moved_us is None and at_us >= self._audit_us:
                self._audit_moved_us = at_us
        elif self.phase is Phase.AWAKE and not self._confirmed and at_us >= self._woke_us:
            self._confirm()
        return self.phase

    def _begin(self, at_us: int) -> None:
        """Begin a session: the camera may have been set otherwise, so the old one means nothing."""
        self._last_us = self._looked_us = self._moved_us = self._woke_us = at_us
        self._next_audit_us = self._audit_us = at_us
        self._gop_moved = False
        if self.phase is not Phase.DEMOTED:
            self._become(Phase.LEARNING, "learning")

    def _spend(self, dts_us: int) -> None:
        elapsed = min(max(dts_us - self._last_us, 0), _MAX_STEP_US)
        self._last_us = dts_us
        decoding = 0.0 if self.phase is Phase.ASLEEP else 1.0
        self.duty += (decoding - self.duty) * elapsed / _DUTY_US

    def _quiet(self, at_us: int) -> bool:
        return self.phase is Phase.ASLEEP or at_us - self._moved_us > _MOVED_US

    def _at_keyframe(self, sizes: SizeHistory, at_us: int) -> None:
        if self.phase is Phase.DEMOTED and at_us < self._demoted_until_us:
            return
        unfit = sizes.unfit()
        if unfit:
            self._become(Phase.LEARNING if unfit == "learning" else Phase.UNGATED, unfit)
        elif self.phase is Phase.AWAKE:
            self._perhaps_sleep(sizes, at_us)
        elif self.phase is Phase.AUDIT:
            self._perhaps_end_audit(at_us)
        elif self.phase is not Phase.ASLEEP:
            self._woke_us = self._moved_us = at_us  # quiet is still to be seen
            self._confirmed = True
            self._become(Phase.AWAKE, "variable_rate")
        elif at_us >= self._next_audit_us:
            self.counts.audits += 1
            self._audit_us, self._audit_moved_us = at_us, None
            self._become(Phase.AUDIT, "variable_rate")

    def _perhaps_sleep(self, sizes: SizeHistory, at_us: int) -> None:
        config = self._config
        if not sizes.baseline_known or at_us - self._looked_us > config.fresh_s * 1e6:
            return  # while the analysis is behind nobody knows that nothing moves
        if self._confirmed:
            if at_us - self._moved_us >= config.hold_s * 1e6:
                self._sleep(at_us)
        elif self._looked_us - self._woke_us >= config.confirm_s * 1e6:
            self.counts.false_wakes += 1
            if self._woke_by_size:
                raised = self.threshold * config.threshold_up
                self.threshold = min(raised, config.threshold_max)
            self._sleep(at_us)

    def _perhaps_end_audit(self, at_us: int) -> None:
        config = self._config
        if self._audit_moved_us is None:
            if at_us - self._looked_us <= config.fresh_s * 1e6:
                self._sleep(at_us)
        elif at_us - self._audit_moved_us >= config.grace_s * 1e6:
            self.counts.misses += 1
            self.counts.demotions += 1
            self._demoted_until_us = at_us + round(self._demoted_s * 1e6)
            self._demoted_s = min(2 * self._demoted_s, config.demoted_max_s)
            self._become(Phase.DEMOTED, "missed")

    def _wake(self, at_us: int) -> None:
        self.counts.wakes += 1
        # In an audit the pixels may have been ahead of the sizes, and have confirmed already.
        self._confirmed = self.phase is Phase.AUDIT and self._audit_moved_us is not None
        self._woke_us, self._woke_by_size = at_us, True
        self._become(Phase.AWAKE, "variable_rate")

    def _wake_late(self, at_us: int) -> None:
        self.counts.wakes += 1
        self.counts.late_wakes += 1
        self._confirmed = self._woke_by_size = False
        # The pictures that are to confirm it lie before this one.
        self._woke_us = self._looked_us = at_us - round(self._config.sizes.max_gop_s * 1e6)
        self._become(Phase.AWAKE, "variable_rate")

    def _confirm(self) -> None:
        self._confirmed = True
        if self._woke_by_size:
            lowered = self.threshold * self._config.threshold_down
            self.threshold = max(self._config.threshold, lowered)

    def _sleep(self, at_us: int) -> None:
        # An audit that came due while awake stays due: else a busy camera would have none.
        if self._next_audit_us <= self._audit_us:
            wait_us = self._chance.expovariate(1.0) * self._config.audit_every_s * 1e6
            self._next_audit_us = at_us + round(wait_us)
        self._become(Phase.ASLEEP, "variable_rate")

    def _become(self, phase: Phase, reason: str) -> None:
        self.phase, self.reason = phase, reason

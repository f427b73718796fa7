"""The activity gate of one camera: decides from compressed packets what must be decoded.

Sizes of packets tell of movement where the rate control is variable, and tell nothing where it is
constant or noise fills the rate. So the gate qualifies itself, camera by camera, and checks itself:
every keyframe is looked at, a wake is confirmed in pixels, a false one raises the threshold, groups
of pictures picked at random are decoded whole, and a movement that the sizes did not tell costs the
camera its gate. Pure: no clock, no I/O, times are those of the packets.
"""

from __future__ import annotations

import random
from dataclasses import replace

from ingest.gate.audits import Audits
from ingest.gate.config import GateConfig
from ingest.gate.heartbeat import Heartbeat
from ingest.gate.movement import Finding, Movements
from ingest.gate.packet_sizes import SizeHistory
from ingest.gate.state import GateCounts, GateMemory, Phase
from ingest.packets import Packet

_DUTY_US = 300_000_000
_MAX_STEP_US = 1_000_000
_MOVED_US = 1_000_000
_BLANKS = 2
"""Keyframes in a row that show nothing by themselves; a single one may have come to harm."""

_Stream = tuple[int, str, int, int]


class ActivityGate:
    """State machine of one camera; not thread-safe.

    ``packet`` takes every packet in order; ``pixels`` what was seen in each picture that was looked
    at. Sleep begins at a keyframe only, so that each keyframe of a sleeping camera starts all that
    a wake has to decode. ``memory`` is what an earlier session or worker has learnt (``learnt``);
    it holds for a stream of the same kind, and on trial.
    """

    def __init__(
        self,
        config: GateConfig | None = None,
        *,
        auto: bool = True,
        chance: random.Random | None = None,
        memory: GateMemory | None = None,
    ) -> None:
        self._config = config or GateConfig()
        # when to audit is no secret
        self._audits = Audits(self._config, chance or random.Random())  # noqa: S311
        self.phase = Phase.LEARNING if auto else Phase.OFF
        self.reason = "learning" if auto else "gate_off"
        self.counts = GateCounts()
        self.duty = 1.0
        self.threshold = self._config.threshold
        self._memory = memory
        self._stream: _Stream | None = None
        self._sizes: SizeHistory | None = None
        self._movements = Movements(self._config.movement)
        self._heartbeat = Heartbeat(self._config.heartbeat)
        self._last_us = self._looked_us = self._moved_us = 0
        self._gop_moved = self._newly_fit = False
        self._blanks = self._looks = 0
        self._woke_us = self._seen_us = 0
        self._confirmed = self._woke_by_size = True
        self._demoted_s = self._config.demoted_s
        self._demoted_until_us = 0

    @property
    def variation(self) -> float:
        """Coefficient of variation of the bytes of groups of pictures, 0 while unknown."""
        return self._sizes.rate.variation if self._sizes is not None else 0.0

    def lets_by(self, at_us: int, looked_us: int) -> bool:
        """Whether the keyframe of this time needs no look, a look at ``looked_us`` having shown an
        empty scene. Not before sizes have told a movement, or two audits have found none untold.
        """
        sizes = self._sizes
        if self.phase is not Phase.ASLEEP or sizes is None:
            return False
        if not sizes.rate.proved and not self._audits.settled:
            return False
        moved_us, gop_us = self._moved_us, sizes.gop_us
        return self._heartbeat.lets_by(at_us, looked_us, moved_us=moved_us, gop_us=gop_us)

    def learnt(self) -> GateMemory | None:
        """Return what another session should know, None while there is nothing to tell."""
        if self._stream is None or self._sizes is None:
            return self._memory
        rate = self._sizes.rate
        if not rate.proved and self._memory is None and not self._demoted_until_us:
            return None
        if rate.proved or self._memory is None:
            known = GateMemory(*self._stream[1:], rate.proved, self._sizes.usual_bytes)
        else:
            known = self._memory
        return replace(
            known,
            proved=known.proved and not rate.doubted,
            threshold=self.threshold,
            demoted_until_us=self._demoted_until_us,
            demoted_s=self._demoted_s,
        )

    def packet(self, packet: Packet) -> Phase:
        """Take the next packet and return the phase that it is to be handled in."""
        if self.phase is Phase.OFF:
            return self.phase
        info = packet.info
        stream = (packet.epoch, info.codec, info.width, info.height)
        sizes = self._sizes
        if sizes is None or stream != self._stream:
            sizes = self._begin(packet, stream)
        self._spend(packet.dts_us)
        if packet.keyframe:
            sizes.keyframe(packet, moved=self._gop_moved)
            self._gop_moved = False
            self._at_keyframe(sizes, packet.utc_us)
            return self.phase
        times = sizes.picture(packet, quiet=self._quiet(packet.utc_us))
        if times >= self.threshold:
            self._movements.crossed(packet.utc_us)
            if self.phase in (Phase.ASLEEP, Phase.AUDIT):
                self._wake(packet.utc_us)
        if self.phase is not Phase.DEMOTED and sizes.too_long(packet):
            self._become(Phase.UNGATED, "long_gop")
        return self.phase

    def pixels(self, at_us: int, *, moving: bool) -> Phase:
        """Take what was seen in the picture of this time and return the phase after it.

        A movement between the keyframes of a sleeping camera wakes it: what happened since the
        last one is to be decoded then, this picture included. One that shows nothing may begin an
        audit: then what came since is to be decoded, this picture included.
        """
        if self._sizes is None:
            return self.phase
        if self.phase is Phase.ASLEEP:
            self._blanks = 0
        before_us, self._looked_us = self._looked_us, at_us
        self._looks += at_us >= self._woke_us
        if not moving:
            # not before the keyframe was seen: it tells of the group before, which none is to miss
            if self.phase is Phase.ASLEEP and self._audits.due(at_us):
                self._audit(at_us)
            return self.phase
        self._moved_us = at_us
        self._gop_moved = True
        if self.phase is Phase.ASLEEP:
            self._wake_late(at_us)
            return self.phase
        if self._sizes.baseline_known:
            self._movements.moved(at_us, before_us)
        if self.phase is Phase.AWAKE and not self._confirmed and at_us > self._seen_us:
            self._confirm()
        return self.phase

    def blank(self) -> Phase:
        """Note that a sleeping camera's keyframe gave no picture by itself; return the phase after.

        A stream that is refreshed bit by bit has such keyframes: nothing is seen of it in sleep.
        """
        if self.phase is Phase.ASLEEP:
            self._blanks += 1
            if self._blanks >= _BLANKS:
                self._become(Phase.UNGATED, "keyframes_depend")
        return self.phase

    def _begin(self, packet: Packet, stream: _Stream) -> SizeHistory:
        """Begin a session, with what is known of such a stream: on trial, it may be set anew."""
        at_us, memory = packet.utc_us, self.learnt()
        sizes = SizeHistory(self._config.sizes, packet)
        self._stream, self._sizes = stream, sizes
        self._movements.forget()
        self._last_us = self._looked_us = self._moved_us = self._woke_us = at_us
        self._audits.restart(at_us)
        self._gop_moved = False
        self._blanks = 0
        self._memory = None
        if memory is not None and (memory.codec, memory.width, memory.height) == stream[1:]:
            self._remember(memory, at_us)
            sizes.rate.remembered = memory.proved
        if self.phase is not Phase.DEMOTED:
            self._become(Phase.LEARNING, "learning")
        return sizes

    def _remember(self, memory: GateMemory, at_us: int) -> None:
        config = self._config
        self._memory = memory
        self.threshold = min(max(memory.threshold, config.threshold), config.threshold_max)
        self._demoted_s = min(max(memory.demoted_s, config.demoted_s), config.demoted_max_s)
        latest_us = at_us + round(config.demoted_max_s * 1e6)  # whatever somebody has written
        self._demoted_until_us = min(memory.demoted_until_us, latest_us)
        if at_us < self._demoted_until_us:
            self._become(Phase.DEMOTED, "missed")

    def _spend(self, dts_us: int) -> None:
        elapsed = min(max(dts_us - self._last_us, 0), _MAX_STEP_US)
        self._last_us = dts_us
        decoding = 0.0 if self.phase is Phase.ASLEEP else 1.0
        self.duty += (decoding - self.duty) * elapsed / _DUTY_US

    def _quiet(self, at_us: int) -> bool:
        return self.phase is Phase.ASLEEP or at_us - self._moved_us > _MOVED_US

    def _at_keyframe(self, sizes: SizeHistory, at_us: int) -> None:
        found = self._movements.judge(self._looked_us)
        if found in (Finding.TOLD, Finding.UNTOLD):
            sizes.rate.told(by_sizes=found is Finding.TOLD)
        if found is Finding.UNTOLD:
            self._heartbeat.untold(at_us)
            self._lower_threshold(1 / self._config.threshold_up)
        if self.phase is Phase.DEMOTED and at_us < self._demoted_until_us:
            return
        if self.phase is Phase.AUDIT and found is Finding.UNTOLD:
            self._miss(at_us)
            return
        unfit = sizes.unfit() if self._blanks < _BLANKS else "keyframes_depend"
        if unfit:
            self._become(Phase.LEARNING if unfit == "learning" else Phase.UNGATED, unfit)
        elif self.phase is Phase.AWAKE:
            self._perhaps_sleep(sizes, at_us)
        elif self.phase is Phase.AUDIT:
            self._perhaps_end_audit(sizes, found, at_us)
        elif self.phase is not Phase.ASLEEP:
            self._newly_fit = True
            self._stay_awake(at_us)

    def _perhaps_sleep(self, sizes: SizeHistory, at_us: int) -> None:
        config = self._config
        if not sizes.baseline_known or not self._fresh(sizes, at_us):
            return  # while the analysis is behind nobody knows that nothing moves
        if self._confirmed:
            if at_us - self._moved_us >= config.hold_s * 1e6 and self._is_as_known(sizes):
                if self._newly_fit:
                    self._raise_threshold(config.over_unrest * sizes.unrest)
                    self._newly_fit = False
                self._sleep(at_us)
        elif self._refuted():
            self.counts.false_wakes += 1
            if self._woke_by_size:
                self._raise_threshold(self.threshold * config.threshold_up)
            self._sleep(at_us)

    def _refuted(self) -> bool:
        """Whether it was looked for long and often enough since the wake: movement shows in two
        looks, and a camera may give but one in a second.
        """
        config = self._config
        lasted_us = self._looked_us - self._woke_us
        return lasted_us >= config.confirm_s * 1e6 and self._looks >= config.confirm_looks

    def _fresh(self, sizes: SizeHistory, at_us: int) -> bool:
        """Whether the looking is up to date, or as far behind as the last keyframe.

        Where the node's budget leaves a camera its keyframes only, being awake shows no more than
        sleep does; were it to stay awake for that, an overloaded node would never come to rest.
        """
        return at_us - self._looked_us <= self._config.fresh_s * 1e6 + sizes.gop_us

    def _is_as_known(self, sizes: SizeHistory) -> bool:
        """Whether the scene at rest is that of the memory, where the memory is all there is."""
        rate, memory = sizes.rate, self._memory
        if memory is None or rate.proved or not rate.remembered:
            return True
        rate.remembered = not sizes.unlike(memory.usual_bytes)
        return rate.variable

    def _raise_threshold(self, least: float) -> None:
        self.threshold = min(max(self.threshold, least), self._config.threshold_max)

    def _lower_threshold(self, times: float) -> None:
        self.threshold = max(self._config.threshold, times * self.threshold)

    def _audit(self, at_us: int) -> None:
        self.counts.audits += 1
        self._audits.begin(at_us)
        self._movements.dismiss()
        self._become(Phase.AUDIT, self._why())

    def _perhaps_end_audit(self, sizes: SizeHistory, found: Finding | None, at_us: int) -> None:
        if not self._fresh(sizes, at_us) or found is Finding.OPEN:
            return
        if found is Finding.TOLD:
            self._stay_awake(at_us)
            return
        self._sleep(at_us)
        self._audits.ended(at_us, flicker=found is Finding.FLICKER)

    def _miss(self, at_us: int) -> None:
        self.counts.misses += 1
        self.counts.demotions += 1
        self._demoted_until_us = at_us + round(self._demoted_s * 1e6)
        self._demoted_s = min(2 * self._demoted_s, self._config.demoted_max_s)
        self._become(Phase.DEMOTED, "missed")

    def _wake(self, at_us: int) -> None:
        self.counts.wakes += 1
        # In an audit the pixels may have been ahead of the sizes, and have confirmed already.
        self._confirmed = self.phase is Phase.AUDIT and self._movements.began_us is not None
        self._woke_us, self._woke_by_size, self._looks = at_us, True, 0
        self._seen_us = self._looked_us  # what is decoded now confirms it, also where it is over
        self._become(Phase.AWAKE, self._why())

    def _wake_late(self, at_us: int) -> None:
        self.counts.wakes += 1
        self.counts.late_wakes += 1
        self._confirmed = self._woke_by_size = False
        self._looks = 0
        # The pictures that are to confirm it lie before this one.
        self._woke_us = self._looked_us = at_us - round(self._config.sizes.max_gop_s * 1e6)
        self._seen_us = self._looked_us
        self._become(Phase.AWAKE, self._why())

    def _stay_awake(self, at_us: int) -> None:
        """Go on decoding a camera that may sleep; quiet is still to be seen."""
        self._woke_us = self._moved_us = at_us
        self._confirmed = True
        self._become(Phase.AWAKE, self._why())

    def _confirm(self) -> None:
        self._confirmed = True
        if self._woke_by_size:
            self._lower_threshold(self._config.threshold_down)
        else:
            self._heartbeat.untold(self._woke_us)

    def _sleep(self, at_us: int) -> None:
        if self._sizes is not None:
            self._sizes.calm()
        self._audits.plan(at_us, trial=self._sizes is None or not self._sizes.rate.proved)
        self._become(Phase.ASLEEP, self._why())

    def _why(self) -> str:
        proved = self._sizes is not None and self._sizes.rate.proved
        return "variable_rate" if proved else "on_trial"

    def _become(self, phase: Phase, reason: str) -> None:
        self.phase, self.reason = phase, reason

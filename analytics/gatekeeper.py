"""Stands between a camera's session thread and the pool, and wakes the pool only for what matters.

While the gate sleeps, packets cost a comparison and a place in a list: only keyframes go on, and
not all of them where nothing is in the picture. A wake puts back what was held since the last
keyframe that was looked at, in order, before what comes next.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from analytics.inbox import Inbox, InboxLimits
from analytics.metrics import GateMeter
from ingest.gate.activity import ActivityGate
from ingest.gate.state import GateMemory, GateStatus, Phase
from ingest.packets import Packet

_MOST_HELD = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Work:
    """A packet to decode; ``still`` where it is a keyframe to be decoded by itself, ``held`` where
    a wake has put it back.
    """

    packet: Packet
    still: bool = False
    held: bool = False


class Gatekeeper:
    """The gate, the inbox and what is held back of one camera. Safe to use from any thread.

    Invariants: what is taken is in order, but for what a late wake puts back (from the keyframe
    seen before the one just seen); a sleeping camera holds what came since the last keyframe but
    one that was looked at, and the gate bounds how long that is. A keyframe that comes while the
    one before it waits for its look passes without. No more than ``_MOST_HELD`` bytes do.
    """

    def __init__(self, gate: ActivityGate, limits: InboxLimits | None = None) -> None:
        self._gate = gate
        self._lock = threading.Lock()
        self._inbox = Inbox(limits)
        self._returned: deque[Work] = deque()
        self._stills: set[tuple[int, int]] = set()
        self._previous: list[Packet] = []
        self._current: list[Packet] = []
        self._empty_us: int | None = None
        self._keyframe_us = self._gop_us = 0
        self._meter = GateMeter(gate)
        self._closed = False

    def __len__(self) -> int:
        return len(self._returned) + len(self._inbox)

    @property
    def waits(self) -> bool:
        """Whether nothing is taken before the next keyframe."""
        return self._inbox.waits

    def put(self, packet: Packet) -> bool:
        """Take the next packet; return whether the pool has something to do. Never blocks long."""
        with self._lock:
            if self._closed:
                return False
            slept = self._gate.phase is Phase.ASLEEP
            phase = self._gate.packet(packet)
            if packet.keyframe or (phase is Phase.ASLEEP) != slept:
                self._meter.read()
            if packet.keyframe:
                self._gop_us = packet.utc_us - self._keyframe_us
                self._keyframe_us = packet.utc_us
            if phase is Phase.ASLEEP:
                return self._hold(packet)
            if slept and not self._give_back(packet):
                return len(self) > 0
            return self._inbox.put(packet) or bool(self._returned)

    def take(self) -> Work | None:
        """Return the next packet to decode, or None where there is none."""
        with self._lock:
            if self._returned:
                return self._returned.popleft()
            return self._take()

    def saw(self, at_us: int, *, moving: bool) -> bool:
        """Tell the gate of a picture; True where that ended its sleep: it then comes again."""
        with self._lock:
            slept = self._gate.phase is Phase.ASLEEP
            phase = self._gate.pixels(at_us, moving=moving)
            if slept and phase is Phase.AUDIT:
                self._previous = []  # of which the look has shown that nothing happened
            return slept and self._woken()

    def blank(self) -> None:
        """Tell the gate of a keyframe that gave no picture by itself."""
        with self._lock:
            slept = self._gate.phase is Phase.ASLEEP
            self._gate.blank()
            if slept:
                self._woken()

    def empty(self, at_us: int) -> None:
        """Note that the look at the keyframe of this time showed nobody and nothing to follow: the
        next keyframes of a sleeping camera may be let by.
        """
        with self._lock:
            self._empty_us = at_us

    def status(self, analysis_fps: float, *, keyframes_only: bool = False) -> GateStatus:
        """Return the gate's state as of now; of keyframes no more are looked at than there are."""
        with self._lock:
            gate, counts = self._gate, self._gate.counts
            if keyframes_only and self._gop_us > 0:
                analysis_fps = min(analysis_fps, round(1e6 / self._gop_us, 2))
            return GateStatus(
                gate.phase.value,
                gate.reason,
                gate.duty,
                analysis_fps,
                gate.threshold,
                counts.wakes,
                counts.late_wakes,
                counts.false_wakes,
                counts.audits,
                counts.misses,
            )

    def learnt(self) -> GateMemory | None:
        """Return what the gate knows for another session."""
        with self._lock:
            return self._gate.learnt()

    def close(self) -> None:
        """Empty everything and take nothing more."""
        with self._lock:
            self._closed = True
            self._inbox.close()
            self._returned.clear()
            self._previous, self._current = [], []
            self._meter.close()

    def _woken(self) -> bool:
        """Where the gate sleeps no more, put back what came since the look before the last."""
        if self._gate.phase is Phase.ASLEEP or self._closed:
            return False
        self._meter.read()
        self._return_all([*self._previous, *self._current])
        return True

    def _take(self) -> Work | None:
        packet = self._inbox.take()
        if packet is None:
            self._stills.clear()
            return None
        key = (packet.epoch, packet.seq)
        still = key in self._stills
        self._stills.discard(key)
        return Work(packet, still)

    def _hold(self, packet: Packet) -> bool:
        if not packet.keyframe or self._is_behind() or self._lets_by(packet):
            self._current.append(packet)
            return False
        self._empty_us = None
        self._previous, self._current = self._current, [packet]
        self._stills.add((packet.epoch, packet.seq))
        return self._inbox.put(packet)

    def _lets_by(self, packet: Packet) -> bool:
        empty_us = self._empty_us
        if empty_us is None or not self._gate.lets_by(packet.utc_us, empty_us):
            return False
        return self._holds_little()

    def _is_behind(self) -> bool:
        """Whether the keyframe before still waits for its look: what it may tell of lies before it
        and must not be let go for the next one.
        """
        return bool(self._stills) and self._holds_little()

    def _holds_little(self) -> bool:
        return sum(len(held.data) for held in self._current) < _MOST_HELD

    def _give_back(self, packet: Packet) -> bool:
        """Put back what came since the last look, which ``packet`` goes on with; False: it is among
        that.
        """
        self._empty_us = None
        if packet.keyframe or not self._current or self._current[-1].epoch != packet.epoch:
            self._previous, self._current = [], []
            return True
        self._return_all([*self._current, packet])
        return False

    def _return_all(self, packets: list[Packet]) -> None:
        """Put packets before all that waits but the keyframes that are older."""
        self._empty_us = None
        older: list[Work] = []
        first = (packets[0].epoch, packets[0].seq)
        while (work := self._take()) is not None:
            if (work.packet.epoch, work.packet.seq) < first:
                older.append(work)
        self._returned.extend(older)
        self._returned.extend(Work(packet, held=True) for packet in packets)
        self._previous, self._current = [], []

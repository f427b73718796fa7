"""From packets that come on two subjects to one sequence without gap or duplicate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ingest.packets import Packet


class Taken(Enum):
    """What became of a packet that was pushed."""

    EMITTED = "emitted"
    HELD = "held"
    DUPLICATE = "duplicate"
    OLD_EPOCH = "old_epoch"


@dataclass(frozen=True, slots=True)
class Merged:
    """``ready`` continues what was given out before, or begins with a keyframe."""

    taken: Taken
    ready: tuple[Packet, ...] = ()


class Merger:
    """Puts the packets of one camera in order by (epoch, seq).

    The primed GOP and the live packets come through two subscriptions, and each is in order, but
    one may be handled before the other. So a packet after a gap is held until the gap is filled; a
    keyframe needs nothing before it and goes out at once. ``starved`` says that packets are held
    which only a new prime can make use of, or that the held ones were too many and were given up.
    Holds at most ``max_held`` packets and ``max_held_bytes`` bytes.
    """

    def __init__(self, max_held: int = 512, max_held_bytes: int = 16 << 20) -> None:
        self._max_held = max_held
        self._max_bytes = max_held_bytes
        self._epoch: int | None = None
        self._last: int | None = None
        self._held: dict[int, Packet] = {}
        self._held_bytes = 0
        self.gaps = 0
        """How often a keyframe ended a gap that was never filled."""

    @property
    def starved(self) -> bool:
        """Whether packets wait for one that has not come."""
        return bool(self._held)

    def reset(self) -> None:
        """Forget the sequence: the next keyframe of any epoch begins a new one."""
        self._epoch = self._last = None
        self._drop_held()

    def push(self, packet: Packet) -> Merged:
        """Take a packet; return those that are now in order."""
        if self._epoch is None or packet.epoch > self._epoch:
            self._epoch, self._last = packet.epoch, None
            self._drop_held()
        elif packet.epoch < self._epoch:
            return Merged(Taken.OLD_EPOCH)
        if self._last is not None and packet.seq <= self._last:
            return Merged(Taken.DUPLICATE)
        if self._last is not None and packet.seq == self._last + 1:
            return Merged(Taken.EMITTED, self._emit(packet))
        if packet.keyframe:
            if self._last is not None:
                self.gaps += 1
            return Merged(Taken.EMITTED, self._emit(packet))
        return Merged(self._hold(packet))

    def _emit(self, packet: Packet) -> tuple[Packet, ...]:
        ready = [packet]
        following: Packet | None = packet
        while following is not None and self._held:
            following = self._held.pop(ready[-1].seq + 1, None)
            if following is not None:
                self._held_bytes -= len(following.data)
                ready.append(following)
        self._last = ready[-1].seq
        for seq in [seq for seq in self._held if seq <= self._last]:
            self._held_bytes -= len(self._held.pop(seq).data)
        return tuple(ready)

    def _hold(self, packet: Packet) -> Taken:
        if packet.seq in self._held:
            return Taken.DUPLICATE
        self._held[packet.seq] = packet
        self._held_bytes += len(packet.data)
        if len(self._held) > self._max_held or self._held_bytes > self._max_bytes:
            self._drop_held()
            self._held[packet.seq] = packet
            self._held_bytes = len(packet.data)
        return Taken.HELD

    def _drop_held(self) -> None:
        self._held.clear()
        self._held_bytes = 0


class GopBuffer:
    """The current GOP of one camera, at most ``max_bytes`` of it.

    A GOP that grows over the bound is dropped whole (a part of it is of no use to a newcomer), and
    the buffer stays empty until the next keyframe.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._packets: list[Packet] = []
        self._bytes = 0
        self._latest_utc = 0
        self.reordered = False
        """Whether the stream's pictures are shown in another order than they are coded
        (B-frames): capture time went back while decoding went on. Kept from GOP to GOP of an epoch,
        for a newcomer may meet a GOP that has only its keyframe yet."""

    @property
    def packets(self) -> tuple[Packet, ...]:
        """The buffered packets: empty, or a keyframe and what followed."""
        return tuple(self._packets)

    def append(self, packet: Packet) -> None:
        """Take the next packet in order."""
        previous = self._packets[-1] if self._packets else None
        if packet.keyframe:
            if previous is not None and previous.epoch != packet.epoch:
                self.reordered = False
            self._packets, self._bytes = [packet], len(packet.data)
            self._latest_utc = packet.utc_us
            return
        if previous is None:
            return
        if packet.utc_us < self._latest_utc and packet.dts_us > previous.dts_us:
            self.reordered = True
        self._latest_utc = max(self._latest_utc, packet.utc_us)
        self._bytes += len(packet.data)
        if self._bytes > self._max_bytes:
            self.clear()
        else:
            self._packets.append(packet)

    def clear(self) -> None:
        """Be empty until the next keyframe."""
        self._packets, self._bytes = [], 0

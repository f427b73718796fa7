"""The newest seconds of a camera in compressed form, ready to be shown or decoded at any time."""

from __future__ import annotations

import threading
from collections import deque

from ingest.packets import Gop, Packet


class GopRing:
    """Whole groups of pictures, bounded by seconds and by bytes; the oldest go first.

    What it holds starts with a keyframe. Packets before the first keyframe are refused, and so are
    packets after a hole, until the next one; the groups of an earlier session (epoch) stay until
    they are too old, so that a pre-roll reaches back over a reconnection. Within a group there is
    no hole. Where a keyframe lies before the newest of what is held, what lies after it goes: all
    of it where our clock was set back, a second or two where a camera begins a new session with
    pictures that it has kept. The newest group is never dropped for age, so that a viewer always
    finds a start; where it alone is over ``max_bytes``, the ring empties and waits for the next
    keyframe. Safe to use from any thread; packets are shared, never copied.
    """

    def __init__(self, max_s: float, max_bytes: int) -> None:
        self._max_us = round(max_s * 1_000_000)
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._gops: deque[list[Packet]] = deque()
        self._bytes = 0
        self._trim_at_us = 0

    @property
    def bytes_held(self) -> int:
        """Bytes of compressed data in the ring."""
        with self._lock:
            return self._bytes

    def push(self, packet: Packet) -> bool:
        """Add the next packet; False where it was refused because it follows nothing held."""
        with self._lock:
            newest = self._gops[-1][-1] if self._gops else None
            if packet.keyframe:
                if newest is not None and packet.dts_us <= newest.dts_us:
                    self._make_way(packet.dts_us)
                self._gops.append([packet])
                self._trim_at_us = 0
            elif newest is not None and (packet.epoch, packet.seq - 1) == (
                newest.epoch,
                newest.seq,
            ):
                self._gops[-1].append(packet)
            else:
                return False
            self._bytes += len(packet.data)
            self._trim(packet.dts_us)
            return bool(self._gops)

    def snapshot(self) -> tuple[Packet, ...]:
        """Return the newest group of pictures: a keyframe and all after it; empty where none."""
        with self._lock:
            return tuple(self._gops[-1]) if self._gops else ()

    def since(self, utc_us: int) -> tuple[Packet, ...]:
        """Return the packets from the last keyframe at or before ``utc_us`` to the newest one.

        Where the ring begins later, all that it holds. The first packet is always a keyframe.
        """
        with self._lock:
            gops = list(self._gops)
            first = 0
            for index, gop in enumerate(gops):
                if gop[0].utc_us <= utc_us:
                    first = index
            return tuple(packet for gop in gops[first:] for packet in gop)

    def after(self, epoch: int, seq: int) -> tuple[Packet, ...]:
        """Return what came after a packet, to follow a camera without a queue of one's own.

        Where the ring has already dropped what came next, it goes on with a later keyframe.
        """
        with self._lock:
            found: list[Packet] = []
            for gop in reversed(self._gops):
                if (gop[-1].epoch, gop[-1].seq) <= (epoch, seq):
                    break
                # Within a group the numbers have no hole.
                known = seq + 1 - gop[0].seq if gop[0].epoch == epoch else 0
                found[:0] = gop[max(known, 0) :]
            return tuple(found)

    def gops(self) -> tuple[Gop, ...]:
        """Return every group of pictures held, oldest first."""
        with self._lock:
            return tuple(Gop(tuple(gop)) for gop in self._gops)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        self._gops.clear()
        self._bytes = 0

    def _make_way(self, at_us: int) -> None:
        """Drop what lies at this time or after it."""
        while self._gops and self._gops[-1][-1].dts_us >= at_us:
            self._bytes -= len(self._gops[-1].pop().data)
            if not self._gops[-1]:
                self._gops.pop()

    def _trim(self, now_us: int) -> None:
        if now_us < self._trim_at_us and self._bytes <= self._max_bytes:
            return
        while len(self._gops) > 1 and (
            self._bytes > self._max_bytes or now_us - self._first_left_us() >= self._max_us
        ):
            self._bytes -= sum(len(packet.data) for packet in self._gops.popleft())
        if self._bytes > self._max_bytes:
            self._clear()
        # With one group left there is nothing to drop before the next keyframe.
        more = len(self._gops) > 1
        self._trim_at_us = self._first_left_us() + self._max_us if more else now_us + self._max_us

    def _first_left_us(self) -> int:
        """When the first group was over: as the next one began, but for a change of sessions."""
        last, following = self._gops[0][-1], self._gops[1][0]
        return following.dts_us if last.epoch == following.epoch else last.dts_us

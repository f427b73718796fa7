"""Packets of one camera that wait for analysis: bounded, and the newest picture wins."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from weakref import WeakSet

from analytics.metrics import ANALYSIS_QUEUE
from ingest.decoder import DROPPED
from ingest.packets import Packet


@dataclass(frozen=True, slots=True)
class InboxLimits:
    """Most packets and bytes that wait; two seconds of a 25 fps camera and some 4K keyframes.

    ``group``: as many packets of a single group of pictures, ten seconds: there is no later
    keyframe to go on at, and to wait for one costs more than to catch up after a short delay.
    """

    packets: int = 64
    size: int = 12 * 1024 * 1024
    group: int = 256


class _Open:
    """The inboxes of this process, counted only when the gauge is read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inboxes: WeakSet[Inbox] = WeakSet()

    def add(self, inbox: Inbox) -> None:
        with self._lock:
            self._inboxes.add(inbox)

    def discard(self, inbox: Inbox) -> None:
        with self._lock:
            self._inboxes.discard(inbox)

    def waiting(self) -> float:
        with self._lock:
            return float(sum(len(inbox) for inbox in self._inboxes))


_open = _Open()
ANALYSIS_QUEUE.set_function(_open.waiting)


class Inbox:
    """Bounded queue between a camera's session thread and the pool.

    Invariants: within the limits after every call; what is taken is in order; whatever follows a
    gap begins with a keyframe, because nothing after a gap could be decoded before one.
    """

    def __init__(self, limits: InboxLimits | None = None) -> None:
        self._limits = limits or InboxLimits()
        self._lock = threading.Lock()
        self._waiting: deque[Packet] = deque()
        self._size = 0
        self._need_keyframe = False
        self._closed = False
        _open.add(self)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def waits(self) -> bool:
        """Whether nothing is taken before the next keyframe."""
        return self._need_keyframe

    def put(self, packet: Packet) -> bool:
        """Add a packet and return whether any waits now. Never blocks on the analysis."""
        with self._lock:
            if self._closed:
                return False
            if self._need_keyframe and not packet.keyframe:
                DROPPED.labels("behind").inc()
                return False
            self._need_keyframe = False
            self._waiting.append(packet)
            self._size += len(packet.data)
            if self._over():
                self._skip_to_newest_keyframe()
            return bool(self._waiting)

    def take(self) -> Packet | None:
        """Remove the oldest packet, or return None where there is none."""
        with self._lock:
            if not self._waiting:
                return None
            packet = self._waiting.popleft()
            self._size -= len(packet.data)
            return packet

    def close(self) -> None:
        """Empty it and take nothing more."""
        with self._lock:
            self._closed = True
            _open.discard(self)
            self._forget(len(self._waiting))

    def _over(self) -> bool:
        return len(self._waiting) > self._limits.packets or self._size > self._limits.size

    def _skip_to_newest_keyframe(self) -> None:
        newest = max((i for i, packet in enumerate(self._waiting) if packet.keyframe), default=0)
        before = len(self._waiting)
        self._forget(newest)
        limits = self._limits
        alone = max(limits.packets, limits.group)
        if len(self._waiting) > alone or self._size > limits.size:
            self._forget(before - newest)
            self._need_keyframe = True
        if before > len(self._waiting):
            DROPPED.labels("behind").inc(before - len(self._waiting))

    def _forget(self, count: int) -> None:
        for _ in range(count):
            self._size -= len(self._waiting.popleft().data)

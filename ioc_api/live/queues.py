"""The queues between a camera and its viewers: bounded in bytes and time, cut only at keyframes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.packets import Packet


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Bounds of what waits for one viewer. ``tile_bytes`` has to be above the hub's GOP bound, so
    that a newcomer's first GOP does not count as slowness.
    """

    tile_bytes: int = 24 << 20
    viewer_bytes: int = 64 << 20
    seconds: float = 3.0


@dataclass(frozen=True, slots=True)
class Taken:
    """A packet to send. ``skipped`` is how many frames were left out right before it."""

    packet: Packet
    skipped: int


class TileQueue:
    """What one viewer still has to get of one camera.

    What comes out is made of runs: each begins with a keyframe, and inside a run no packet is
    missing. A queue that is over its bounds is emptied and goes on at the next keyframe; nobody
    else notices. A packet bigger than the bound still passes through an empty queue.
    """

    def __init__(self, limits: QueueLimits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._waiting: deque[tuple[float, Taken]] = deque()
        self._last: Packet | None = None
        self._skipped = 0
        self.size = 0
        """Bytes that wait."""
        self.wants_keyframe = True
        """Whether everything up to the next keyframe is left out."""

    def __len__(self) -> int:
        return len(self._waiting)

    def prime(self, packets: Sequence[Packet]) -> None:
        """Begin with the GOP that the hub holds."""
        for packet in packets:
            self.offer(packet)

    def offer(self, packet: Packet) -> None:
        """Put a packet at the end, or leave it out."""
        last = self._last
        if not packet.keyframe and (
            self.wants_keyframe
            or last is None
            or packet.epoch != last.epoch
            or packet.seq != last.seq + 1
        ):
            self._leave_out(packet)
            return
        if self._waiting and self._over(packet):
            self.cut()
            if not packet.keyframe:
                self._leave_out(packet)
                return
        self.wants_keyframe = False
        self._last = packet
        # what was left out stands before this packet, not before those that still wait
        self._waiting.append((self._now(), Taken(packet, self._skipped)))
        self._skipped = 0
        self.size += len(packet.data)

    def cut(self) -> int:
        """Drop everything that waits and go on at the next keyframe; returns the bytes freed."""
        freed = self.size
        self._skipped += sum(1 + taken.skipped for _, taken in self._waiting)
        self._waiting.clear()
        self.size = 0
        self.wants_keyframe = True
        return freed

    def take(self) -> Taken | None:
        """Return the next packet, or None."""
        if not self._waiting:
            return None
        _, taken = self._waiting.popleft()
        self.size -= len(taken.packet.data)
        return taken

    def _leave_out(self, packet: Packet) -> None:
        self.wants_keyframe = True
        # What passes before the first picture is no loss: the viewer has not begun.
        if self._last is not None:
            self._skipped += 1

    def _over(self, packet: Packet) -> bool:
        oldest, _ = self._waiting[0]
        return (
            self.size + len(packet.data) > self._limits.tile_bytes
            or self._now() - oldest > self._limits.seconds
        )


class TileSet:
    """All tiles of one viewer, served in turn: a busy camera does not hold up a quiet one.

    Over the viewer's own bound the fullest tile is cut.
    """

    def __init__(
        self, limits: QueueLimits, now: Callable[[], float], wake: Callable[[], None]
    ) -> None:
        self._limits = limits
        self._now = now
        self._wake = wake
        self._tiles: dict[int, TileQueue] = {}
        self._turn: deque[int] = deque()
        self._has_turn: set[int] = set()
        self.size = 0
        """Bytes that wait in all tiles."""

    def open(self, tile: int) -> TileSink:
        """Begin a tile; one of the same number is replaced and its packets are dropped."""
        self.close(tile)
        queue = TileQueue(self._limits, self._now)
        self._tiles[tile] = queue
        return TileSink(self, tile, queue)

    def close(self, tile: int) -> None:
        """End a tile and drop what waits."""
        queue = self._tiles.pop(tile, None)
        if queue is not None:
            self.size -= queue.size

    def take(self) -> tuple[int, Taken] | None:
        """Return the next packet of the tile whose turn it is, or None."""
        while self._turn:
            tile = self._turn.popleft()
            self._has_turn.discard(tile)
            queue = self._tiles.get(tile)
            taken = queue.take() if queue is not None else None
            if queue is None or taken is None:
                continue
            self.size -= len(taken.packet.data)
            if queue:
                self._give_turn(tile)
            return tile, taken
        return None

    def grown(self, tile: int, queue: TileQueue, by: int) -> None:
        """A queue was offered something and holds ``by`` more bytes now (or fewer)."""
        if self._tiles.get(tile) is not queue:
            return
        self.size += by
        while self.size > self._limits.viewer_bytes:
            fullest = max(self._tiles.values(), key=lambda each: each.size)
            if fullest.size == self.size and len(fullest) == 1:
                break
            self.size -= fullest.cut()
        if queue and tile not in self._has_turn:
            self._give_turn(tile)
            self._wake()

    def _give_turn(self, tile: int) -> None:
        self._turn.append(tile)
        self._has_turn.add(tile)


class TileSink:
    """Where the hub puts the packets of one tile."""

    def __init__(self, tiles: TileSet, tile: int, queue: TileQueue) -> None:
        self._tiles = tiles
        self._tile = tile
        self._queue = queue

    def prime(self, packets: Sequence[Packet]) -> None:
        """Begin with the GOP that the hub holds."""
        before = self._queue.size
        self._queue.prime(packets)
        self._tiles.grown(self._tile, self._queue, self._queue.size - before)

    def offer(self, packet: Packet) -> None:
        """Take a packet."""
        before = self._queue.size
        self._queue.offer(packet)
        self._tiles.grown(self._tile, self._queue, self._queue.size - before)

"""How many cameras a worker should take, so that equal workers end with equal shares."""

from __future__ import annotations

_FORGET_S = 5.0
_BATCH = 16
_SLACK = 1


class Shares:
    """What this worker has heard of its peers' loads, and what follows for its own.

    Only the least loaded worker pulls at full speed. The others hold back while a less loaded peer
    is alive; a dead peer is forgotten after five seconds, before its cameras come back.
    """

    def __init__(self, worker: str, capacity: int) -> None:
        self._worker = worker
        self._capacity = capacity
        self._peers: dict[str, tuple[int, float]] = {}

    def heard(self, worker: str, held: int, now: float) -> None:
        """Note a peer's load; ``now`` in monotonic seconds."""
        if worker != self._worker:
            self._peers[worker] = (held, now)

    def batch(self, held: int, now: float) -> int:
        """Return how many leases to pull next; 0 means wait."""
        loads = self._loads(now)
        room = self._capacity - held
        if room <= 0:
            return 0
        if not loads:
            return min(room, _BATCH)
        ahead = min(loads) - held
        if ahead < -_SLACK:
            return 0
        return min(room, _BATCH, max(1, ahead))

    def surplus(self, held: int, now: float) -> bool:
        """Say whether one camera should move to a peer that has clearly fewer."""
        loads = self._loads(now)
        if not loads:
            return False
        return held - min(loads) > max(2, held // 5)

    def _loads(self, now: float) -> list[int]:
        self._peers = {
            peer: (held, at) for peer, (held, at) in self._peers.items() if now - at < _FORGET_S
        }
        return [held for held, _ in self._peers.values()]

"""Who may move a camera now. Pure: the caller brings the time."""

from __future__ import annotations

from camera_registry.base.errors import ConflictError
from camera_registry.ptz import HOLD_LOCK_S, MAX_LOCK_S, PtzHolder


class PtzLock:
    """One camera's lock. Whoever moves it holds it for a while; only a higher priority takes over.

    Times are UTC microseconds.
    """

    def __init__(self) -> None:
        self._holder: PtzHolder | None = None

    def holder(self, now_us: int) -> PtzHolder | None:
        """Return who holds it; None when nobody does any more."""
        if self._holder is not None and self._holder.until_us <= now_us:
            self._holder = None
        return self._holder

    def take(
        self, actor_id: str, name: str, priority: int, now_us: int, seconds: float = HOLD_LOCK_S
    ) -> PtzHolder | None:
        """Take it, or keep it for longer; return the holder that had to give way, if any.

        Raises ConflictError of code ``ptz_locked`` where somebody else holds it whose priority is
        not lower.
        """
        before = self.holder(now_us)
        until_us = now_us + round(min(seconds, MAX_LOCK_S) * 1e6)
        if before is not None and before.actor_id == actor_id:
            self._holder = PtzHolder(actor_id, name, priority, max(until_us, before.until_us))
            return None
        if before is not None and before.priority >= priority:
            left_s = (before.until_us - now_us) / 1e6
            raise ConflictError(
                f"{before.actor_name} is moving this camera",
                hint=f"it is free in {left_s:.0f} s unless it is moved again",
                code="ptz_locked",
            )
        self._holder = PtzHolder(actor_id, name, priority, until_us)
        return before

    def release(self, actor_id: str, now_us: int) -> bool:
        """Give it back; say whether this actor had held it."""
        before = self.holder(now_us)
        if before is None or before.actor_id != actor_id:
            return False
        self._holder = None
        return True

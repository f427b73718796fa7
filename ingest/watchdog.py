"""Notices that video packets have stopped coming, whatever else still arrives."""

from __future__ import annotations

from camera_registry.base.clock import Clock


class PacketWatchdog:
    """Fed once per video packet. RTSP's own time-outs see only a dead socket, and a camera that
    goes on sending RTCP or keep-alives has a socket that lives.
    """

    def __init__(self, clock: Clock, stalled_after_s: float) -> None:
        self._clock = clock
        self._stalled_after_s = stalled_after_s
        self._last = clock.monotonic()

    def feed(self) -> None:
        """A video packet has arrived."""
        self._last = self._clock.monotonic()

    @property
    def silent_s(self) -> float:
        """Seconds since the last video packet, or since the watch began."""
        return self._clock.monotonic() - self._last

    @property
    def stalled(self) -> bool:
        """Whether the silence has lasted too long."""
        return self.silent_s >= self._stalled_after_s

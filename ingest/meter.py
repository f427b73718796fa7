"""What has come from one camera lately, for its state."""

from __future__ import annotations

from camera_registry.base.clock import Clock
from ingest.packets import Packet, StreamInfo


class PacketMeter:
    """What the session's thread writes and the event loop reads: single values, no lock needed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.info: StreamInfo | None = None
        self.frame_us = 0
        self._packets = 0
        self._seen = (clock.monotonic(), 0)
        self._fps = 0.0

    def count(self, packet: Packet) -> None:
        """Take note of a packet."""
        self.info = packet.info
        self.frame_us = packet.utc_us
        self._packets += 1

    def fps(self) -> float:
        """Packets a second since the last reading that is at least a second old."""
        now = self._clock.monotonic()
        then, packets = self._seen
        if now - then >= 1.0:
            self._fps = round((self._packets - packets) / (now - then), 1)
            self._seen = (now, self._packets)
        return self._fps

"""One client's media: over the RTSP connection itself, or over a pair of UDP ports."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
from abc import ABC, abstractmethod
from typing import Final

from ingest.simulator.clip import RTP_CLOCK
from ingest.simulator.rtp import PreparedUnit, interleaved, sender_report

BUFFER_LIMIT: Final = 2_000_000  # bytes a slow client may be behind before it loses pictures
_STUCK_S = 15.0  # a client that takes nothing for so long is closed
_REPORT_EVERY = 5 * RTP_CLOCK
_CNAME = "camera@camhub-simulator"


class Viewer(ABC):
    """Numbers and stamps what a client gets; begins, and begins again, with a keyframe."""

    def __init__(self) -> None:
        self.ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(16)
        self._base = secrets.randbits(32)
        self._packets = 0
        self._octets = 0
        self._report_at: int | None = None
        self._needs_key = True
        self.skipped = 0

    def restart(self) -> None:
        """Send nothing more before the next keyframe."""
        self._needs_key = True

    def deliver(self, unit: PreparedUnit, pts: int, now: int, utc_us: int, loss: float) -> None:
        """Send one access unit captured at ``pts``; ``now`` and ``utc_us`` are the same instant.

        ``loss`` is the fraction of RTP datagrams that get lost; a TCP client loses none.
        """
        if self._needs_key and not unit.key:
            return
        if not self._has_room():
            self._needs_key = True
            self.skipped += 1
            return
        self._needs_key = False
        if (
            self._report_at is None
            or now >= self._report_at
            or now < self._report_at - RTP_CLOCK * 9
        ):
            self._report_at = now + _REPORT_EVERY
            # The pair of this picture's own stamp and its instant of capture: a client that takes
            # the report's stamp for the beginning of time gets no picture from before it.
            captured_us = utc_us - (now - pts) * 1_000_000 // RTP_CLOCK
            stamp = (self._base + pts) & 0xFFFFFFFF
            self._send_report(
                sender_report(self.ssrc, captured_us, stamp, self._packets, self._octets, _CNAME)
            )
        self._send_unit(unit, (self._base + pts) & 0xFFFFFFFF, loss)
        count = len(unit.offsets)
        self._sequence = (self._sequence + count) & 0xFFFF
        self._packets += count
        self._octets += unit.octets

    @abstractmethod
    def send_garbage(self, data: bytes) -> None:
        """Send bytes that mean nothing where a packet should be."""

    @abstractmethod
    def end(self) -> None:
        """Close what this client holds open."""

    @abstractmethod
    def _has_room(self) -> bool: ...

    @abstractmethod
    def _send_unit(self, unit: PreparedUnit, timestamp: int, loss: float) -> None: ...

    @abstractmethod
    def _send_report(self, packet: bytes) -> None: ...


class TcpViewer(Viewer):
    """Media interleaved on the RTSP connection (RFC 2326, 10.12)."""

    def __init__(self, transport: asyncio.WriteTransport, channels: tuple[int, int]) -> None:
        super().__init__()
        self._transport = transport
        self.channels = channels
        self._full_since: float | None = None

    def send_garbage(self, data: bytes) -> None:
        """Break the framing of the connection."""
        if self._has_room():
            self._transport.write(data)
        self._needs_key = True

    def end(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def _has_room(self) -> bool:
        waiting = self._transport.get_write_buffer_size()
        # One who fell behind is let in again only when most of the backlog is gone.
        limit = BUFFER_LIMIT // 4 if self._full_since is not None else BUFFER_LIMIT
        if waiting <= limit:
            self._full_since = None
            return not self._transport.is_closing()
        now = asyncio.get_running_loop().time()
        if self._full_since is None:
            self._full_since = now
        elif now - self._full_since > _STUCK_S:
            self._transport.abort()
        return False

    def _send_unit(self, unit: PreparedUnit, timestamp: int, loss: float) -> None:
        self._transport.write(unit.patched(self.channels[0], self._sequence, timestamp, self.ssrc))

    def _send_report(self, packet: bytes) -> None:
        self._transport.write(interleaved(self.channels[1], packet))


class UdpViewer(Viewer):
    """Media over a pair of UDP ports, only ever to the address that the RTSP connection is from."""

    def __init__(self, host: str, peer: str, client_ports: tuple[int, int]) -> None:
        super().__init__()
        self._rtp, self._rtcp = _port_pair(host)
        self._to = (peer, client_ports[0])
        self._reports_to = (peer, client_ports[1])
        self.server_ports = (int(self._rtp.getsockname()[1]), int(self._rtcp.getsockname()[1]))

    def send_garbage(self, data: bytes) -> None:
        """Send one datagram of noise."""
        self._put(self._rtp, data[:1400], self._to)
        self._needs_key = True

    def end(self) -> None:
        """Give the ports back."""
        self._rtp.close()
        self._rtcp.close()

    def _has_room(self) -> bool:
        return self._rtp.fileno() >= 0

    def _send_unit(self, unit: PreparedUnit, timestamp: int, loss: float) -> None:
        data = memoryview(unit.patched(0, self._sequence, timestamp, self.ssrc))
        for start, end in zip(unit.offsets, unit.ends, strict=True):
            if loss and random.random() < loss:  # noqa: S311 - weather, not a secret
                continue
            self._put(self._rtp, data[start:end], self._to)

    def _send_report(self, packet: bytes) -> None:
        self._put(self._rtcp, packet, self._reports_to)

    @staticmethod
    def _put(sock: socket.socket, data: bytes | memoryview, to: tuple[str, int]) -> None:
        try:
            sock.sendto(data, to)
        except OSError:
            # A full send buffer or an unreachable client loses the datagram, as UDP does.
            return


def _port_pair(host: str) -> tuple[socket.socket, socket.socket]:
    """Bind an even port and the odd one above it (RFC 3550, 11). Raises OSError if none is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(64):
        first = socket.socket(family, socket.SOCK_DGRAM)
        second = socket.socket(family, socket.SOCK_DGRAM)
        try:
            first.bind((host, 0))
            port = first.getsockname()[1]
            if port % 2 == 0 and port < 65_535:
                second.bind((host, port + 1))
                first.setblocking(False)
                second.setblocking(False)
                first.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
                return first, second
        except OSError:
            pass  # the odd port is taken: try another pair
        first.close()
        second.close()
    raise OSError("no pair of UDP ports is free")

"""RTP payloads and RTCP reports (RFC 3550, RFC 6184, RFC 7798, RFC 6416).

A clip is packetised once. What differs from client to client, the interleaved channel, the sequence
number, the time stamp and the SSRC, is patched into a copy of a whole access unit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.simulator.clip import AccessUnit, Clip
from ingest.simulator.nal import Codec

PAYLOAD_TYPE = 96
MAX_PAYLOAD = 1400  # bytes: with all headers below the Ethernet MTU of 1500
_RTP_HEADER = 12
_FRAMING = 4  # "$", channel, length (RFC 2326, 10.12)
_NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
_PATCH = struct.Struct(">HII")


def h264_payloads(nal: bytes, limit: int = MAX_PAYLOAD) -> Iterator[bytes]:
    """Yield ``nal`` as a single NAL unit packet or as FU-A fragments (RFC 6184, 5.6 and 5.8)."""
    if len(nal) <= limit:
        yield nal
        return
    indicator = (nal[0] & 0xE0) | 28
    yield from _fragments(nal[1:], bytes([indicator]), nal[0] & 0x1F, limit - 2)


def h265_payloads(nal: bytes, limit: int = MAX_PAYLOAD) -> Iterator[bytes]:
    """Yield ``nal`` as a single NAL unit packet or as FU fragments (RFC 7798, 4.4.1 and 4.4.3)."""
    if len(nal) <= limit:
        yield nal
        return
    header = bytes([(nal[0] & 0x81) | (49 << 1), nal[1]])
    yield from _fragments(nal[2:], header, (nal[0] >> 1) & 0x3F, limit - 3)


def _fragments(body: bytes, header: bytes, kind: int, size: int) -> Iterator[bytes]:
    for at in range(0, len(body), size):
        start = 0x80 if at == 0 else 0
        end = 0x40 if at + size >= len(body) else 0
        yield header + bytes([start | end | kind]) + body[at : at + size]


def h264_stap_a(nals: tuple[bytes, ...]) -> bytes:
    """Join small NAL units, such as SPS and PPS, in one STAP-A packet (RFC 6184, 5.7.1)."""
    importance = max(nal[0] & 0x60 for nal in nals)
    parts = (len(nal).to_bytes(2, "big") + nal for nal in nals)
    return bytes([importance | 24]) + b"".join(parts)


def mp4v_payloads(data: bytes, limit: int = MAX_PAYLOAD) -> Iterator[bytes]:
    """Yield an MPEG-4 Visual picture in consecutive pieces (RFC 6416, 5)."""
    for at in range(0, len(data), limit):
        yield data[at : at + limit]


def unit_payloads(codec: Codec, parameter_sets: tuple[bytes, ...], unit: AccessUnit) -> list[bytes]:
    """Return the RTP payloads of one access unit; a keyframe carries the parameter sets first."""
    payloads: list[bytes] = []
    ahead = parameter_sets if unit.key and codec is not Codec.MP4V_ES else ()
    if codec is Codec.H264 and ahead and sum(len(nal) + 2 for nal in ahead) < MAX_PAYLOAD:
        payloads.append(h264_stap_a(ahead))
        ahead = ()
    packetise = {
        Codec.H264: h264_payloads,
        Codec.H265: h265_payloads,
        Codec.MP4V_ES: mp4v_payloads,
    }[codec]
    for nal in (*ahead, *unit.nals):
        payloads.extend(packetise(nal))
    return payloads


@dataclass(frozen=True, slots=True)
class PreparedUnit:
    """The packets of one access unit, framed for interleaved TCP, with empty patch fields.

    ``offsets`` are where each RTP header starts in ``framed``; ``ends`` where each packet ends.
    """

    framed: bytes
    offsets: tuple[int, ...]
    ends: tuple[int, ...]
    octets: int
    pts: int
    send_at: int
    key: bool

    def patched(self, channel: int, sequence: int, timestamp: int, ssrc: int) -> bytearray:
        """Return a copy for one client; ``sequence`` is the first packet's number."""
        data = bytearray(self.framed)
        patch = _PATCH.pack_into
        for offset in self.offsets:
            patch(data, offset + 2, sequence & 0xFFFF, timestamp, ssrc)
            sequence += 1
        if channel:
            for offset in self.offsets:
                data[offset - 3] = channel
        return data


@dataclass(frozen=True, slots=True)
class PreparedClip:
    """A clip ready to be sent, and what its SDP says."""

    codec: Codec
    width: int
    height: int
    fps: float
    parameter_sets: tuple[bytes, ...]
    units: tuple[PreparedUnit, ...]
    duration: int


def prepare(clip: Clip, *, with_parameter_sets: bool = True) -> PreparedClip:
    """Packetise every access unit of ``clip`` once."""
    sets = clip.parameter_sets if with_parameter_sets else ()
    return PreparedClip(
        codec=clip.codec,
        width=clip.width,
        height=clip.height,
        fps=clip.fps,
        parameter_sets=sets,
        units=tuple(_prepare_unit(clip.codec, sets, unit) for unit in clip.units),
        duration=clip.duration,
    )


def _prepare_unit(codec: Codec, sets: tuple[bytes, ...], unit: AccessUnit) -> PreparedUnit:
    payloads = unit_payloads(codec, sets, unit)
    framed = bytearray()
    offsets: list[int] = []
    ends: list[int] = []
    for index, payload in enumerate(payloads):
        marker = 0x80 if index == len(payloads) - 1 else 0
        framed += struct.pack(">BBH", 0x24, 0, _RTP_HEADER + len(payload))
        offsets.append(len(framed))
        framed += struct.pack(">BBHII", 0x80, marker | PAYLOAD_TYPE, 0, 0, 0)
        framed += payload
        ends.append(len(framed))
    return PreparedUnit(
        framed=bytes(framed),
        offsets=tuple(offsets),
        ends=tuple(ends),
        octets=sum(len(payload) for payload in payloads),
        pts=unit.pts,
        send_at=unit.send_at,
        key=unit.key,
    )


def sender_report(
    ssrc: int, utc_us: int, timestamp: int, packets: int, octets: int, cname: str
) -> bytes:
    """Return a compound RTCP packet: SR with true NTP time, and SDES CNAME (RFC 3550, 6.4, 6.5)."""
    seconds, micros = divmod(utc_us, 1_000_000)
    report = struct.pack(
        ">BBHIIIIII",
        0x80,
        200,
        6,
        ssrc,
        (seconds + _NTP_EPOCH) & 0xFFFFFFFF,
        (micros << 32) // 1_000_000,
        timestamp,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    name = cname.encode()[:255]
    item = struct.pack(">IBB", ssrc, 1, len(name)) + name + b"\x00"
    item += b"\x00" * (-len(item) % 4)
    return report + struct.pack(">BBH", 0x81, 202, len(item) // 4) + item


def interleaved(channel: int, packet: bytes) -> bytes:
    """Frame one packet for the RTSP connection (RFC 2326, 10.12)."""
    return struct.pack(">BBH", 0x24, channel, len(packet)) + packet

"""Packets and groups of pictures: what one video access unit is to every stage after the socket."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What is known of a running stream. ``codec`` is h264, hevc or mjpeg; ``codec_string`` is the
    RFC 6381 name that WebCodecs takes (``avc1.64001F``), empty where there is none.
    """

    codec: str
    codec_string: str
    width: int
    height: int
    extradata: bytes = b""


@dataclass(frozen=True, slots=True)
class Packet:
    """One access unit in Annex-B form (MJPEG: one JPEG), exactly as the camera coded it.

    Keyframes of H.264/H.265 carry their parameter sets in band. ``utc_us`` is the capture time as
    well as it is known (see timeline); ``dts_us`` has the same origin and orders decoding;
    ``arrival_us`` is when the last byte came in, by this machine's clock. ``seq`` counts from 0
    within ``epoch``, which is new with every session, so (epoch, seq) orders all packets of a
    camera.
    """

    epoch: int
    seq: int
    keyframe: bool
    utc_us: int
    dts_us: int
    arrival_us: int
    data: bytes
    info: StreamInfo


@dataclass(frozen=True, slots=True)
class Gop:
    """A keyframe and the packets that follow it up to the next one."""

    packets: tuple[Packet, ...]

    @property
    def size(self) -> int:
        """Bytes of compressed data."""
        return sum(len(packet.data) for packet in self.packets)

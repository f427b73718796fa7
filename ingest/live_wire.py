"""Live packets on the wire between worker and gateway, cut to what the server lets through.

A 4K keyframe is over NATS's default limit of 1 MiB, so an access unit travels in parts. The parts
of one unit follow one another on one subject of one connection, which NATS keeps in order; a unit
with a missing part is dropped whole.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ingest.packets import Packet, StreamInfo

_ENVELOPE = 4096
"""Room in bytes for everything but the data: the header is far below, extradata is cut off."""

_MAX_UNIT = 64 * 1024 * 1024
"""Largest access unit in bytes that is put together; a message may claim any number of parts."""


class Demand(msgspec.Struct, frozen=True, array_like=True):
    """A gateway wants a camera for ``ttl_s`` more seconds.

    With ``prime`` the worker first sends the whole GOP that it holds to ``inbox``, then every
    packet to the camera's live subject. ``inbox`` is the gateway's own subject for this camera.
    """

    gateway: str
    inbox: str
    ttl_s: float
    prime: bool


class LivePart(msgspec.Struct, frozen=True, array_like=True):
    """One part of one access unit; fields as in ``ingest.packets.Packet``."""

    camera: str
    epoch: int
    seq: int
    part: int
    parts: int
    keyframe: bool
    utc_us: int
    dts_us: int
    arrival_us: int
    codec: str
    codec_string: str
    width: int
    height: int
    data: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(LivePart).decode


def encode_packet(camera_id: str, packet: Packet, max_payload: int) -> Iterator[bytes]:
    """Yield the messages that carry one packet, each at most ``max_payload`` bytes."""
    room = max(1024, max_payload - _ENVELOPE)
    parts = max(1, -(-len(packet.data) // room))
    info = packet.info
    for part in range(parts):
        yield _encode(
            LivePart(
                camera_id,
                packet.epoch,
                packet.seq,
                part,
                parts,
                packet.keyframe,
                packet.utc_us,
                packet.dts_us,
                packet.arrival_us,
                info.codec,
                info.codec_string,
                info.width,
                info.height,
                packet.data[part * room : (part + 1) * room],
            )
        )


class Reassembler:
    """Joins the parts of one subject again; one instance per subject."""

    def __init__(self) -> None:
        self._key: tuple[int, int] | None = None
        self._parts: list[bytes] = []
        self._bytes = 0

    def push(self, message: bytes) -> Packet | None:
        """Take one message; return the packet that it completes, or None.

        Raises msgspec.DecodeError where the message is none of ours.
        """
        head = _decode(message)
        key = (head.epoch, head.seq)
        if head.part == 0:
            self._key, self._parts, self._bytes = key, [], 0
        elif (
            key != self._key
            or head.part != len(self._parts)
            or self._bytes + len(head.data) > _MAX_UNIT
        ):
            self._key, self._parts = None, []
            return None
        self._parts.append(head.data)
        self._bytes += len(head.data)
        if len(self._parts) < head.parts:
            return None
        data = self._parts[0] if head.parts == 1 else b"".join(self._parts)
        self._key, self._parts = None, []
        info = StreamInfo(head.codec, head.codec_string, head.width, head.height)
        return Packet(
            head.epoch,
            head.seq,
            head.keyframe,
            head.utc_us,
            head.dts_us,
            head.arrival_us,
            data,
            info,
        )

"""Reads a clip back, by means that are not the clip writer's."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import av

from ingest.bitstream import parameter_sets


@dataclass(frozen=True, slots=True)
class Sample:
    """A coded picture of a file: times in µs from the first picture, its units without framing."""

    pts_us: int
    dts_us: int
    keyframe: bool
    units: list[bytes]


def boxes(path: Path) -> list[str]:
    """Return the names of the file's outer boxes (ISO/IEC 14496-12, 4.2)."""
    data = path.read_bytes()
    found = []
    at = 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
        found.append(name.decode())
        at += size
    return found


def samples(path: Path) -> list[Sample]:
    """Return the coded pictures in the order of decoding."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codec = stream.codec_context.name
        tick = stream.time_base
        assert tick is not None
        return [
            Sample(
                round((packet.pts or 0) * tick * 1_000_000),
                round((packet.dts or 0) * tick * 1_000_000),
                packet.is_keyframe,
                _units(codec, bytes(packet)),
            )
            for packet in container.demux(stream)
            if packet.size
        ]


def decoded(path: Path) -> list[int]:
    """Decode the whole file and return the times of its pictures in µs."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [
            round((frame.pts or 0) * (frame.time_base or 0) * 1_000_000)
            for frame in container.decode(stream)
        ]


def units(codec: str, data: bytes) -> list[bytes]:
    """Return the NAL units of an access unit in Annex-B form; of a JPEG, itself."""
    return [data] if codec == "mjpeg" else list(parameter_sets.nal_units(data))


def _units(codec: str, data: bytes) -> list[bytes]:
    if codec == "mjpeg":
        return [data]
    found = []
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    assert at == len(data)
    return found

"""A recorded file as the packets that a camera's session would have handed on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import av.error

from camera_registry.base.errors import InvalidError
from ingest.bitstream.access_units import AccessUnits
from ingest.packets import Packet
from ingest.rtsp import CODECS, OpenStream


def read_packets(path: Path, start_us: int) -> Iterator[Packet]:
    """Yield the packets of a file's first video stream, from its first keyframe on.

    The first picture is taken to have been captured at ``start_us`` (UTC). Raises InvalidError
    where the file cannot be read or holds no video that the hub takes. A file that breaks off ends.
    """
    try:
        # a play list must not make us open other files or addresses
        container = av.open(str(path), options={"protocol_whitelist": "file"})
    except (av.error.FFmpegError, OSError) as error:
        raise InvalidError(
            f"{path.name} cannot be read: {error.strerror}", hint="an MP4 file", code="media"
        ) from None
    with container:
        if not container.streams.video:
            raise InvalidError(f"{path.name} holds no video", code="media")
        stream = container.streams.video[0]
        codec = stream.codec_context.codec.canonical_name if stream.codec_context else "nothing"
        if codec not in CODECS:
            raise InvalidError(
                f"{path.name} holds {codec}", hint=f"one of {', '.join(CODECS)}", code="media"
            )
        empty = True
        for packet in _packets(OpenStream(container, stream, codec), start_us):
            empty = False
            yield packet
        if empty:
            raise InvalidError(f"{path.name} holds no keyframe with a time", code="media")


def _packets(source: OpenStream, start_us: int) -> Iterator[Packet]:
    units = AccessUnits(source)
    origin: int | None = None
    seq = 0
    packets = source.container.demux(source.stream)
    while True:
        try:
            packet = next(packets, None)
            found = units.convert(packet) if packet is not None and packet.size else []
        except av.error.FFmpegError:
            return
        if packet is None:
            return
        for unit in found:
            at_us = unit.pts_us if unit.pts_us is not None else unit.dts_us
            if at_us is None or (origin is None and not unit.keyframe):
                continue
            origin = at_us if origin is None else origin
            utc_us = start_us + at_us - origin
            dts_us = utc_us if unit.dts_us is None else start_us + unit.dts_us - origin
            yield Packet(0, seq, unit.keyframe, utc_us, dts_us, utc_us, unit.data, unit.info)
            seq += 1

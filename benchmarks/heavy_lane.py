"""The quiet lane at a camera's full bit rate: every picture carries filler in proportion to it.

Filler (NAL unit type 12 of ITU-T H.264 7.3.2.7) costs a decoder nothing, and sizes in proportion
leave an activity gate what it goes by: the camera sleeps, and its ring is as full as that of one
that sends this rate.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av

from benchmarks.lane import Lane

_LENGTH_BYTES = 4
_FILLER, _ONES, _STOP = b"\x0c", b"\xff", b"\x80"


def filler(size: int) -> bytes:
    """Return a filler unit of ``size`` bytes with its length in front (ISO/IEC 14496-15), or none
    where there is no room for one.
    """
    body = size - _LENGTH_BYTES
    if body < 2:
        return b""
    return body.to_bytes(_LENGTH_BYTES, "big") + _FILLER + _ONES * (body - 2) + _STOP


def heavy(clip: Lane, folder: Path, mbit_s: float) -> Lane:
    """Return the clip at ``mbit_s`` in its quiet part, as a file in ``folder``."""
    times = mbit_s / clip.quiet_mbit_s
    target = folder / "heavy.mp4"
    with av.open(str(clip.path)) as source, av.open(str(target), "w") as made:
        video = source.streams.video[0]
        out = made.add_stream_from_template(video)
        base = video.time_base or Fraction(1, 90_000)
        for packet in source.demux(video):
            if not packet.size:
                continue
            data = bytes(packet)
            padded = av.Packet(data + filler(round(len(data) * (times - 1))))
            padded.pts, padded.dts, padded.time_base = packet.pts, packet.dts, base
            padded.is_keyframe, padded.stream = packet.is_keyframe, out
            made.mux(padded)
    return replace(clip, path=target, quiet_mbit_s=mbit_s)

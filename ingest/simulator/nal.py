"""NAL units of H.264 and H.265 as the simulator needs them: cut apart and named."""

from __future__ import annotations

from enum import StrEnum


class Codec(StrEnum):
    """Encoding names of the RTP payload registry. MP4V_ES serves the fault ``unknown_codec``."""

    H264 = "H264"
    H265 = "H265"
    MP4V_ES = "MP4V-ES"


def split_annex_b(data: bytes) -> list[bytes]:
    """Cut an Annex-B byte stream into NAL units without start codes (ITU-T H.264, B.1)."""
    units: list[bytes] = []
    start = data.find(b"\x00\x00\x01")
    while start >= 0:
        begin = start + 3
        start = data.find(b"\x00\x00\x01", begin)
        unit = data[begin:] if start < 0 else data[begin:start]
        # A start code of four bytes leaves its zero here; NAL units never end in a zero byte.
        unit = unit.rstrip(b"\x00")
        if unit:
            units.append(unit)
    return units


def is_parameter_set(codec: Codec, nal: bytes) -> bool:
    """Tell SPS, PPS and VPS from all other NAL units."""
    if codec is Codec.H264:
        return nal[0] & 0x1F in {7, 8}
    if codec is Codec.H265:
        return (nal[0] >> 1) & 0x3F in {32, 33, 34}
    return False


def is_delimiter(codec: Codec, nal: bytes) -> bool:
    """Tell access unit delimiters, which RTP makes superfluous."""
    if codec is Codec.H264:
        return nal[0] & 0x1F == 9
    return codec is Codec.H265 and (nal[0] >> 1) & 0x3F == 35

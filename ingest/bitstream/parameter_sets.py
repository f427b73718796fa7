"""Just enough of the H.264, H.265 and JPEG bitstreams to name a stream and its picture size.

Sources: ITU-T H.264 (08/2021) 7.3.2.1.1 and E.1, ITU-T H.265 (08/2021) 7.3.2.2 and 7.3.3,
RFC 6381 with ISO/IEC 14496-15 annex E for the codec strings, ITU-T T.81 B.2.2 for JPEG.
Everything here reads what a camera sent: malformed input gives None, never an exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

START_CODE = b"\x00\x00\x00\x01"

_H264_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
_H264_SETS = frozenset((7, 8, 13))
_HEVC_SETS = frozenset((32, 33, 34))
_MAX_SIDE = 16_384
_SLICE_HEAD = 32


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """RFC 6381 codec string and picture size in pixels, after cropping.

    ``frame_num_bits``: how many bits a slice's frame number has where H.264 may code the fields of
    a picture apart, 0 where it may not. ``separate``: whether its colours are coded apart.
    """

    codec_string: str
    width: int
    height: int
    frame_num_bits: int = 0
    separate: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """Half of an interlaced picture, from its slice header (H.264 7.3.3)."""

    frame_num: int
    bottom: bool
    idr: bool


def nal_units(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units of an Annex-B byte stream, without start codes or trailing zeros."""
    begin = data.find(b"\x00\x00\x01")
    while begin >= 0:
        begin += 3
        end = data.find(b"\x00\x00\x01", begin)
        unit = data[begin : end if end >= 0 else len(data)].rstrip(b"\x00")
        if unit:
            yield unit
        begin = end


def nal_type(codec: str, unit: bytes) -> int:
    """Return ``nal_unit_type`` of a unit that is not empty."""
    return unit[0] & 0x1F if codec == "h264" else (unit[0] >> 1) & 0x3F


def is_parameter_set(codec: str, kind: int) -> bool:
    """Say whether a NAL unit type is a parameter set (VPS, SPS, SPS extension, PPS)."""
    return kind in (_H264_SETS if codec == "h264" else _HEVC_SETS)


def is_random_access(codec: str, kind: int) -> bool:
    """Say whether a NAL unit type is a slice of an IDR (H.264) or IRAP (H.265) picture."""
    return kind == 5 if codec == "h264" else 16 <= kind <= 21


def has_sps_and_pps(codec: str, sets: bytes) -> bool:
    """Say whether an Annex-B string holds at least one SPS and one PPS."""
    kinds = {nal_type(codec, unit) for unit in nal_units(sets)}
    return {7, 8} <= kinds if codec == "h264" else {33, 34} <= kinds


def picture_format(codec: str, sets: bytes) -> PictureFormat | None:
    """Read the first usable SPS of Annex-B parameter sets; None where there is none."""
    wanted, parse = (7, _h264_sps) if codec == "h264" else (33, _hevc_sps)
    for unit in nal_units(sets):
        if nal_type(codec, unit) != wanted:
            continue
        try:
            found = parse(unit)
        except _OutOfBitsError:
            continue
        if 0 < found.width <= _MAX_SIDE and 0 < found.height <= _MAX_SIDE:
            return found
    return None


def field_of(data: bytes, shape: PictureFormat) -> Field | None:
    """Say which field an access unit of H.264 is; None for a whole picture."""
    for unit in nal_units(data):
        kind = nal_type("h264", unit)
        if kind not in (1, 5):
            continue
        bits = _Bits(unit[:_SLICE_HEAD])
        try:
            bits.u(8)
            for _ in range(3):
                bits.ue()
            if shape.separate:
                bits.u(2)
            frame_num = bits.u(shape.frame_num_bits)
            return Field(frame_num, bits.u(1) == 1, kind == 5) if bits.u(1) else None
        except _OutOfBitsError:
            return None
    return None


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) of a JPEG's frame header, or None where it has none."""
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height = int.from_bytes(data[position + 5 : position + 7], "big")
            width = int.from_bytes(data[position + 7 : position + 9], "big")
            return (width, height) if width and height else None
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None


class _OutOfBitsError(Exception):
    """The unit ended before the field that was to be read."""


class _Bits:
    """Reads bits and Exp-Golomb numbers of a raw byte sequence payload."""

    def __init__(self, unit: bytes) -> None:
        self._data = unit.replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(self._data, "big")
        self._left = len(self._data) * 8

    def u(self, count: int) -> int:
        """Read ``count`` bits, most significant first."""
        if count > self._left:
            raise _OutOfBitsError
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def ue(self) -> int:
        """Read an unsigned Exp-Golomb number (H.264 9.1)."""
        zeros = 0
        while self.u(1) == 0:
            zeros += 1
            if zeros > 31:
                raise _OutOfBitsError
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """Read a signed Exp-Golomb number."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def _skip_scaling_lists(bits: _Bits, count: int) -> None:
    for index in range(count):
        if not bits.u(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.se()) % 256
            last = following or last


def _h264_sps(unit: bytes) -> PictureFormat:
    bits = _Bits(unit)
    bits.u(8)
    profile, compatibility, level = bits.u(8), bits.u(8), bits.u(8)
    bits.ue()
    chroma = 1
    separate = 0
    if profile in _H264_HIGH_PROFILES:
        chroma = bits.ue()
        if chroma == 3:
            separate = bits.u(1)
        bits.ue()
        bits.ue()
        bits.u(1)
        if bits.u(1):
            _skip_scaling_lists(bits, 8 if chroma != 3 else 12)
    frame_num_bits = bits.ue() + 4
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(min(bits.ue(), 255)):
            bits.se()
    bits.ue()
    bits.u(1)
    width = (bits.ue() + 1) * 16
    map_units = bits.ue() + 1
    frame_only = bits.u(1)
    height = map_units * 16 * (2 - frame_only)
    if not frame_only:
        bits.u(1)
    bits.u(1)
    if bits.u(1):
        left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
        array = 0 if separate else chroma
        unit_x = 2 if array in (1, 2) else 1
        unit_y = (2 if array == 1 else 1) * (2 - frame_only)
        width -= unit_x * (left + right)
        height -= unit_y * (top + bottom)
    name = f"avc1.{profile:02X}{compatibility:02X}{level:02X}"
    return PictureFormat(name, width, height, 0 if frame_only else frame_num_bits, bool(separate))


def _hevc_sps(unit: bytes) -> PictureFormat:
    bits = _Bits(unit)
    bits.u(16 + 4)
    sub_layers = bits.u(3)
    bits.u(1)
    space, tier, profile = bits.u(2), bits.u(1), bits.u(5)
    compatibility = bits.u(32)
    constraints = bits.u(48).to_bytes(6, "big").rstrip(b"\x00")
    level = bits.u(8)
    present = [(bits.u(1), bits.u(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.u(2 * (8 - sub_layers))
    for has_profile, has_level in present:
        bits.u(88 * has_profile + 8 * has_level)
    bits.ue()
    chroma = bits.ue()
    if chroma == 3:
        bits.u(1)
    width, height = bits.ue(), bits.ue()
    if bits.u(1):
        left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
        width -= (2 if chroma in (1, 2) else 1) * (left + right)
        height -= (2 if chroma == 1 else 1) * (top + bottom)
    reversed_flags = int(f"{compatibility:032b}"[::-1], 2)
    name = f"hev1.{('', 'A', 'B', 'C')[space]}{profile}.{reversed_flags:X}.{'LH'[tier]}{level}"
    return PictureFormat(name + "".join(f".{byte:X}" for byte in constraints), width, height)

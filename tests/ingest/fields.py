"""H.264 field pictures (PAFF), which no encoder at hand makes: written bit by bit.

Pictures of 16 x 32 with macroblocks as plain samples (I_PCM), so that what is decoded is known to
the bit: each field is one macroblock of one grey level. ITU-T H.264 (08/2021) 7.3.2.1.1, 7.3.2.2,
7.3.3, 7.3.5.
"""

from __future__ import annotations

START_CODE = b"\x00\x00\x00\x01"


class _Writer:
    def __init__(self) -> None:
        self._bits: list[int] = []

    def u(self, value: int, count: int) -> None:
        self._bits += [(value >> shift) & 1 for shift in reversed(range(count))]

    def ue(self, value: int) -> None:
        length = (value + 1).bit_length()
        self.u(value + 1, 2 * length - 1)

    def se(self, value: int) -> None:
        self.ue(2 * value - 1 if value > 0 else -2 * value)

    def align(self) -> None:
        while len(self._bits) % 8:
            self._bits.append(0)

    def nal(self, header: int) -> bytes:
        self._bits.append(1)
        self.align()
        pairs = zip(*[iter(self._bits)] * 8, strict=True)
        payload = bytes(int("".join(map(str, bits)), 2) for bits in pairs)
        guarded = bytearray()
        for byte in payload:
            if byte <= 3 and guarded[-2:] == b"\x00\x00":
                guarded.append(3)
            guarded.append(byte)
        return START_CODE + bytes([header]) + bytes(guarded)


def parameter_sets() -> bytes:
    """SPS (Main, 16 x 32, fields allowed) and PPS (CAVLC)."""
    sps = _Writer()
    for value, count in ((77, 8), (0, 8), (30, 8)):
        sps.u(value, count)
    for value in (0, 0, 2, 1):  # id, log2_max_frame_num - 4, pic_order_cnt_type 2, references
        sps.ue(value)
    sps.u(0, 1)
    sps.ue(0)  # one macroblock wide
    sps.ue(0)  # one map unit high: a pair of field macroblocks, 32 rows
    sps.u(0, 1)  # frame_mbs_only_flag
    sps.u(0, 1)  # mb_adaptive_frame_field_flag
    sps.u(1, 1)  # direct_8x8_inference_flag
    sps.u(0, 2)  # neither cropping nor VUI
    pps = _Writer()
    pps.ue(0)
    pps.ue(0)
    pps.u(0, 2)
    for _ in range(3):
        pps.ue(0)
    pps.u(0, 3)
    for _ in range(3):
        pps.se(0)
    pps.u(0, 3)
    return sps.nal(0x67) + pps.nal(0x68)


def field(level: int, *, bottom: bool, frame_num: int, idr: bool, idr_id: int = 0) -> bytes:
    """One field of one grey ``level``. The second field of an IDR picture is no IDR itself."""
    bits = _Writer()
    bits.ue(0)
    bits.ue(7)  # an I slice, as all of this picture
    bits.ue(0)
    bits.u(frame_num, 4)
    bits.u(1, 1)  # field_pic_flag
    bits.u(int(bottom), 1)
    if idr:
        bits.ue(idr_id)
        bits.u(0, 2)  # neither kept back nor long-term
    else:
        bits.u(0, 1)  # the sliding window marks references
    bits.se(0)
    bits.ue(25)  # I_PCM
    bits.align()
    for sample in [level] * 256 + [128] * 128:
        bits.u(sample, 8)
    return bits.nal(0x65 if idr else 0x61)


def pictures(count: int) -> list[tuple[bytes, bytes]]:
    """Both fields of ``count`` IDR pictures; rows are 40 + n and 200 - n in turn."""
    found = []
    for number in range(count):
        first = field(40 + number, bottom=False, frame_num=0, idr=True, idr_id=number % 2)
        second = field(200 - number, bottom=True, frame_num=0, idr=False)
        found.append((parameter_sets() + first, second))
    return found

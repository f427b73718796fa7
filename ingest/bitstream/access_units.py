"""From FFmpeg's packets to access units as every later stage wants them.

Annex-B, keyframes told apart, parameter sets in band on each keyframe, and a ``StreamInfo`` that
follows a change of the picture size in mid-stream.
"""

from __future__ import annotations

from fractions import Fraction

import av
from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

from ingest.bitstream import parameter_sets as sets
from ingest.bitstream.access_unit import AccessUnit
from ingest.bitstream.field_pairs import FieldPairs
from ingest.packets import StreamInfo
from ingest.rtsp import OpenStream

_MAX_UNIT = 16 * 1024 * 1024
_MAX_SETS = 64 * 1024
_LENGTH_PREFIXED = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}


class AccessUnits:
    """Turns the packets of one open stream into access units."""

    def __init__(self, source: OpenStream) -> None:
        context = source.stream.codec_context
        self._codec = source.codec
        self._sets = b""
        self._info: StreamInfo | None = None
        self._shape: sets.PictureFormat | None = None
        self._pairs = FieldPairs()
        self._scale = _scale(source.stream.time_base)
        self._filter: BitStreamFilterContext | None = None
        extradata = bytes(context.extradata or b"")
        if self._codec in _LENGTH_PREFIXED and extradata[:1] == b"\x01":
            # avcC or hvcC of ISO/IEC 14496-15, as files have it; RTSP brings Annex-B already.
            # The filter itself puts the parameter sets in front of keyframes.
            self._filter = BitStreamFilterContext(_LENGTH_PREFIXED[self._codec], source.stream)
        elif self._codec != "mjpeg" and len(extradata) <= _MAX_SETS:
            self._remember(self._own_sets(extradata))

    @property
    def has_parameter_sets(self) -> bool:
        """Whether the picture's format is known by now."""
        return self._info is not None

    @property
    def waiting(self) -> bool:
        """Whether the last packet is held back until the other half of its picture is there."""
        return self._pairs.waiting

    def convert(self, packet: av.Packet[VideoStream]) -> list[AccessUnit]:
        """Take one packet (the filter empties it); units before the first keyframe are left out.

        Raises av.error.FFmpegError where the filter finds the data broken.
        """
        if self._filter is None:
            unit = self._unit(packet)
            found = [] if unit is None else [unit]
        else:
            self._scale = _scale(packet.time_base)
            units = (self._unit(filtered) for filtered in self._filter.filter(packet))
            found = [unit for unit in units if unit]
        shape = self._shape
        if shape is None or not shape.frame_num_bits:
            return found
        return [whole for unit in found for whole in self._pairs.join(unit, shape)]

    def _unit(self, packet: av.Packet[VideoStream]) -> AccessUnit | None:
        if not 0 < packet.size <= _MAX_UNIT or packet.is_corrupt:
            return None
        data = bytes(packet)
        keyframe = packet.is_keyframe
        if self._codec == "mjpeg":
            keyframe = True
            self._see_jpeg(data)
        elif keyframe:
            data = self._complete(data)
        if self._info is None:
            return None
        pts, dts, (times, over) = packet.pts, packet.dts, self._scale
        return AccessUnit(
            data,
            keyframe,
            None if pts is None else (pts * times + over // 2) // over,
            None if dts is None else (dts * times + over // 2) // over,
            self._info,
        )

    def _see_jpeg(self, data: bytes) -> None:
        size = sets.jpeg_size(data)
        if size and (self._info is None or size != (self._info.width, self._info.height)):
            self._info = StreamInfo("mjpeg", "", *size)

    def _own_sets(self, data: bytes) -> bytes:
        """Return the parameter sets at the head of an access unit, in Annex-B form."""
        found = []
        for unit in sets.nal_units(data):
            kind = sets.nal_type(self._codec, unit)
            if sets.is_parameter_set(self._codec, kind):
                found.append(sets.START_CODE + unit)
            elif sets.is_random_access(self._codec, kind):
                break
        return b"".join(found)

    def _complete(self, data: bytes) -> bytes:
        """Learn a keyframe's parameter sets, or put the known ones in front of it."""
        own = self._own_sets(data)
        if sets.has_sps_and_pps(self._codec, own):
            self._remember(own)
            return data
        return self._sets + data if self._sets else data

    def _remember(self, found: bytes) -> None:
        if found == self._sets or not sets.has_sps_and_pps(self._codec, found):
            return
        shape = sets.picture_format(self._codec, found)
        if shape is None:
            return
        self._sets, self._shape = found, shape
        self._info = StreamInfo(self._codec, shape.codec_string, shape.width, shape.height, found)


def _scale(base: Fraction | None) -> tuple[int, int]:
    """Return what makes microseconds of ticks, times and over: whole numbers, a packet costs less
    than half of what it does with fractions.
    """
    return (base.numerator * 1_000_000, base.denominator) if base else (1, 1)

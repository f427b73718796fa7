"""Measures an RTSP stream: what comes out of the camera, not what it says of itself."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

import av
import av.error
from av.video.stream import VideoStream

from camera_registry.base.clock import Clock
from camera_registry.probe import StreamReport
from ingest.bitstream.access_unit import AccessUnit
from ingest.bitstream.access_units import AccessUnits
from ingest.decoder import FrameDecoder
from ingest.open_errors import OpenError, explain
from ingest.options import IngestOptions
from ingest.packets import Packet
from ingest.probe.bitstream import profile_name
from ingest.probe.groups import Groups
from ingest.probe.picture import jpeg
from ingest.rtsp import OpenStream, open_camera
from ingest.session import Source

_MAX_FRAMES = 4000
_LONGER = 3.0
"""A stream with fewer than two whole groups of pictures is measured up to so many times longer."""

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured, and the first picture as a JPEG (empty: it could not be decoded)."""

    report: StreamReport
    picture: bytes


@dataclass(slots=True)
class _Seen:
    """What is gathered while packets come. Times are monotonic seconds."""

    groups: Groups = field(default_factory=Groups)
    codec_string: str = ""
    width: int = 0
    height: int = 0
    first: float = 0.0
    last: float = 0.0
    first_picture: float = 0.0
    picture: bytes = b""
    offset_us: float | None = None


class StreamProbe:
    """One measurement, in the thread that calls ``run``. ``stop`` may be set from any thread."""

    def __init__(
        self,
        source: Source,
        *,
        clock: Clock,
        options: IngestOptions,
        seconds: float,
        stop: threading.Event,
        progress: Progress,
    ) -> None:
        self._source = source
        self._clock = clock
        self._options = options
        self._seconds = seconds
        self._stop = stop
        self._progress = progress
        self._seen = _Seen()
        self._began = 0.0

    def run(self) -> Measured:
        """Open the camera and watch it. Raises OpenError."""
        self._began = time.monotonic()
        self._progress(0.0, "opening")
        source = self._source
        stream = open_camera(source.url, source.credentials, source.transport, self._options)
        opened_s = time.monotonic() - self._began
        with closing(stream.container):
            declared = float(stream.stream.average_rate or 0)
            self._watch(stream)
        return Measured(self._report(stream.codec, opened_s, declared), self._seen.picture)

    def _watch(self, stream: OpenStream) -> None:
        units = AccessUnits(stream)
        keyframe_due = time.monotonic() + self._options.keyframe_within_s
        try:
            for packet in stream.container.demux(stream.stream):
                if packet.size:
                    self._take(units, packet)
                if self._stop.is_set() or self._enough():
                    return
                if not self._seen.groups.frames and time.monotonic() > keyframe_due:
                    raise _no_picture(units.has_parameter_sets)
            ended: Exception = av.error.EOFError(0, "")
        except (av.error.FFmpegError, OSError) as error:
            ended = error
        if not self._seen.groups.frames:
            raise explain(ended)

    def _take(self, units: AccessUnits, packet: av.Packet[VideoStream]) -> None:
        offset = _clock_offset_us(packet, self._clock.utc_us())
        if offset is not None:
            # a packet cannot arrive before it was captured: the largest is that of least delay
            known = self._seen.offset_us
            self._seen.offset_us = offset if known is None else max(known, offset)
        try:
            found = units.convert(packet)
        except av.error.FFmpegError:
            return
        for unit in found:
            self._count(unit)

    def _count(self, unit: AccessUnit) -> None:
        seen = self._seen
        if not seen.groups.frames and not unit.keyframe:
            return
        seen.last = time.monotonic()
        seen.first = seen.first or seen.last
        seen.groups.add(len(unit.data), keyframe=unit.keyframe, pts_us=unit.pts_us)
        info = unit.info
        seen.codec_string, seen.width, seen.height = info.codec_string, info.width, info.height
        if unit.keyframe and not seen.picture:
            self._show(unit)
        measured_s = seen.last - seen.first
        self._progress(min(measured_s / self._seconds, 1.0), "measuring")

    def _show(self, unit: AccessUnit) -> None:
        now = self._clock.utc_us()
        packet = Packet(0, 0, True, now, now, now, unit.data, unit.info)
        frames = FrameDecoder().still(packet)  # kept, two hundred would hold megabytes each
        if frames:
            self._seen.first_picture = time.monotonic()
            self._seen.picture = jpeg(frames[0].frame)

    def _enough(self) -> bool:
        seen = self._seen
        if not seen.groups.frames:
            return False
        measured_s = time.monotonic() - seen.first
        if seen.groups.frames >= _MAX_FRAMES or measured_s >= self._seconds * _LONGER:
            return True
        return measured_s >= self._seconds and seen.groups.whole >= 2

    def _report(self, codec: str, opened_s: float, declared: float) -> StreamReport:
        seen, groups = self._seen, self._seen.groups
        offset = None if seen.offset_us is None else round(seen.offset_us / 1e6, 3)
        return StreamReport(
            login=(),
            codec=codec,
            codec_string=seen.codec_string,
            profile=profile_name(seen.codec_string),
            width=seen.width,
            height=seen.height,
            fps=round(groups.fps(seen.last - seen.first), 2),
            declared_fps=round(declared, 2),
            bitrate_kbps=round(groups.kbps(seen.last - seen.first), 1),
            gop_frames=round(groups.mean_frames, 1),
            gop_s=round(groups.mean_s, 2),
            longest_gop_s=round(groups.longest_s, 2),
            b_frames=groups.reordered,
            rate_control=groups.rate_control(),
            gop_variation=round(groups.variation, 3),
            gops=groups.whole,
            frames=groups.frames,
            seconds=round(seen.last - seen.first, 2),
            open_s=round(opened_s, 3),
            first_picture_s=round(max(seen.first_picture - self._began, 0.0), 3),
            clock_offset_s=offset,
        )


def _clock_offset_us(packet: av.Packet[VideoStream], now_us: int) -> float | None:
    """Return the camera's clock less ours, from the producer reference time of a packet.

    FFmpeg makes it of RTCP sender reports (RFC 3550, 6.4.1): ``AVProducerReferenceTime`` of
    libavutil/defs.h begins with the wall clock in microseconds since 1970, a signed 64-bit integer.
    """
    if not packet.has_sidedata("prft"):
        return None
    data = bytes(packet.get_sidedata("prft"))
    if len(data) < 8:
        return None
    (wall_us,) = struct.unpack_from("=q", data)
    return float(wall_us - now_us)


def _no_picture(has_parameter_sets: bool) -> OpenError:
    if has_parameter_sets:
        return OpenError(
            "the camera sends video but no keyframe",
            hint="set a keyframe interval of at most a few seconds in the camera",
            code="no_keyframe",
        )
    return OpenError(
        "the camera sends video without the parameter sets that a decoder needs",
        hint="update the camera's firmware, or choose another stream profile",
        code="no_parameter_sets",
    )

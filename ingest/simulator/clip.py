"""A clip: the access units of one video stream, read from a file by PyAV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import av.error
from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

from camera_registry.base.errors import InvalidError
from ingest.simulator.nal import Codec, is_delimiter, is_parameter_set, split_annex_b

RTP_CLOCK = 90_000  # Hz, for every video payload (RFC 6184, 8.2.1; RFC 7798, 7.1)
_MAX_UNITS = 200_000


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture: NAL units without parameter sets, times in 1/90000 s.

    ``send_at`` follows decoding order, ``pts`` is the instant of capture; pts <= send_at.
    """

    nals: tuple[bytes, ...]
    pts: int
    send_at: int
    key: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """A stream that starts with a keyframe. ``duration`` (1/90000 s) is the period of its loop."""

    codec: Codec
    width: int
    height: int
    fps: float
    parameter_sets: tuple[bytes, ...]
    units: tuple[AccessUnit, ...]
    duration: int


_FILTERS = {
    "h264": (Codec.H264, "h264_mp4toannexb"),
    "hevc": (Codec.H265, "hevc_mp4toannexb"),
    "mpeg4": (Codec.MP4V_ES, None),
}


def read_clip(path: Path) -> Clip:
    """Demultiplex the first video stream of ``path``. Raises InvalidError with the reason."""
    if not path.is_file():
        raise InvalidError(
            f"there is no file {path.name}", hint="give a scene's name or an MP4 file"
        )
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise InvalidError(f"{path.name} holds no video")
            return _read_stream(container, container.streams.video[0], path.name)
    except av.error.FFmpegError as error:
        raise InvalidError(
            f"{path.name} cannot be read: {error.strerror}", hint="an MP4 with H.264 or H.265"
        ) from error


def _read_stream(container: av.container.InputContainer, stream: VideoStream, name: str) -> Clip:
    codec_name = stream.codec_context.name
    if codec_name not in _FILTERS:
        raise InvalidError(f"{name} holds {codec_name}", hint="give H.264 or H.265")
    codec, filter_name = _FILTERS[codec_name]
    extradata = stream.codec_context.extradata or b""
    bitstream = BitStreamFilterContext(filter_name, stream) if filter_name else None
    raw: list[tuple[bytes, int, int, bool]] = []
    for packet in container.demux(stream):
        if packet.size == 0 or packet.pts is None or packet.dts is None:
            continue
        if stream.time_base is None:
            raise InvalidError(f"{name} has no time base")
        scale = stream.time_base * RTP_CLOCK
        times = (round(packet.pts * scale), round(packet.dts * scale))
        key = packet.is_keyframe
        parts = bitstream.filter(packet) if bitstream else [packet]
        raw.extend((bytes(part), *times, key) for part in parts)
        if len(raw) > _MAX_UNITS:
            raise InvalidError(f"{name} is too long", hint=f"at most {_MAX_UNITS} pictures")
    return _assemble(codec, stream, extradata, raw, name)


def _assemble(
    codec: Codec,
    stream: VideoStream,
    extradata: bytes,
    raw: list[tuple[bytes, int, int, bool]],
    name: str,
) -> Clip:
    first_key = next((i for i, unit in enumerate(raw) if unit[3]), None)
    if first_key is None:
        raise InvalidError(f"{name} has no keyframe")
    raw = raw[first_key:]
    parameter_sets: dict[bytes, None] = {}
    if codec is Codec.MP4V_ES:
        parameter_sets[extradata] = None
    pictures: list[tuple[tuple[bytes, ...], int, int, bool]] = []
    for data, pts, dts, key in raw:
        nals = [data] if codec is Codec.MP4V_ES else split_annex_b(data)
        parameter_sets.update({nal: None for nal in nals if is_parameter_set(codec, nal)})
        rest = tuple(
            nal for nal in nals if not is_parameter_set(codec, nal) and not is_delimiter(codec, nal)
        )
        if rest:
            pictures.append((rest, pts, dts, key))
    start = min(pts for _, pts, _, _ in pictures)
    # Sending at dts + the longest reordering keeps every capture instant before its sending.
    reorder = max(pts - dts for _, pts, dts, _ in pictures)
    units = tuple(
        AccessUnit(nals, pts - start, dts + reorder - start, key)
        for nals, pts, dts, key in pictures
    )
    span = max(unit.pts for unit in units)
    frame = round(span / (len(units) - 1)) if len(units) > 1 else RTP_CLOCK // 25
    return Clip(
        codec=codec,
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        fps=RTP_CLOCK / max(frame, 1),
        parameter_sets=tuple(parameter_sets),
        units=units,
        duration=span + max(frame, 1),
    )

"""Moving pictures made at run time, as packets and as files."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ingest.bitstream import parameter_sets
from ingest.packets import Packet, StreamInfo

FPS = 25
FRAME_US = 1_000_000 // FPS
START_US = 1_700_000_000_000_000

Gray = NDArray[np.uint8]
_ENCODERS = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg"}


def moving(width: int, height: int) -> Callable[[int], Gray]:
    """A bright block that walks over a noisy background; no two pictures are the same."""

    def picture(index: int) -> Gray:
        noise = np.random.default_rng(index)
        gray = noise.integers(60, 90, (height, width), dtype=np.uint8)
        left = 8 * index % (width - 16)
        gray[height // 4 : height // 2, left : left + 16] = 230
        return gray

    return picture


def still(width: int, height: int, level: int) -> Callable[[int], Gray]:
    """Always the same flat picture."""
    return lambda _: np.full((height, width), level, np.uint8)


def _frame(gray: Gray) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(gray, format="gray").reformat(format="yuv420p")


def _set_up(context: VideoCodecContext, codec: str, gop: int, bframes: int) -> None:
    context.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    context.time_base = Fraction(1, FPS)
    context.framerate = Fraction(FPS)
    context.gop_size = gop
    context.max_b_frames = bframes
    context.options = {
        "h264": {"preset": "ultrafast", "bf": str(bframes), "x264-params": "scenecut=0"},
        "hevc": {
            "preset": "ultrafast",
            "x265-params": f"log-level=none:bframes={bframes}:keyint={gop}:scenecut=0:pools=1",
        },
        "mjpeg": {},
    }[codec]


def packets(
    codec: str = "h264",
    width: int = 320,
    height: int = 180,
    frames: int = 25,
    *,
    gop: int = 12,
    bframes: int = 0,
    epoch: int = 1,
    first_seq: int = 0,
    start_us: int = START_US,
    picture: Callable[[int], Gray] | None = None,
    options: dict[str, str] | None = None,
) -> list[Packet]:
    """Encode and return access units as a session would hand them out.

    ``options`` of the encoder go on top of those that make the groups of pictures.
    """
    context = cast(VideoCodecContext, av.CodecContext.create(_ENCODERS[codec], "w"))
    context.width, context.height = width, height
    _set_up(context, codec, gop, bframes)
    context.options = {**context.options, **(options or {})}
    picture = picture or moving(width, height)
    coded: list[av.Packet[VideoStream]] = []
    for index in range(frames):
        frame = _frame(picture(index))
        frame.pts, frame.time_base = index, Fraction(1, FPS)
        coded += context.encode(frame)
    coded += context.encode(None)
    return [
        _packet(codec, width, height, unit, epoch, first_seq + index, start_us)
        for index, unit in enumerate(coded)
    ]


def _packet(
    codec: str,
    width: int,
    height: int,
    unit: av.Packet[VideoStream],
    epoch: int,
    seq: int,
    start_us: int,
) -> Packet:
    data = bytes(unit)
    shape = None if codec == "mjpeg" else parameter_sets.picture_format(codec, data)
    info = StreamInfo(codec, shape.codec_string if shape else "", width, height)
    utc = start_us + round((unit.pts or 0) * FRAME_US)
    dts = start_us + round((unit.dts or 0) * FRAME_US)
    return Packet(epoch, seq, unit.is_keyframe, utc, dts, start_us + seq * FRAME_US, data, info)


def write_mp4(
    path: Path,
    codec: str = "h264",
    width: int = 320,
    height: int = 180,
    frames: int = 50,
    *,
    gop: int = 12,
    bframes: int = 0,
    picture: Callable[[int], Gray] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write an MP4 file: length-prefixed units, parameter sets apart from them.

    ``options`` of the encoder go on top of those that make the groups of pictures.
    """
    picture = picture or moving(width, height)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(_ENCODERS[codec], rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = width, height
        _set_up(stream.codec_context, codec, gop, bframes)
        stream.codec_context.options = {**stream.codec_context.options, **(options or {})}
        stream.codec_context.flags |= Flags.global_header  # parameter sets only beside the pictures
        for index in range(frames):
            for unit in stream.encode(_frame(picture(index))):
                container.mux(unit)
        for unit in stream.encode(None):
            container.mux(unit)
    return path

"""Encodes rendered pictures as a camera would: H.264 without B-frames, one keyframe every 2 s."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import av.codec
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from camera_registry.base.errors import ConfigError
from ingest.simulator.config import Rate

Planes = npt.NDArray[np.uint8]  # I420: (height * 3 / 2, width)
GOP_SECONDS = 2


@functools.cache
def require_encoder(name: str) -> None:
    """Raise ConfigError if PyAV was built without the encoder ``name``."""
    try:
        av.codec.Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        raise ConfigError(
            f"this build of PyAV has no {name}", hint="install the av wheel from PyPI"
        ) from None


def default_kbps(width: int, height: int, fps: int) -> int:
    """Return a bit rate that a camera of this size would be set to: 2 Mbit/s for 720p at 25."""
    share = width * height / (1280 * 720) * math.sqrt(fps / 25)
    return max(round(2000 * share), 100)


def encoder_options(rate: Rate, kbps: int, fps: int) -> dict[str, str]:
    """Return libx264's options. CBR is strict: HRD with filler, a buffer of half a second."""
    options = {"preset": "superfast", "tune": "zerolatency", "threads": "1", "profile": "high"}
    gop = GOP_SECONDS * fps
    common = f"keyint={gop}:min-keyint={gop}:scenecut=0:sliced-threads=0"
    if rate == "cbr":
        # Macroblock-tree and look-ahead are off with zerolatency; the filler makes every second
        # the same size, as cameras do that are set to "constant".
        hrd = f"nal-hrd=cbr:filler=1:vbv-maxrate={kbps}:vbv-bufsize={kbps // 2}:bitrate={kbps}"
        return {**options, "x264-params": f"{common}:{hrd}"}
    cap = f"crf=28:vbv-maxrate={kbps * 2}:vbv-bufsize={kbps * 4}"
    return {**options, "x264-params": f"{common}:{cap}"}


def encode_mp4(
    target: Path,
    pictures: Iterable[Planes],
    *,
    fps: int,
    size: tuple[int, int],
    rate: Rate,
    kbps: int,
) -> None:
    """Write ``pictures`` (I420) to ``target`` as MP4. ``size`` is (width, height) in pixels."""
    require_encoder("libx264")
    with av.open(str(target), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options=encoder_options(rate, kbps, fps))
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        if rate == "cbr":
            stream.codec_context.bit_rate = kbps * 1000
        for index, planes in enumerate(pictures):
            frame = VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

"""Other versions of a clip that faults need: black, half the size, or in an unknown codec."""

from __future__ import annotations

import tempfile
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from camera_registry.base.errors import InvalidError
from ingest.simulator.clip import Clip, read_clip
from ingest.simulator.encoder import require_encoder

_SECONDS = 2
_ENCODERS = {"h264": "libx264", "hevc": "libx265"}


class Variant(StrEnum):
    """What to make of a clip."""

    BLACK = "black"
    HALF_SIZE = "half-size"
    MPEG4 = "mpeg4"


def make_variant(path: Path, variant: Variant) -> Clip:
    """Encode the first two seconds of ``path`` anew as ``variant``; one GOP, no B-frames."""
    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        fps = max(round(float(stream.average_rate or 25)), 1)
        encoder = _ENCODERS.get(stream.codec_context.name)
        if variant is Variant.MPEG4:
            encoder = "mpeg4"
        if encoder is None:
            raise InvalidError(f"no variant can be made of {stream.codec_context.name}")
        require_encoder(encoder)
        frames = [
            frame.to_ndarray(format="yuv420p")
            for frame in islice(source.decode(stream), _SECONDS * fps)
        ]
        width, height = stream.codec_context.width, stream.codec_context.height
    if variant is Variant.BLACK:
        frames = _black(frames)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "variant.mp4"
        halve = 2 if variant is Variant.HALF_SIZE else 1
        size = (max(width // halve & ~1, 64), max(height // halve & ~1, 64))
        _encode(target, encoder, frames, size, fps)
        return read_clip(target)


def _black(frames: list[np.ndarray]) -> list[np.ndarray]:
    """Return what a covered lens sees: black level with the noise of the sensor."""
    generator = np.random.default_rng(0)
    rows = frames[0].shape[0] * 2 // 3
    black = np.full_like(frames[0], 128)
    result = []
    for _ in frames:
        black[:rows] = generator.integers(16, 19, black[:rows].shape, dtype=np.uint8)
        result.append(black.copy())
    return result


def _encode(
    target: Path, encoder: str, frames: list[np.ndarray], size: tuple[int, int], fps: int
) -> None:
    options = {"mpeg4": {"qscale": "5"}, "libx264": {"preset": "superfast", "tune": "zerolatency"}}
    with av.open(str(target), "w", format="mp4") as container:
        stream = cast(
            VideoStream, container.add_stream(encoder, rate=fps, options=options.get(encoder, {}))
        )
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = len(frames)
        stream.codec_context.max_b_frames = 0
        for index, pixels in enumerate(frames):
            frame = VideoFrame.from_ndarray(pixels, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame.reformat(width=size[0], height=size[1])))
        container.mux(stream.encode(None))

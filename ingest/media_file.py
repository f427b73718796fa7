"""Pictures of a media file, and an MP4 of pictures: for trying things out on a clip."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import av.error
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from camera_registry.base.errors import InvalidError
from ingest.decoder import DecodedFrame

_MAX_SIDE = 8192


def read_pictures(path: Path) -> Iterator[DecodedFrame]:
    """Decode the first video of a file. Times are those in the file, in microseconds from 0.

    Raises InvalidError where the file is missing, is no media file or has no video; what is broken
    inside of it ends the pictures.
    """
    try:
        container = av.open(str(path), "r")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or "it is no media file"
        raise InvalidError(
            f"{path.name} cannot be read: {why}",
            hint="give a video or a picture",
        ) from error
    with container:
        if not container.streams.video:
            raise InvalidError(f"{path.name} holds no video", hint="give a video or a picture")
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        frames = container.decode(stream)
        for index in range(1 << 62):
            try:
                frame = next(frames, None)
            except av.error.FFmpegError:
                return
            if frame is None:
                return
            at_us = round((frame.time or 0.0) * 1e6)
            yield DecodedFrame(
                at_us, at_us, 0, index, bool(frame.key_frame), frame.width, frame.height, frame
            )


def frame_rate(path: Path) -> float:
    """Return the pictures a second that a file says it has; 10 where it says nothing of use."""
    with av.open(str(path), "r") as container:
        rate = container.streams.video[0].average_rate
    return float(rate) if rate and 1 <= rate <= 120 else 10.0


class Mp4Writer:
    """Writes pictures (height, width, 3) in blue, green, red as H.264. A context manager.

    The first picture decides the size, cut to even numbers; later ones are scaled to it. Raises
    InvalidError where the file cannot be written.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self._rate = Fraction(fps).limit_denominator(1000)
        self._stream: VideoStream | None = None
        self._count = 0
        try:
            self._file = path.open("wb")
        except OSError as error:
            raise InvalidError(f"{path.name} cannot be written: {error.strerror}") from error
        self._container = av.open(self._file, "w", format="mp4")

    def __enter__(self) -> Mp4Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._file:
            if self._stream is not None:
                self._container.mux(self._stream.encode(None))
            self._container.close()

    def write(self, picture: NDArray[np.uint8]) -> None:
        """Append a picture."""
        stream = self._stream or self._begin(picture)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
        frame.pts = self._count
        frame.time_base = 1 / self._rate
        self._count += 1
        scaled = frame.reformat(stream.width, stream.height, "yuv420p")
        self._container.mux(stream.encode(scaled))

    def _begin(self, picture: NDArray[np.uint8]) -> VideoStream:
        height, width = (min(side, _MAX_SIDE) // 2 * 2 for side in picture.shape[:2])
        stream = self._container.add_stream("libx264", rate=self._rate)
        stream.width, stream.height, stream.pix_fmt = max(width, 2), max(height, 2), "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "23"}
        self._stream = stream
        return stream

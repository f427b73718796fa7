"""Decodes one camera's packets; whatever they hold, nothing but frames comes out."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import av.error
import numpy as np
from av.codec.context import ThreadType
from av.video.codeccontext import VideoCodecContext
from av.video.plane import VideoPlane
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from prometheus_client import Counter

from ingest.packets import Packet

DECODED = Counter("camhub_frames_decoded_total", "Frames decoded")
DROPPED = Counter("camhub_frames_dropped_total", "Frames not decoded or not used", ["reason"])

_MICROSECONDS = Fraction(1, 1_000_000)
_MAX_PENDING = 64
_MAX_PIXELS = str(8192 * 4352)  # 8K, with the encoder's padding: a lie in an SPS costs memory
_MAX_SCALERS = 64
"""A camera's size and format make one or two, and a city has many; used round and round, a few too
many would each be made anew for every picture."""


class _Scalers(threading.local):
    """swscale contexts of one thread, by conversion: making one costs more than using it."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[object, ...], VideoReformatter] = OrderedDict()

    def convert(
        self,
        frame: av.VideoFrame,
        width: int,
        height: int,
        form: str,
        interpolation: str = "FAST_BILINEAR",
    ) -> av.VideoFrame:
        key = (frame.width, frame.height, frame.format.name, width, height, form, interpolation)
        scaler = self._held.pop(key, None) or VideoReformatter()
        self._held[key] = scaler
        if len(self._held) > _MAX_SCALERS:
            self._held.popitem(last=False)
        return scaler.reformat(frame, width, height, form, interpolation=interpolation, threads=1)


_scalers = _Scalers()


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One picture in the decoder's own planes; it is scaled and converted only when asked.

    ``utc_us`` and ``arrival_us`` are those of the packet that it came in. ``epoch`` and ``seq`` are
    those of the packet that completed it.
    """

    utc_us: int
    arrival_us: int
    epoch: int
    seq: int
    keyframe: bool
    width: int
    height: int
    frame: av.VideoFrame

    def gray(self, width: int, height: int) -> NDArray[np.uint8]:
        """Return the luma scaled to (height, width), contiguous and not shared."""
        return _plane(_scalers.convert(self.frame, width, height, "gray"), 1)

    def bgr(self, width: int = 0, height: int = 0) -> NDArray[np.uint8]:
        """Return (height, width, 3) in blue, green, red; in the picture's own size by default."""
        wanted = (width or self.width, height or self.height)
        return _plane(_scalers.convert(self.frame, *wanted, "bgr24"), 3)

    def rgb(self, width: int = 0, height: int = 0) -> NDArray[np.uint8]:
        """Return (height, width, 3) in red, green, blue; in the picture's own size by default."""
        wanted = (width or self.width, height or self.height)
        return _plane(_scalers.convert(self.frame, *wanted, "rgb24"), 3)

    def rgb_planes(self, width: int, height: int) -> tuple[NDArray[np.uint8], ...]:
        """Return the red, green and blue plane, (height, width) each, to be read only.

        They are views of the scaler's own output: a model that wants planes is served without the
        detour over interleaved pixels. Scaled exactly to half a pixel: FAST_BILINEAR, which does
        for the eye and for motion, moves edges sideways by up to two.
        """
        scaled = _scalers.convert(self.frame, width, height, "gbrp", "BILINEAR")
        green, blue, red = (_rows(plane)[:height, :width] for plane in scaled.planes)
        return red, green, blue


def _rows(plane: VideoPlane) -> NDArray[np.uint8]:
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)


def _plane(frame: av.VideoFrame, channels: int) -> NDArray[np.uint8]:
    used = _rows(frame.planes[0])[: frame.height, : frame.width * channels].copy()
    return used if channels == 1 else used.reshape(frame.height, frame.width, channels)


class FrameDecoder:
    """The decoder of one camera. Used by one thread at a time.

    It starts at a keyframe, and after a gap in the sequence, a new session or broken data it waits
    for the next one, so that no frame is built on a missing one. The loop filter is skipped: it
    costs a third of the decoding and no detector needs it.
    """

    def __init__(self) -> None:
        self._context: VideoCodecContext | None = None
        self._codec = ""
        self._next: tuple[int, int] | None = None
        self._arrivals: OrderedDict[int, int] = OrderedDict()

    @property
    def waits(self) -> bool:
        """Whether nothing can be decoded before the next keyframe."""
        return self._next is None

    def push(self, packet: Packet) -> list[DecodedFrame]:
        """Decode one packet and return the frames that it completes, in display order.

        Broken data gives none and is counted; it raises nothing.
        """
        expected = self._next
        self._next = (packet.epoch, packet.seq + 1)
        if expected != (packet.epoch, packet.seq) or packet.info.codec != self._codec:
            self._prepare(packet)
            if not packet.keyframe:
                self._wait_for_keyframe("no_keyframe")
                return []
        try:
            frames = self._decode(self._context_for(packet.info.codec), packet)
        except (av.error.FFmpegError, ValueError, MemoryError):
            self._wait_for_keyframe("broken")
            return []
        DECODED.inc(len(frames))
        return frames

    def still(self, packet: Packet) -> list[DecodedFrame]:
        """Decode a keyframe by itself: its picture comes now, also where a decoder would hold it
        back to see what follows. The next packet that counts is a keyframe, this one if wanted.
        """
        if not packet.keyframe:
            return []
        self.reset()
        frames = self.push(packet)
        if not frames and self._context is not None and self._next is not None:
            try:
                frames = self._frames(self._context.decode(None), packet)
            except (av.error.FFmpegError, ValueError, MemoryError):
                self._wait_for_keyframe("broken")
                return []
            DECODED.inc(len(frames))
        self.reset()
        return frames

    def reset(self) -> None:
        """Forget all; the next packet that counts is a keyframe."""
        self._next = None
        self._arrivals.clear()
        if self._context is not None:
            self._context.flush_buffers()

    def _wait_for_keyframe(self, reason: str) -> None:
        DROPPED.labels(reason).inc()
        self.reset()

    def _prepare(self, packet: Packet) -> None:
        self._arrivals.clear()
        if packet.info.codec != self._codec:
            self._context = None
        elif self._context is not None:
            self._context.flush_buffers()

    def _context_for(self, codec: str) -> VideoCodecContext:
        if self._context is None:
            context = cast(VideoCodecContext, av.CodecContext.create(codec, "r"))
            context.thread_type = ThreadType.NONE
            context.thread_count = 1
            context.options = {"skip_loop_filter": "all", "max_pixels": _MAX_PIXELS}
            self._codec, self._context = codec, context
        return self._context

    def _decode(self, context: VideoCodecContext, packet: Packet) -> list[DecodedFrame]:
        coded = av.Packet(packet.data)
        coded.pts, coded.dts, coded.time_base = packet.utc_us, packet.dts_us, _MICROSECONDS
        self._arrivals[packet.utc_us] = packet.arrival_us
        if len(self._arrivals) > _MAX_PENDING:
            self._arrivals.popitem(last=False)
        return self._frames(context.decode(coded), packet)

    def _frames(self, frames: list[av.VideoFrame], packet: Packet) -> list[DecodedFrame]:
        found = []
        for frame in frames:
            if frame.is_corrupt:
                DROPPED.labels("corrupt").inc()
                continue
            utc_us = packet.utc_us if frame.pts is None else frame.pts
            found.append(
                DecodedFrame(
                    utc_us,
                    self._arrivals.pop(utc_us, packet.arrival_us),
                    packet.epoch,
                    packet.seq,
                    bool(frame.key_frame),
                    frame.width,
                    frame.height,
                    frame,
                )
            )
        return found

"""Short clips encoded at run time, as the packets that a session would hand on."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

from ingest.packets import Packet, StreamInfo
from tests.analytics.scenes import Rect, street

FPS = 25
START_US = 1_700_000_000_000_000


def clip(
    seconds: float,
    rects: Callable[[float], list[Rect]] = lambda _: [],
    *,
    size: tuple[int, int] = (640, 360),
    noise: float = 3.0,
    gop: int = 50,
    seed: int = 1,
    epoch: int = 1,
    codec: str = "libx264",
) -> list[Packet]:
    """Encode moving rectangles (x, y, w, h in a picture of 320 x 180) over a noisy street."""
    width, height = size
    rng = np.random.default_rng(seed)
    ground = np.asarray(cv2.resize(street(seed=seed), size), np.float32)
    scale = width / 320
    stream = av.CodecContext.create(codec, "w")
    assert isinstance(stream, av.VideoCodecContext)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.time_base, stream.framerate = Fraction(1, FPS), Fraction(FPS)
    stream.gop_size, stream.max_b_frames = gop, 0
    stream.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "23"}
    info = StreamInfo("h264", "avc1.42C01E", width, height)
    packets: list[Packet] = []

    def keep(coded: list[av.Packet[VideoStream]]) -> None:
        for one in coded:
            at_us = START_US + len(packets) * 1_000_000 // FPS
            packets.append(
                Packet(
                    epoch,
                    len(packets),
                    one.is_keyframe,
                    at_us,
                    at_us,
                    at_us + 20_000,
                    bytes(one),
                    info,
                )
            )

    for index in range(int(seconds * FPS)):
        picture = ground + rng.normal(0, noise, ground.shape)
        for x, y, w, h in rects(index / FPS):
            left, top = max(0, round(x * scale)), max(0, round(y * scale))
            picture[top : max(0, round((y + h) * scale)), left : max(0, round((x + w) * scale))] = (
                235
            )
        gray = np.clip(picture, 0, 255).astype(np.uint8)
        frame = av.VideoFrame.from_ndarray(gray, format="gray").reformat(format="yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, FPS)
        keep(stream.encode(frame))
    keep(stream.encode(None))
    return packets


def packets_of(path: Path) -> list[Packet]:
    """Read a file as the packets that a session would hand on; the first is at START_US."""
    packets: list[Packet] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        annex_b = BitStreamFilterContext("h264_mp4toannexb", stream)
        info = StreamInfo("h264", "avc1.64001F", stream.width, stream.height)
        for packet in container.demux(stream):
            for one in annex_b.filter(packet) if packet.dts is not None else []:
                assert one.pts is not None
                assert one.dts is not None
                assert one.time_base is not None
                at_us = START_US + round(one.pts * one.time_base * 1_000_000)
                dts_us = START_US + round(one.dts * one.time_base * 1_000_000)
                seq = len(packets)
                packets.append(
                    Packet(1, seq, one.is_keyframe, at_us, dts_us, at_us + 20_000, bytes(one), info)
                )
    return packets

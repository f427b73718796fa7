from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import av.codec
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from camera_registry.base.errors import InvalidError
from ingest.simulator.clip import read_clip
from ingest.simulator.nal import Codec
from ingest.simulator.rtp import prepare
from ingest.simulator.sdp import describe

Film = Callable[..., Path]


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """Write a short film with a moving block."""

    def write(encoder: str, b_frames: int = 0) -> Path:
        path = tmp_path / f"{encoder}.mp4"
        options = {"x265-params": "log-level=none"} if encoder == "libx265" else {}
        with av.open(str(path), "w") as container:
            stream = container.add_stream(encoder, rate=25, options=options)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
            stream.codec_context.max_b_frames = b_frames
            for index in range(20):
                pixels = np.full((144, 128), 90, np.uint8)
                pixels[10:40, index * 4 : index * 4 + 30] = 200
                frame = VideoFrame.from_ndarray(pixels, format="yuv420p")
                frame.pts, frame.time_base = index, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


def test_b_frames_are_sent_in_decoding_order(film: Film) -> None:
    clip = read_clip(film("libx264", b_frames=2))
    sent = [unit.send_at for unit in clip.units]
    shown = [unit.pts for unit in clip.units]
    assert sent == sorted(sent)
    assert shown != sorted(shown)
    assert sorted(shown) == [index * 3600 for index in range(20)]
    assert all(unit.pts <= unit.send_at for unit in clip.units)
    assert clip.duration == 20 * 3600


def test_h265(film: Film) -> None:
    if "libx265" not in av.codec.codecs_available:
        pytest.skip("PyAV has no libx265")
    clip = read_clip(film("libx265"))
    assert clip.codec is Codec.H265
    assert {(nal[0] >> 1) & 0x3F for nal in clip.parameter_sets} == {32, 33, 34}
    text = describe(prepare(clip), name="x", host="127.0.0.1", session=1).decode()
    assert "a=rtpmap:96 H265/90000" in text
    assert all(name in text for name in ("sprop-vps=", "sprop-sps=", "sprop-pps="))


def test_an_unusable_file_is_refused(film: Film, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="no file"):
        read_clip(tmp_path / "missing.mp4")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is no film" * 100)
    with pytest.raises(InvalidError, match="cannot be read"):
        read_clip(broken)
    mjpeg = tmp_path / "other.avi"
    with av.open(str(mjpeg), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
        frame = VideoFrame(64, 64, "yuvj420p")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(InvalidError, match="mjpeg"):
        read_clip(mjpeg)

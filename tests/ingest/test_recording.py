from __future__ import annotations

import json
from pathlib import Path

import av
import pytest

from camera_registry.base.errors import InvalidError
from ingest.decoder import FrameDecoder
from ingest.recording import read_packets
from ingest.simulator.encoder import default_kbps
from ingest.simulator.library import ClipSpec, build
from ingest.simulator.scenes import SceneSpec

START_US = 1_800_000_000_000_000


def make(folder: Path, seconds: float = 3.0) -> Path:
    spec = SceneSpec("quiet", 320, 180, 10, seconds, 1)
    return build(ClipSpec(spec, "vbr", default_kbps(320, 180, 10)), folder)


def test_every_picture_comes_with_its_time(tmp_path: Path) -> None:
    path = make(tmp_path)
    packets = list(read_packets(path, START_US))
    assert packets[0].keyframe
    assert [packet.seq for packet in packets] == list(range(len(packets)))
    decoder = FrameDecoder()
    times = [frame.utc_us for packet in packets for frame in decoder.push(packet)]
    total = json.loads(path.with_suffix(".json").read_text())["frames_total"]
    assert times == [START_US + index * 100_000 for index in range(total)][: len(times)]
    assert len(times) >= total - 2  # what the decoder still holds at the end
    assert (packets[0].info.width, packets[0].info.height) == (320, 180)


def test_a_file_that_breaks_off_ends(tmp_path: Path) -> None:
    path, whole = make(tmp_path), tmp_path / "whole.ts"
    with av.open(str(path)) as source, av.open(str(whole), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    cut = tmp_path / "cut.ts"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    assert 5 < len(list(read_packets(cut, START_US))) < len(list(read_packets(path, START_US)))


def test_pictures_without_a_time_are_refused(tmp_path: Path) -> None:
    raw = tmp_path / "raw.h264"
    raw.write_bytes(b"".join(packet.data for packet in read_packets(make(tmp_path), START_US)))
    with pytest.raises(InvalidError, match=r"raw\.h264 holds no keyframe with a time"):
        list(read_packets(raw, START_US))


@pytest.mark.parametrize(
    "content",
    [b"", b"no video at all", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n"],
)
def test_what_is_no_video_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.m3u8"
    path.write_bytes(content)
    with pytest.raises(InvalidError, match=r"clip\.m3u8") as refused:
        list(read_packets(path, START_US))
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match=r"gone\.mp4"):
        list(read_packets(tmp_path / "gone.mp4", START_US))

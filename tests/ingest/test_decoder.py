from __future__ import annotations

import threading
from dataclasses import replace

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.decoder import DROPPED, DecodedFrame, FrameDecoder
from ingest.packets import Packet
from tests.ingest import footage


def decode(decoder: FrameDecoder, packets: list[Packet]) -> list[DecodedFrame]:
    return [frame for packet in packets for frame in decoder.push(packet)]


def dropped(reason: str) -> float:
    return float(DROPPED.labels(reason)._value.get())


@pytest.mark.parametrize("codec", ["h264", "hevc", "mjpeg"])
def test_every_picture_comes_out_with_its_times(codec: str) -> None:
    packets = footage.packets(codec, frames=24)
    frames = decode(FrameDecoder(), packets)
    # A decoder may hold the last pictures back until more comes.
    assert 20 <= len(frames) <= 24
    times = [frame.utc_us for frame in frames]
    assert times == sorted(packet.utc_us for packet in packets)[: len(frames)]
    by_time = {packet.utc_us: packet for packet in packets}
    for frame in frames:
        assert frame.arrival_us == by_time[frame.utc_us].arrival_us
        assert (frame.width, frame.height) == (320, 180)


def test_b_frames_come_in_display_order_with_their_own_arrival() -> None:
    packets = footage.packets(frames=40, gop=20, bframes=2)
    assert [p.utc_us for p in packets] != sorted(p.utc_us for p in packets)
    frames = decode(FrameDecoder(), packets)
    assert len(frames) >= 34
    assert [f.utc_us for f in frames] == sorted(f.utc_us for f in frames)
    by_time = {packet.utc_us: packet.arrival_us for packet in packets}
    assert all(frame.arrival_us == by_time[frame.utc_us] for frame in frames)


def test_decoding_starts_at_a_keyframe() -> None:
    packets = footage.packets(frames=30, gop=10)
    before = dropped("no_keyframe")
    frames = decode(FrameDecoder(), packets[3:])
    assert frames[0].utc_us == packets[10].utc_us
    assert frames[0].keyframe
    assert dropped("no_keyframe") - before == 7


def test_a_gap_waits_for_the_next_keyframe() -> None:
    packets = footage.packets(frames=30, gop=10)
    frames = decode(FrameDecoder(), packets[:4] + packets[6:])
    assert [f.seq for f in frames] == [0, 1, 2, 3, *range(10, 30)]


def test_broken_packets_raise_nothing_and_the_next_keyframe_mends_it() -> None:
    packets = footage.packets(frames=30, gop=10)
    packets[2] = replace(packets[2], data=b"\xff" * 40)
    packets[10] = replace(packets[10], data=b"")
    frames = decode(FrameDecoder(), packets)
    assert {0, 1} <= {f.seq for f in frames}
    assert {f.seq for f in frames} >= set(range(20, 30))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_whatever_is_broken_the_decoder_goes_on(data: st.DataObject) -> None:
    codec = data.draw(st.sampled_from(["h264", "hevc", "mjpeg"]))
    packets = list(_FOOTAGE[codec])
    for _ in range(data.draw(st.integers(1, 6))):
        index = data.draw(st.integers(0, len(packets) - 1))
        body = bytearray(packets[index].data)
        for _ in range(data.draw(st.integers(1, 20))):
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
        packets[index] = replace(packets[index], data=bytes(body))
    decoder = FrameDecoder()
    decode(decoder, packets)
    again = footage_again(codec, 2)
    good = decode(decoder, again)
    assert len(good) >= len(again) - 4


def footage_again(codec: str, epoch: int) -> list[Packet]:
    return [replace(packet, epoch=epoch) for packet in _FOOTAGE[codec]]


_FOOTAGE = {codec: footage.packets(codec, 64, 64, 12, gop=6) for codec in ("h264", "hevc", "mjpeg")}


def test_the_size_may_change_in_mid_stream() -> None:
    small = footage.packets(width=160, height=96, frames=10, gop=10)
    large = footage.packets(width=320, height=180, frames=10, gop=10, first_seq=10)
    decoder = FrameDecoder()
    sizes = [(f.width, f.height, f.gray(32, 18).shape) for f in decode(decoder, small + large)]
    assert (160, 96, (18, 32)) in sizes
    assert (320, 180, (18, 32)) in sizes


def test_the_codec_may_change_with_a_new_session() -> None:
    decoder = FrameDecoder()
    decode(decoder, footage.packets("h264", frames=5))
    frames = decode(decoder, footage.packets("mjpeg", 96, 64, frames=5, epoch=2))
    assert [(f.width, f.height) for f in frames] == [(96, 64)] * 5


def test_planes_and_colours() -> None:
    bright = footage.packets(frames=1, picture=footage.still(320, 180, 200))
    # Two threads' worth of scalers, and a decoder without delay for intra pictures.
    frame = decode(FrameDecoder(), bright + footage.packets(frames=3, first_seq=1))[0]
    gray = frame.gray(80, 45)
    assert gray.shape == (45, 80)
    assert gray.dtype == np.uint8
    assert abs(float(gray.mean()) - 200) < 8
    assert frame.bgr().shape == (180, 320, 3)
    assert frame.rgb(64, 36).shape == (36, 64, 3)
    assert abs(float(frame.bgr().mean()) - 200) < 8
    gray[:] = 0
    assert frame.gray(80, 45).mean() > 100


def test_planes_can_be_made_in_several_threads_at_once() -> None:
    frames = decode(FrameDecoder(), footage.packets(frames=12))
    expected = [frame.gray(80, 45) for frame in frames]
    wrong: list[int] = []

    def convert() -> None:
        for index, frame in enumerate(frames):
            if not np.array_equal(frame.gray(80, 45), expected[index]):
                wrong.append(index)

    threads = [threading.Thread(target=convert) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_cameras_of_many_sizes_do_not_make_scalers_anew_for_each_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[VideoReformatter] = []

    def counted() -> VideoReformatter:
        made.append(VideoReformatter())
        return made[-1]

    monkeypatch.setattr("ingest.decoder.VideoReformatter", counted)
    frames = [av.VideoFrame(320 + 16 * n, 192, "yuv420p") for n in range(24)]

    def look() -> None:
        for _ in range(3):
            for frame in frames:
                picture = DecodedFrame(0, 0, 1, 0, True, frame.width, 192, frame)
                picture.gray(64, 36)
                picture.rgb_planes(64, 64)

    thread = threading.Thread(target=look)  # with scalers of its own
    thread.start()
    thread.join()
    assert len(made) == 48


def test_a_lie_about_the_size_costs_no_memory() -> None:
    # A sequence of 16 384 x 16 384 pixels would take 400 MB a picture.
    packets = footage.packets("mjpeg", 96, 64, frames=2)
    body = bytearray(packets[0].data)
    at = body.index(b"\xff\xc0")
    body[at + 5 : at + 9] = (16_384).to_bytes(2, "big") * 2
    decoder = FrameDecoder()
    assert decoder.push(replace(packets[0], data=bytes(body))) == []
    assert len(decoder.push(packets[1])) == 1

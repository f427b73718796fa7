"""What cameras send: profiles, interlaced pictures, stills among B pictures, broken packets."""

from __future__ import annotations

import io
import random
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from typing import cast

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.bitstream import parameter_sets
from ingest.bitstream.access_unit import AccessUnit
from ingest.bitstream.access_units import AccessUnits
from ingest.bitstream.field_pairs import FieldPairs
from ingest.decoder import FrameDecoder
from ingest.packets import Packet, StreamInfo
from ingest.rtsp import OpenStream
from tests.ingest import fields, footage


def h264(options: dict[str, str], frames: int = 30) -> list[Packet]:
    """Encode with libx264's own options, as ``footage.packets`` does without them."""
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = 320, 192, "yuv420p"
    context.time_base, context.framerate, context.gop_size = Fraction(1, 25), Fraction(25), 10
    context.options = {"preset": "fast", **options}
    picture = footage.moving(320, 192)
    units = []
    for index in range(frames):
        frame = av.VideoFrame.from_ndarray(picture(index), format="gray").reformat(format="yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, 25)
        units += context.encode(frame)
    units += context.encode(None)
    info = StreamInfo("h264", "", 320, 192)
    return [
        Packet(
            1,
            seq,
            unit.is_keyframe,
            footage.START_US + cast(int, unit.pts) * footage.FRAME_US,
            footage.START_US + cast(int, unit.dts) * footage.FRAME_US,
            footage.START_US + seq * footage.FRAME_US,
            bytes(unit),
            info,
        )
        for seq, unit in enumerate(units)
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"profile": "baseline"},
        {"profile": "main", "x264-params": "bframes=2"},
        {"profile": "high", "x264-params": "bframes=3:b-pyramid=normal:8x8dct=1"},
        {"profile": "high", "x264-params": "interlaced=1:tff=1:bframes=2"},
        {"profile": "main", "x264-params": "fake-interlaced=1"},
        {"profile": "high", "x264-params": "slices=4:ref=4"},
        {"profile": "high", "x264-params": "intra-refresh=0:open-gop=1:bframes=2"},
    ],
)
def test_profiles_of_h264(options: dict[str, str]) -> None:
    packets = h264(options)
    decoder = FrameDecoder()
    frames = [frame for packet in packets for frame in decoder.push(packet)]
    assert len(frames) >= 24
    times = [frame.utc_us for frame in frames]
    assert times == sorted(times)
    picture = footage.moving(320, 192)
    for frame in frames[:20]:
        index = round((frame.utc_us - footage.START_US) / footage.FRAME_US)
        difference = frame.gray(320, 192).astype(int) - picture(index)
        assert float(np.abs(difference).mean()) < 12


@pytest.mark.parametrize(
    ("codec", "bframes"), [("h264", 0), ("h264", 3), ("hevc", 3), ("mjpeg", 0)]
)
def test_a_still_comes_at_once_and_the_group_can_follow(codec: str, bframes: int) -> None:
    packets = footage.packets(codec, frames=36, gop=12, bframes=bframes)
    keys = [packet for packet in packets if packet.keyframe][:3]
    decoder = FrameDecoder()
    for key in keys:
        (frame,) = decoder.still(key)
        assert (frame.utc_us, frame.arrival_us) == (key.utc_us, key.arrival_us)
    # a wake: the same keyframe again, and what follows it
    start = keys[-1].seq
    frames = [frame for packet in packets[start:] for frame in decoder.push(packet)]
    assert keys[-1].utc_us in {frame.utc_us for frame in frames}
    # x265 opens its groups: pictures that lean on the group before cannot be had
    assert len(frames) >= len(packets[start:]) - (4 if codec != "hevc" else 6)
    later = packets[start + 1] if codec != "mjpeg" else None
    assert later is None or decoder.still(later) == []


def test_a_broken_still_gives_nothing_and_the_next_one_comes() -> None:
    packets = footage.packets(frames=26, gop=12)
    decoder = FrameDecoder()
    assert decoder.still(replace(packets[0], data=b"\x00\x00\x00\x01\x65" + b"\xff" * 50)) == []
    assert len(decoder.still(packets[12])) == 1


_KINDS = {
    ("h264", 0): footage.packets("h264", 64, 64, 12, gop=6),
    ("h264", 2): footage.packets("h264", 64, 64, 14, gop=6, bframes=2),
    ("hevc", 2): footage.packets("hevc", 64, 64, 14, gop=6, bframes=2),
    ("mjpeg", 0): footage.packets("mjpeg", 64, 64, 8),
}


def mutate(packets: list[Packet], chance: random.Random) -> list[Packet]:
    """Damage a stream as networks, bad firmware and enemies do."""
    result = list(packets)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(result))
        data = bytearray(result[at].data)
        kind = chance.randrange(7)
        if kind == 0 and data:
            for _ in range(chance.randint(1, 30)):
                data[chance.randrange(len(data))] = chance.randrange(256)
        elif kind == 1:
            del data[chance.randrange(len(data) + 1) :]
        elif kind == 2:
            data[chance.randrange(len(data) + 1) : 0] = chance.randbytes(chance.randint(1, 200))
        elif kind == 3:
            data += result[chance.randrange(len(result))].data
        elif kind == 4:
            data = bytearray(chance.randbytes(chance.randint(0, 400)))
        elif kind == 5:
            other = chance.randrange(len(result))
            result[at], result[other] = result[other], result[at]
            continue
        else:  # a head of one packet on the body of another
            other_data = result[chance.randrange(len(result))].data
            data[: chance.randint(0, 40)] = other_data[: chance.randint(0, 40)]
        result[at] = replace(result[at], data=bytes(data), keyframe=chance.random() < 0.3)
    return result


def survive(seed: int, rounds: int) -> int:
    """Feed damaged streams to decoders, in every way that they are used; count good ends."""
    chance = random.Random(seed)
    good = 0
    for _ in range(rounds):
        packets = _KINDS[chance.choice(sorted(_KINDS))]
        decoder = FrameDecoder()
        for number, packet in enumerate(mutate(packets, chance)):
            one = replace(packet, seq=number, epoch=2)
            frames = decoder.still(one) if chance.random() < 0.3 else decoder.push(one)
            for frame in frames:
                assert frame.gray(32, 18).shape == (18, 32)
        whole = [replace(packet, epoch=3) for packet in packets]
        good += sum(len(decoder.push(packet)) for packet in whole) >= len(whole) - 4
    return good


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_damaged_streams_raise_nothing_and_a_whole_one_is_decoded_after(seed: int) -> None:
    assert survive(seed, 4) == 4


def test_many_damaged_streams_do_not_kill_the_process() -> None:
    """A fault in native code would take the process with it: so in one of its own."""
    code = "import tests.ingest.test_decoder_formats as t; print(t.survive(20261123, 400))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-1]) == 400


@pytest.mark.parametrize("apart", [False, True])
def test_field_pictures_of_h264(apart: bool) -> None:
    """PAFF: a picture is two fields, in one packet (as FFmpeg's parser gives them) or in two."""
    info = StreamInfo("h264", "", 16, 32)
    decoder, found, seq = FrameDecoder(), [], 0
    for first, second in fields.pictures(5):
        for keyframe, data in (
            ((True, first), (False, second)) if apart else ((True, first + second),)
        ):
            at_us = footage.START_US + seq * 20_000
            found += decoder.push(Packet(1, seq, keyframe, at_us, at_us, at_us, data, info))
            seq += 1
    assert len(found) == 5
    for number, one in enumerate(found):
        assert one.frame.interlaced_frame
        luma = np.frombuffer(memoryview(one.frame.planes[0]), np.uint8)
        rows = luma.reshape(-1, one.frame.planes[0].line_size)[:32, 0]
        assert rows[::2].tolist() == [40 + number] * 16
        assert rows[1::2].tolist() == [200 - number] * 16


def test_fields_that_come_apart_are_joined_before_they_are_decoded() -> None:
    """FFmpeg's parser gives out each field; a keyframe has to be a picture by itself."""
    raw = io.BytesIO(b"".join(first + second for first, second in fields.pictures(4)))
    with av.open(raw, "r", format="h264") as container:
        stream = container.streams.video[0]
        units = AccessUnits(OpenStream(container, stream, "h264"))
        packets = [packet for packet in container.demux(stream) if packet.size]
        found = [unit for packet in packets for unit in units.convert(packet)]
    assert len(packets) == 8
    assert [unit.data for unit in found] == [first + second for first, second in fields.pictures(4)]
    assert all(unit.keyframe for unit in found)
    at_us = footage.START_US
    for unit in found:
        still = Packet(1, 0, True, at_us, at_us, at_us, unit.data, unit.info)
        assert len(FrameDecoder().still(still)) == 1


def test_a_field_without_its_partner_is_passed_on() -> None:
    shape = parameter_sets.picture_format("h264", fields.parameter_sets())
    assert shape is not None
    assert (shape.width, shape.height, shape.frame_num_bits) == (16, 32, 4)
    info = StreamInfo("h264", "", 16, 32, fields.parameter_sets())
    (first, second), (later, _) = fields.pictures(2)
    pairs = FieldPairs()

    keyframes: list[bool] = []

    def joined(data: bytes) -> list[bytes]:
        found = pairs.join(AccessUnit(data, True, 0, 0, info), shape)
        keyframes.extend(one.keyframe for one in found)
        return [one.data for one in found]

    assert joined(second) == []
    assert joined(first) == [second]
    assert pairs.waiting
    assert joined(later) == [first]
    assert keyframes == [False, True]  # a second field by itself begins nothing
    assert joined(b"\x00\x00\x01\x09\xf0") == [later, b"\x00\x00\x01\x09\xf0"]
    assert joined(b"\x00\x00\x01\x65") == [b"\x00\x00\x01\x65"]

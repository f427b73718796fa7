from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.bitstream import parameter_sets
from tests.ingest import footage


@pytest.mark.parametrize(
    ("codec", "width", "height", "prefix"),
    [
        ("h264", 320, 180, "avc1."),
        ("h264", 64, 66, "avc1."),
        ("h264", 1920, 1080, "avc1."),
        ("hevc", 320, 180, "hev1.1.6.L"),
        ("hevc", 1280, 726, "hev1.1.6.L"),
    ],
)
def test_size_and_name_of_a_real_encoder(codec: str, width: int, height: int, prefix: str) -> None:
    first = footage.packets(codec, width, height, frames=1)[0].data
    found = parameter_sets.picture_format(codec, first)
    assert found is not None
    assert (found.width, found.height) == (width, height)
    assert found.codec_string.startswith(prefix)


def test_h264_name_is_profile_constraints_level() -> None:
    found = parameter_sets.picture_format(
        "h264", bytes.fromhex("000000016764001facd9405005bb011000000300100000030320f1831960")
    )
    assert found == parameter_sets.PictureFormat("avc1.64001F", 1280, 720)


def test_units_are_split_at_both_start_codes() -> None:
    data = b"\x00\x00\x00\x01\x67abc\x00\x00\x01\x68d\x00\x00\x00\x01\x65" + b"x" * 5
    kinds = [parameter_sets.nal_type("h264", unit) for unit in parameter_sets.nal_units(data)]
    assert kinds == [7, 8, 5]
    assert parameter_sets.has_sps_and_pps("h264", data)
    assert not parameter_sets.has_sps_and_pps("h264", data[:8])


def test_size_of_a_jpeg() -> None:
    assert parameter_sets.jpeg_size(footage.packets("mjpeg", 96, 64, 1)[0].data) == (96, 64)


@settings(max_examples=300)
@given(st.sampled_from(["h264", "hevc"]), st.binary(max_size=80))
def test_garbage_gives_none_or_a_possible_size(codec: str, body: bytes) -> None:
    head = b"\x67" if codec == "h264" else b"\x42\x01"
    found = parameter_sets.picture_format(codec, parameter_sets.START_CODE + head + body)
    assert found is None or (0 < found.width <= 16_384 and 0 < found.height <= 16_384)
    parameter_sets.jpeg_size(b"\xff\xd8" + body)
    parameter_sets.jpeg_size(body)


@settings(max_examples=200)
@given(st.data())
def test_damaged_parameter_sets_raise_nothing(data: st.DataObject) -> None:
    codec = data.draw(st.sampled_from(["h264", "hevc"]))
    whole = bytearray(_FIRST[codec])
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    parameter_sets.picture_format(codec, bytes(whole[:cut]))


_FIRST = {codec: footage.packets(codec, 64, 64, 1)[0].data[:120] for codec in ("h264", "hevc")}

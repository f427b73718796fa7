from __future__ import annotations

from pathlib import Path

import pytest

from ingest.bitstream import parameter_sets
from ingest.bitstream.access_unit import AccessUnit
from ingest.bitstream.access_units import AccessUnits
from ingest.rtsp import open_file
from tests.ingest import footage


def read(path: Path) -> list[AccessUnit]:
    opened = open_file(str(path))
    units = AccessUnits(opened)
    found = [
        unit
        for packet in opened.container.demux(opened.stream)
        if packet.size
        for unit in units.convert(packet)
    ]
    opened.container.close()
    return found


@pytest.mark.parametrize(("codec", "name"), [("h264", "avc1."), ("hevc", "hev1.")])
def test_length_prefixed_units_become_annex_b_with_sets_in_band(
    codec: str, name: str, tmp_path: Path
) -> None:
    units = read(footage.write_mp4(tmp_path / "a.mp4", codec, frames=30, gop=10))
    assert len(units) == 30
    assert [index for index, unit in enumerate(units) if unit.keyframe] == [0, 10, 20]
    for unit in units:
        assert unit.data.startswith((b"\x00\x00\x00\x01", b"\x00\x00\x01"))
        if unit.keyframe:
            assert parameter_sets.has_sps_and_pps(codec, unit.data)
        assert unit.info.codec == codec
        assert unit.info.codec_string.startswith(name)
        assert (unit.info.width, unit.info.height) == (320, 180)
    assert [unit.pts_us for unit in units] == [index * footage.FRAME_US for index in range(30)]
    # One value as long as nothing changes: a receiver compares by identity.
    assert len({id(unit.info) for unit in units}) == 1


def test_pictures_of_jpeg_are_all_keyframes(tmp_path: Path) -> None:
    units = read(footage.write_mp4(tmp_path / "a.mov", "mjpeg", 96, 64, frames=4))
    assert [unit.keyframe for unit in units] == [True] * 4
    assert (units[0].info.codec, units[0].info.width, units[0].info.height) == ("mjpeg", 96, 64)


def test_sets_known_from_the_description_go_in_front_of_bare_keyframes(tmp_path: Path) -> None:
    # A raw stream with the sets once, at its head: FFmpeg makes extradata of them.
    packets = footage.packets(frames=30, gop=10)
    stripped = [packets[0].data]
    for packet in packets[1:]:
        nals = [
            parameter_sets.START_CODE + nal
            for nal in parameter_sets.nal_units(packet.data)
            if not parameter_sets.is_parameter_set("h264", parameter_sets.nal_type("h264", nal))
        ]
        stripped.append(b"".join(nals))
    path = tmp_path / "a.h264"
    path.write_bytes(b"".join(stripped))
    units = read(path)
    keyframes = [unit for unit in units if unit.keyframe]
    assert len(keyframes) == 3
    assert all(parameter_sets.has_sps_and_pps("h264", unit.data) for unit in keyframes)


def test_a_new_size_in_mid_stream_is_a_new_info(tmp_path: Path) -> None:
    small = footage.packets(width=160, height=96, frames=10, gop=10)
    large = footage.packets(width=320, height=180, frames=10, gop=10)
    path = tmp_path / "a.h264"
    path.write_bytes(b"".join(packet.data for packet in small + large))
    sizes = [(unit.info.width, unit.info.height) for unit in read(path)]
    assert sizes == [(160, 96)] * 10 + [(320, 180)] * 10

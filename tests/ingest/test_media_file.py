from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from camera_registry.base.errors import InvalidError
from ingest.media_file import Mp4Writer, frame_rate, read_pictures


def write(path: Path, count: int, size: tuple[int, int] = (60, 80), fps: float = 10) -> None:
    with Mp4Writer(path, fps) as writer:
        for index in range(count):
            writer.write(np.full((*size, 3), 20 * index % 256, np.uint8))


def test_pictures_come_back_in_order_with_their_times(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write(path, 10)
    pictures = list(read_pictures(path))
    assert [picture.utc_us for picture in pictures] == [100_000 * index for index in range(10)]
    assert [picture.seq for picture in pictures] == list(range(10))
    shades = [float(picture.bgr().mean()) for picture in pictures]
    np.testing.assert_allclose(shades, [20 * index for index in range(10)], atol=6)
    assert (pictures[0].width, pictures[0].height) == (80, 60)
    assert frame_rate(path) == 10


def test_odd_sizes_are_cut_to_even_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write(path, 2, (61, 81))
    assert [(p.width, p.height) for p in read_pictures(path)] == [(80, 60)] * 2


def test_planes_are_red_green_blue(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with Mp4Writer(path, 10) as writer:
        writer.write(np.full((64, 64, 3), (10, 120, 240), np.uint8))  # blue, green, red
    (picture,) = read_pictures(path)
    planes = picture.rgb_planes(50, 30)
    assert [plane.shape for plane in planes] == [(30, 50)] * 3
    np.testing.assert_allclose([plane.mean() for plane in planes], [240, 120, 10], atol=6)


@pytest.mark.parametrize("content", [None, b"", b"no media"])
def test_what_is_no_media_is_refused_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidError) as caught:
        next(read_pictures(path))
    assert "\n" not in str(caught.value)


def test_cut_file_ends_or_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write(path, 30)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InvalidError):  # an MP4 that is not fast start has its index at the end
        list(read_pictures(path))


def test_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="cannot be written"):
        Mp4Writer(tmp_path / "none" / "a.mp4", 10)

"""The model's input is made of real decoder frames: colours, order, padding and places."""

from __future__ import annotations

import threading

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytics.detectors.scaling import InputMaker
from analytics.model.letterbox import Placement
from analytics.model.manifest import ImageSpec
from ingest.decoder import DecodedFrame
from tests.analytics.graphs import Grey


def frame_of(rgb: NDArray[np.uint8]) -> DecodedFrame:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
    return DecodedFrame(0, 0, 0, 0, True, frame.width, frame.height, frame)


def test_letterbox_pads_and_keeps_colours() -> None:
    rgb = np.zeros((90, 160, 3), np.uint8)
    rgb[..., 0], rgb[..., 1], rgb[..., 2] = 250, 120, 10
    tensor, where = InputMaker(ImageSpec(size=(64, 64)), "float32")(frame_of(rgb))
    assert tensor.shape == (1, 3, 64, 64)
    assert tensor.dtype == np.float32
    assert where == Placement(0, 14, 64, 36)
    np.testing.assert_allclose(tensor[0, :, 14:50].mean(axis=(1, 2)), [250, 120, 10], atol=2)
    assert (tensor[0, :, :14] == 114).all()
    assert (tensor[0, :, 50:] == 114).all()


def test_blue_first_normalised_channel_by_channel() -> None:
    spec = ImageSpec(
        size=(32, 32),
        colours="bgr",
        scale=1 / 255,
        mean=(0.5, 0.25, 0.0),
        std=(0.5, 1.0, 2.0),
        resize="stretch",
    )
    tensor, _ = InputMaker(spec, "float32")(Grey(64, 48, (255, 102, 51)))
    wanted = [(51 / 255 - 0.5) / 0.5, (102 / 255 - 0.25) / 1.0, (255 / 255 - 0.0) / 2.0]
    np.testing.assert_allclose(tensor[0, :, 5, 7], wanted, atol=1e-6)


def test_pixels_last_as_bytes() -> None:
    spec = ImageSpec(size=(48, 32), layout="NHWC", anchor="corner", pad=7)
    tensor, where = InputMaker(spec, "uint8")(Grey(32, 32, (1, 2, 3)))
    assert tensor.shape == (1, 32, 48, 3)
    assert tensor.dtype == np.uint8
    assert where == Placement(0, 0, 32, 32)
    assert (tensor[0, :, :32] == (1, 2, 3)).all()
    assert (tensor[0, :, 32:] == 7).all()


def test_padding_is_normalised_like_pixels() -> None:
    spec = ImageSpec(size=(32, 32), scale=1 / 255, mean=(0.1, 0.1, 0.1), pad=51)
    tensor, _ = InputMaker(spec, "float32")(Grey(32, 16))
    assert tensor[0, 0, 0, 0] == pytest.approx(0.1)


def test_change_of_the_picture_leaves_nothing_of_the_last_one() -> None:
    maker = InputMaker(ImageSpec(size=(32, 32), pad=9), "float32")
    maker(Grey(32, 32, (200, 200, 200)))
    wide, _ = maker(Grey(64, 32, (200, 200, 200)))
    assert (wide[0, :, :8] == 9).all()
    tall, _ = maker(Grey(32, 64, (100, 100, 100)))
    assert (tall[0, :, :, :8] == 9).all()
    assert (tall[0, :, :, 8:24] == 100).all()


def test_threads_do_not_share_a_buffer() -> None:
    maker = InputMaker(ImageSpec(size=(32, 32)), "float32")
    mine, _ = maker(Grey(32, 32, (10, 10, 10)))
    other = threading.Thread(target=maker, args=(Grey(32, 32, (90, 90, 90)),))
    other.start()
    other.join()
    assert (mine == 10).all()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(160, 1000),
    st.integers(120, 800),
    st.floats(0.05, 0.6),
    st.floats(0.05, 0.6),
    st.floats(0.2, 0.35),
    st.floats(0.2, 0.35),
)
def test_an_object_is_found_again_where_it_was_drawn(
    width: int, height: int, left: float, top: float, w: float, h: float
) -> None:
    """To within one pixel of the picture or of the input, whichever has the larger ones."""
    rgb = np.zeros((height, width, 3), np.uint8)
    x0, y0 = round(left * width), round(top * height)
    x1, y1 = round((left + w) * width), round((top + h) * height)
    rgb[y0:y1, x0:x1] = 255
    tensor, where = InputMaker(ImageSpec(size=(320, 256), pad=0), "float32")(frame_of(rgb))
    rows, columns = np.nonzero(tensor[0, 1] > 127)
    box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float64)
    found = where.to_picture(box)[0]
    drawn = np.array([x0 / width, y0 / height, x1 / width, y1 / height])
    pixel = np.array([1 / min(width, where.width), 1 / min(height, where.height)] * 2)
    assert (np.abs(found - drawn) <= pixel + 1e-9).all()

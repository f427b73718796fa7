"""A real model on real clips, when both lie beside the checkout."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.decoders import DECODERS, ModelShape
from analytics.detectors.object_detector import ObjectDetector
from analytics.model.manifest import verify
from analytics.model.ort_session import run_session
from ingest.decoder import DecodedFrame
from ingest.media_file import read_pictures
from tests.analytics.fastestdet import MANIFEST, model_file
from tests.tools import shared_media


@pytest.fixture(scope="module")
def detector() -> ObjectDetector:
    return ObjectDetector(verify(MANIFEST, model_file().read_bytes()))


def every(name: str, step: int) -> Iterator[DecodedFrame]:
    for index, picture in enumerate(read_pictures(shared_media(name))):
        if index % step == 0:
            yield picture


def occupied(pictures: list[NDArray[np.uint8]], share: float) -> NDArray[np.bool_]:
    """Which pictures (grey) have something in them, by their difference from the median one."""
    stack = np.stack(pictures).astype(np.float32)
    stack -= stack.mean(axis=(1, 2), keepdims=True)  # exposure
    differs = np.abs(stack - np.median(stack, axis=0)) > 30
    found: NDArray[np.bool_] = differs.mean(axis=(1, 2)) > share
    return found


def test_persons_are_found_in_most_pictures_with_persons(detector: ObjectDetector) -> None:
    pictures = list(every("one-by-one-person-detection.mp4", 10))
    there = occupied([picture.gray(160, 90) for picture in pictures], 0.06)
    seen = np.array(
        [any(one.label == "person" for one in detector.look(picture)) for picture in pictures]
    )
    assert there.sum() >= 60
    assert seen[there].mean() >= 0.8


def test_cars_from_above_are_found_in_some_pictures(detector: ObjectDetector) -> None:
    """The clip looks straight down, as no picture of COCO does, and the model has 0.24 M weights:
    it calls most of these cars something else.
    """
    seen = [
        one.label in {"car", "bus", "truck"}
        for picture in every("car-detection.mp4", 5)
        for one in detector.look(picture)
    ]
    assert sum(seen) >= 1


def by_the_book(grid: NDArray[np.float32], least: float) -> list[tuple[float, ...]]:
    """The author's post-processing, cell by cell: corners 0..1, score, class."""
    _, rows, columns = grid.shape
    found: list[tuple[float, ...]] = []
    for row in range(rows):
        for column in range(columns):
            cell = [float(value) for value in grid[:, row, column]]
            score = cell[0] * max(cell[5:])
            if score >= least:
                cx, cy = (column + math.tanh(cell[1])) / columns, (row + math.tanh(cell[2])) / rows
                w, h = (1 / (1 + math.exp(-value)) for value in cell[3:5])
                number = cell[5:].index(max(cell[5:]))
                found.append((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, score, number))
    return found


@pytest.mark.parametrize("name", ["one-by-one-person-detection.mp4", "car-detection.mp4"])
def test_the_reading_is_that_of_the_author_on_real_pictures(
    detector: ObjectDetector, name: str
) -> None:
    shape = ModelShape(352, 352, 80, MANIFEST.reading)
    boxes = 0
    for picture in every(name, 60):
        scaled = cv2.resize(picture.bgr(), (352, 352), interpolation=cv2.INTER_AREA)
        tensor = np.ascontiguousarray(scaled.transpose(2, 0, 1)[None], np.float32) / 255
        (output,) = run_session(detector._session, "", ["758"], {"input.1": tensor})
        wanted = by_the_book(output[0], MANIFEST.reading.score)
        found = DECODERS["fastestdet"].read({"map": output[0]}, shape)
        got = np.column_stack([found.boxes / 352, found.scores, found.classes])
        np.testing.assert_allclose(got, np.array(wanted).reshape(-1, 6), atol=1e-6)
        boxes += len(wanted)
    assert boxes >= 3

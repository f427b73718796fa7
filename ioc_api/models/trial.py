"""Runs a detector over a picture or a clip: how fast it is here, and what it finds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import cv2

from analytics.annotate import annotate
from analytics.detectors.detector import Detector, Look
from analytics.events import Detection
from analytics.pace import Pace, plane_size
from camera_registry.base.errors import InvalidError
from ingest.decoder import DecodedFrame
from ingest.media_file import frame_rate, read_pictures

_PLANE_SIDE = 320
_SHOWN_WIDTH = 1280

Draw = Callable[[DecodedFrame, list[Detection]], None]


@dataclass(slots=True)
class Trial:
    """What came of it. ``spent``: seconds of each picture, scaling and reading of the outputs
    included, decoding not. ``labels``: in how many pictures each was found. ``best``: the picture
    in which most was found.
    """

    model: str
    spent: list[float] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    best: tuple[DecodedFrame, list[Detection]] | None = None

    @property
    def middle_s(self) -> float:
        """Median of the seconds a picture."""
        return median(self.spent)

    @property
    def slow_s(self) -> float:
        """95th percentile of the seconds a picture."""
        return sorted(self.spent)[int(len(self.spent) * 0.95)]

    def note(self, picture: DecodedFrame, found: list[Detection], spent: float) -> None:
        """Count one picture."""
        self.spent.append(spent)
        self.labels.update({one.label for one in found})
        if self.best is None or len(found) > len(self.best[1]):
            self.best = (picture, found)

    def png(self) -> bytes:
        """Return the best picture with what was found drawn into it, as PNG."""
        return self._coded(".png", 0)

    def jpeg(self) -> bytes:
        """Return the same as JPEG, at most 1280 pixels wide."""
        return self._coded(".jpg", _SHOWN_WIDTH)

    def _coded(self, kind: str, width: int) -> bytes:
        if self.best is None:
            return b""
        picture, found = self.best
        size = (0, 0)
        if 0 < width < picture.width:
            size = (width, round(picture.height * width / picture.width / 2) * 2)
        done, coded = cv2.imencode(kind, annotate(picture.bgr(*size), found))
        return coded.tobytes() if done else b""


def run_trial(
    detector: Detector,
    media: Path,
    *,
    fps: float,
    frames: int,
    draw: Draw = lambda picture, found: None,
    report: Callable[[int, int], None] = lambda done, most: None,
) -> Trial:
    """Look at up to ``frames`` pictures of a file, ``fps`` a second of its time.

    ``report`` gets how many were looked at and how many at most, and may raise to cancel. Raises
    InvalidError where the file cannot be read or holds no picture.
    """
    camera = detector.camera()
    trial = Trial(detector.label)
    for picture in _paced(media, fps, frames):
        plane = picture.gray(*plane_size(picture.width, picture.height, _PLANE_SIDE))
        look = Look(plane, picture.utc_us, picture.width / picture.height, picture)
        started = time.perf_counter()
        found = camera.detect(look)
        trial.note(picture, found, time.perf_counter() - started)
        draw(picture, found)
        report(len(trial.spent), frames)
    if not trial.spent:
        raise InvalidError(
            f"{media.name} holds no picture", hint="give a video or a picture", code="media"
        )
    return trial


def media_rate(media: Path) -> float:
    """Return the pictures a second of a file. Raises InvalidError as reading it would."""
    next(read_pictures(media), None)
    return frame_rate(media)


def _paced(media: Path, fps: float, frames: int) -> Iterator[DecodedFrame]:
    pace = Pace(fps)
    left = frames
    for picture in read_pictures(media):
        if pace.due(picture.utc_us):
            yield picture
            left -= 1
            if left == 0:
                return

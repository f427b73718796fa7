"""Detectors over onnxruntime: one session per process, shared by the cameras; state per camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from analytics.builtin import MANIFEST_PATH
from analytics.builtin.moving_object import BLOCK, GridConfig, read_grid
from analytics.detectors.motion import BackgroundModel, Grid, MotionConfig, Plane
from analytics.detectors.scaling import Picture
from analytics.detectors.standing import Standing
from analytics.events import Detection
from analytics.metrics import BACKGROUND_RESETS
from analytics.model.manifest import load_model
from analytics.model.ort_session import open_session, run_session
from analytics.model.providers import CPU
from analytics.tracking.config import BLOBS, TrackerConfig
from camera_registry.base.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Look:
    """What a detector gets of a frame: a small grey plane (height, width), the time of capture in
    UTC microseconds, the aspect (width over height) of the camera's picture, and the picture
    itself, which is scaled only when asked (None where somebody has but the plane).
    """

    plane: Plane
    at_us: int
    aspect: float
    picture: Picture | None = None


class CameraDetector(Protocol):
    """A detector as one camera uses it; may hold what it learned of that camera."""

    @property
    def tracking(self) -> TrackerConfig:
        """How what it tells is to be followed: as blobs, or as boxes of objects."""
        ...

    @property
    def learning(self) -> bool:
        """Whether nobody would be told of now, because the camera is still being learned."""
        ...

    def detect(self, look: Look) -> list[Detection]:
        """Return what is in a frame; empty also while the camera is still being learned."""
        ...


class Detector(Protocol):
    """A loaded model. Shared by all cameras of a process, callable from several threads."""

    @property
    def label(self) -> str:
        """Name and version of the model, as events carry them."""
        ...

    def camera(self) -> CameraDetector:
        """Return a detector with fresh state for one camera."""
        ...


class MovingObjectDetector:
    """The built-in model: what stands out from a learned background. Claims no class."""

    def __init__(
        self,
        manifest_path: Path = MANIFEST_PATH,
        providers: Sequence[str] = (CPU,),
        *,
        threads: int = 1,
        motion: MotionConfig | None = None,
        grid: GridConfig | None = None,
    ) -> None:
        model = load_model(manifest_path)
        if model.manifest.decoder != "moving_object":
            raise ConfigError(
                f"model {model.manifest.name}: its decoder is {model.manifest.decoder[:40]!r}",
                hint="this detector reads moving_object only",
                code="model_decoder",
            )
        self._session = open_session(model, providers, threads=threads)
        self._label = model.manifest.label
        self._motion = motion or MotionConfig()
        self._grid = grid or GridConfig()

    @property
    def label(self) -> str:
        """Name and version of the model."""
        return self._label

    def camera(self) -> CameraDetector:
        """Return a detector with a background of its own."""
        return _MovingObjectCamera(self, self._motion, self._grid)

    def infer(self, frame: Plane, background: Plane, noise: Grid) -> tuple[Grid, Grid]:
        """Run the model on one plane; return the grids (rows, columns) foreground, difference.

        Raises UnavailableError where onnxruntime fails.
        """
        feed: dict[str, NDArray[Any]] = {
            "frame": frame[None, None],
            "background": background[None, None],
            "noise": noise[None, None],
        }
        foreground, difference = run_session(
            self._session, self._label, ["foreground", "difference"], feed
        )
        return foreground[0, 0], difference[0, 0]


class _MovingObjectCamera:
    def __init__(
        self, detector: MovingObjectDetector, motion: MotionConfig, grid: GridConfig
    ) -> None:
        self._detector = detector
        self._background = BackgroundModel(BLOCK, motion)
        self._grid = grid
        self._standing = Standing()

    @property
    def tracking(self) -> TrackerConfig:
        """Blobs merge and split."""
        return BLOBS

    @property
    def learning(self) -> bool:
        return not self._background.known

    def detect(self, look: Look) -> list[Detection]:
        learned = self._background.ready(look.plane, look.at_us)
        if learned is None:
            self._standing.reset()
            return []
        plane = np.ascontiguousarray(look.plane)
        foreground, difference = self._detector.infer(plane, *learned)
        resets = self._background.resets
        active = self._background.update(plane, look.at_us, foreground, difference)
        BACKGROUND_RESETS.inc(self._background.resets - resets)
        if active is None:
            self._standing.reset()
            return []
        height, width = plane.shape
        found = read_grid(foreground, active, (height, width), look.aspect, self._grid)
        grids = foreground, active
        return self._standing.observe(plane, look.at_us, grids, found, self._background)

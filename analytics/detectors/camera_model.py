"""The model of one camera, whichever it is now, and what it shares with others of that model."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from analytics.detectors.detector import CameraDetector, Detector, Look
from analytics.events import Detection
from analytics.model.manifest import Manifest
from analytics.tracking.config import BLOBS, TrackerConfig
from camera_registry.base.errors import CamhubError
from ingest.model_status import ModelStatus

_NONE = "", ""


class Library(Protocol):
    """What gives a camera its models (``analytics.detectors.library``); in the event loop."""

    def assign(self, camera: CameraModel, name: str) -> None:
        """Let a camera want this model from now on."""
        ...

    def forget(self, camera: CameraModel) -> None:
        """Take a camera out."""
        ...


@dataclass(slots=True, eq=False)
class Shelf:
    """A model by name, while cameras want it (``members``) or still run on it (``keepers``)."""

    name: str
    members: set[CameraModel] = field(default_factory=set)
    keepers: set[CameraModel] = field(default_factory=set)
    manifest: Manifest | None = None
    detector: Detector | None = None
    problem: tuple[str, str] = ("model_loading", "the model is being loaded")
    task: asyncio.Task[None] | None = None


class CameraModel:
    """The model of one camera, whichever it is now: a ``Detector`` that never changes its face."""

    def __init__(self, library: Library, loop: asyncio.AbstractEventLoop) -> None:
        self._library = library
        self._loop = loop
        self.wanted = ""
        self.shelf: Shelf | None = None
        self.held: Shelf | None = None
        self.detector: Detector | None = None
        self.used = ""
        self.trouble = _NONE

    @property
    def label(self) -> str:
        """Name and version of the model that looked last; '' before the first look."""
        return self.used

    def use(self, name: str) -> None:
        """Want another model from now on; '' is the default."""
        self._library.assign(self, name)

    def status(self) -> ModelStatus:
        """Return what the camera is analysed with, what stands against what it wants, or else why
        its last look failed.
        """
        detector, shelf = self.detector, self.shelf
        label = detector.label if detector is not None else ""
        problem = shelf.problem if shelf is not None else _NONE
        return ModelStatus(label, *(problem if problem[0] else self.trouble))

    def camera(self) -> CameraDetector:
        """Return a detector with fresh state."""
        return _Switching(self)

    def close(self) -> None:
        """Give the model back; from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._library.forget, self)


class _Switching:
    """Looks with the camera's present model; a new one begins with fresh state."""

    def __init__(self, model: CameraModel) -> None:
        self._model = model
        self._detector: Detector | None = None
        self._camera: CameraDetector | None = None

    @property
    def tracking(self) -> TrackerConfig:
        return BLOBS if self._camera is None else self._camera.tracking

    @property
    def learning(self) -> bool:
        return self._camera is None or self._camera.learning

    def detect(self, look: Look) -> list[Detection]:
        detector = self._model.detector
        if detector is not self._detector:
            self._detector = detector
            self._camera = detector.camera() if detector is not None else None
            self._model.used = detector.label if detector is not None else ""
        try:
            found = self._camera.detect(look) if self._camera is not None else []
        except CamhubError as error:
            self._model.trouble = error.code, error.message
            raise
        self._model.trouble = _NONE
        return found

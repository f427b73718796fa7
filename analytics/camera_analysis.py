"""The analysis of one camera as its supervisor sees it: its pipeline and its model."""

from __future__ import annotations

from collections.abc import Callable

from analytics.detectors.camera_model import CameraModel
from analytics.pipeline import CameraPipeline
from ingest.gate.state import GateStatus
from ingest.model_status import ModelStatus
from ingest.packets import Packet


class CameraAnalysis:
    """Ends the pipeline before it gives the model back; ``ended`` is called in between, while the
    gate can still be asked what it has learnt.
    """

    def __init__(
        self, pipeline: CameraPipeline, model: CameraModel, ended: Callable[[], None]
    ) -> None:
        self._pipeline = pipeline
        self._model = model
        self._ended = ended
        self._push = pipeline.push

    def push(self, packet: Packet) -> bool:
        """Take the next packet; in the session's thread. False where nothing can be decoded before
        the next keyframe.
        """
        return self._push(packet)

    def stop(self) -> None:
        """Forget the camera; no callback comes after."""
        self._pipeline.stop()
        self._ended()
        self._model.close()

    def gate_status(self) -> GateStatus:
        """Return what is decoded of the camera and why."""
        return self._pipeline.gate_status()

    def use_model(self, name: str) -> None:
        """Look with another model as soon as it is loaded; '' is the default. In the event loop."""
        self._model.use(name)

    def model_status(self) -> ModelStatus:
        """Return what the camera is looked at with."""
        return self._model.status()

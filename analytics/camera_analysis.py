"""The analysis of one camera as its supervisor sees it: its pipeline and its model."""

from __future__ import annotations

from collections.abc import Callable

from analytics.detectors.camera_model import CameraModel
from analytics.pipeline import CameraPipeline
from analytics.rulebook.book import Rulebook
from camera_registry.model import CameraSpec
from ingest.gate.state import GateStatus
from ingest.model_status import ModelStatus
from ingest.packets import Packet


class CameraAnalysis:
    """Ends the pipeline before it gives the model back; ``ended`` is called in between, while the
    gate can still be asked what it has learnt. ``spec`` is what it begins with; ``read_rules``
    reads the rules of another.
    """

    def __init__(
        self,
        spec: CameraSpec,
        pipeline: CameraPipeline,
        model: CameraModel,
        *,
        read_rules: Callable[[CameraSpec], Rulebook],
        ended: Callable[[], None],
    ) -> None:
        self._spec = spec
        self._pipeline = pipeline
        self._model = model
        self._read_rules = read_rules
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

    def use(self, spec: CameraSpec) -> None:
        """Go on with the model, the rules and the priority of this spec; in the event loop. The old
        model looks until the new one is loaded.
        """
        before, self._spec = self._spec, spec
        self._model.use(spec.detector)
        self._pipeline.use_priority(spec.priority)
        if spec.rules != before.rules:
            self._pipeline.use_rules(self._read_rules(spec))

    def model_status(self) -> ModelStatus:
        """Return what the camera is looked at with."""
        return self._model.status()

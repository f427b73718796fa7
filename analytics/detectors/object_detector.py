"""A detector of classes over any ONNX model that its manifest describes."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from analytics.decoders import Candidates, ModelShape
from analytics.detectors.batching import Batcher, Batching
from analytics.detectors.class_groups import group_of_classes, suppress
from analytics.detectors.detector import CameraDetector, Look
from analytics.detectors.inputs import (
    decoder_of,
    fetched_outputs,
    fixed_inputs,
    free_batch,
    image_tensor,
    told_classes,
)
from analytics.detectors.scaling import InputMaker, Picture, Tensor
from analytics.events import Detection
from analytics.geometry import clamped
from analytics.model.manifest import ImageSpec, Manifest, Model, refused
from analytics.model.ort_session import HANGS, RUN_LIMIT_S, open_session, run_session
from analytics.model.providers import CPU, batch_of, fell_back
from analytics.tracking.config import CLASSES, TrackerConfig
from camera_registry.base.errors import CamhubError, ConfigError, UnavailableError

_WARM_UPS = 2
_MEASURED = 5
_FIRST_RUNS_S = 600.0
"""Some engines build themselves for this machine in their first run."""
_REST_S = 300.0
"""A model that did not end is not run again for so long: each try takes a thread of all cameras."""

log = structlog.get_logger(__name__)

Outputs = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """``seconds``: a model whose fastest inference takes longer is refused; None takes any.

    ``timer``: by default the thread's processor time for what runs on the CPU, so that a machine
    that has much else to do (a worker that begins with all its cameras) refuses no good model, and
    the time on the wall for other engines, which the thread waits for.
    """

    seconds: float | None = None
    timer: Callable[[], float] | None = None


class ObjectDetector:
    """A loaded model that tells classes. Shared by cameras, callable from several threads.

    Raises ConfigError, with the reason, for a model that onnxruntime refuses, whose tensors or
    outputs are not those of its manifest, or that is slower than the limit on this machine.
    """

    def __init__(
        self,
        model: Model,
        providers: Sequence[str] = (CPU,),
        limits: LoadLimits | None = None,
        *,
        threads: int = 1,
        batching: Batching | None = None,
    ) -> None:
        self._manifest = manifest = model.manifest
        self._decoder = decoder_of(manifest)
        image = manifest.image
        if image is None:
            raise refused(manifest.name, "its manifest describes no input image", "model_manifest")
        try:
            self._groups = group_of_classes(manifest.classes, manifest.groups)
        except ValueError as error:
            raise refused(manifest.name, str(error), "model_manifest") from None
        self._shape = ModelShape(*image.size, len(manifest.classes), manifest.reading)
        self._told = told_classes(manifest)
        self._image = image_tensor(manifest, image)
        self._make_input = InputMaker(image, self._image.dtype)
        self._fixed = fixed_inputs(manifest, image)
        self._fetch = fetched_outputs(manifest, self._decoder)
        self._named = manifest.decoder == "nms_rows" and "batch" in manifest.reading.columns
        self._session = open_session(model, providers, threads=threads)
        used = self._session.get_providers()
        if used and used[0] != providers[0]:
            fell_back(providers[0], "onnxruntime could not start it")
        self.provider = str(used[0]) if used else CPU
        self._batcher: Batcher[Tensor, Outputs] | None = None
        self._limit_s = RUN_LIMIT_S
        self._rests_until = 0.0
        self.seconds = self._try_out(image, limits or LoadLimits())
        self._begin_batching(image, batching or Batching())

    @property
    def label(self) -> str:
        """Name and version of the model."""
        return self._manifest.label

    @property
    def manifest(self) -> Manifest:
        """What the model is."""
        return self._manifest

    @property
    def batch(self) -> int:
        """Most pictures that go through the model together."""
        return 1 if self._batcher is None else self._batcher.size

    def camera(self) -> CameraDetector:
        """Return the detector as one camera uses it; it keeps no state."""
        camera = _ObjectCamera(self)
        if self._batcher is not None:
            self._batcher.join()
            weakref.finalize(camera, self._batcher.leave)
        return camera

    def look(self, picture: Picture) -> list[Detection]:
        """Return what is in a picture, by falling score.

        Raises UnavailableError where the model fails, at once where it came to no end lately.
        """
        if time.monotonic() < self._rests_until:
            raise UnavailableError(
                f"model {self.label} came to no end lately", hint="choose another model", code=HANGS
            )
        tensor, where = self._make_input(picture)
        found = self._infer(tensor)
        keep = suppress(
            found.boxes,
            found.scores,
            self._groups[found.classes],
            self._manifest.reading.iou,
            self._manifest.reading.most,
        )
        detections = []
        for box, score, number in zip(
            where.to_picture(found.boxes[keep]),
            found.scores[keep],
            found.classes[keep],
            strict=True,
        ):
            cut = clamped(*(float(value) for value in box))
            if self._told[number] and cut.w > 0 and cut.h > 0:
                word = self._manifest.classes[number]
                detections.append(Detection(cut, float(score), word))
        return detections

    def _infer(self, tensor: Tensor) -> Candidates:
        batcher = self._batcher
        outputs = self._run([tensor])[0] if batcher is None else batcher(tensor)
        with np.errstate(all="ignore"):  # a model may give NaN; what is no box is dropped
            return self._decoder.read(outputs, self._shape)

    def _run(self, tensors: Sequence[Tensor]) -> list[Outputs]:
        """Run the model over inputs of one picture each; return the outputs of each by role."""
        count = len(tensors)
        feed: Outputs = {
            self._image.name: tensors[0] if count == 1 else np.concatenate(tensors),
            **{name: np.repeat(value, count, axis=0) for name, value in self._fixed.items()},
        }
        wanted = list(self._fetch.values())
        try:
            found = run_session(self._session, self.label, wanted, feed, self._limit_s)
        except UnavailableError as error:
            if error.code == HANGS:
                self._rests_until = time.monotonic() + _REST_S
            raise
        outputs = dict(zip(self._fetch, found, strict=True))
        if self._named:
            return [_rows_of(outputs, index, self._batch_column) for index in range(count)]
        if any(output.ndim and len(output) != count for output in found):
            raise refused(
                self._manifest.name,
                f"gives {[output.shape for output in found]} for {count} pictures",
                "model_outputs",
            )
        return [
            {role: value[index] if value.ndim else value for role, value in outputs.items()}
            for index in range(count)
        ]

    @property
    def _batch_column(self) -> int:
        return self._manifest.reading.columns.index("batch")

    def _begin_batching(self, image: ImageSpec, batching: Batching) -> None:
        """Turn batching on where it is wanted and the graph takes several pictures at once."""
        size = batching.size or batch_of(self.provider)
        if size == 1:
            return
        if not free_batch(self._manifest, self._image):
            log.info("model_takes_one_picture", model=self.label, reason="its first axis is fixed")
            return
        try:
            self._run([self._empty(image)] * 2)
        except CamhubError as error:  # its axis is free in name only
            log.info("model_takes_one_picture", model=self.label, reason=error.message)
            return
        self._batcher = Batcher(self._run, replace(batching, size=size))

    def _empty(self, image: ImageSpec) -> Tensor:
        width, height = image.size
        shape = (1, 3, height, width) if image.layout == "NCHW" else (1, height, width, 3)
        return np.zeros(shape, self._image.dtype)

    def _try_out(self, image: ImageSpec, limits: LoadLimits) -> float:
        """Run the model on a grey picture: its outputs must be readable, and it fast enough.

        Returns the seconds of the fastest run.
        """
        tensor = self._empty(image)
        timer = limits.timer or (time.thread_time if self.provider == CPU else time.perf_counter)
        fastest = float("inf")
        try:
            for attempt in range(_WARM_UPS + _MEASURED):
                patient = attempt < _WARM_UPS and self.provider != CPU
                self._limit_s = _FIRST_RUNS_S if patient else RUN_LIMIT_S
                started = timer()
                self._infer(tensor)
                if attempt >= _WARM_UPS:
                    fastest = min(fastest, timer() - started)
        except ConfigError as error:
            raise refused(self._manifest.name, error.message, error.code) from error
        except UnavailableError as error:
            if error.code != HANGS:
                raise
            raise refused(self._manifest.name, error.message, HANGS) from error
        if limits.seconds is not None and fastest > limits.seconds:
            raise ConfigError(
                f"model {self._manifest.name}: takes {fastest * 1000:.0f} ms a picture here, "
                f"the limit is {limits.seconds * 1000:.0f} ms",
                hint="choose a smaller model, or raise CAMHUB_DETECTOR_LIMIT_MS",
                code="model_slow",
            )
        return fastest


class _ObjectCamera:
    __slots__ = ("__weakref__", "_detector")

    def __init__(self, detector: ObjectDetector) -> None:
        self._detector = detector

    @property
    def tracking(self) -> TrackerConfig:
        return CLASSES

    @property
    def learning(self) -> bool:
        return False

    def detect(self, look: Look) -> list[Detection]:
        if look.picture is None:
            raise ValueError("a detector of classes needs the picture")
        return self._detector.look(look.picture)


def _rows_of(outputs: Outputs, index: int, column: int) -> Outputs:
    """Return the rows that name this picture, as if it were the only one."""
    rows = outputs["rows"]
    if rows.ndim != 2 or rows.shape[1] <= column:
        return outputs  # the decoder says what is wrong with it
    mine = rows[rows[:, column] == index].copy()
    mine[:, column] = 0
    return {"rows": mine}

"""Detectors over onnxruntime: one session per process, shared by the cameras; state per camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from analytics.builtin import MANIFEST_PATH
from analytics.builtin.moving_object import BLOCK, GridConfig, read_grid
from analytics.events import Detection
from analytics.manifest import (
    ORT_TYPES,
    Model,
    SessionTensor,
    TensorSpec,
    check_tensors,
    load_model,
)
from analytics.metrics import BACKGROUND_RESETS
from analytics.motion import BackgroundModel, Grid, MotionConfig, Plane
from analytics.providers import CPU
from analytics.scaling import Picture
from camera_registry.base.errors import ConfigError, UnavailableError

# onnxruntime's exceptions have no common base of their own
_ORT_ERRORS: tuple[type[Exception], ...] = (
    ort_state.EPFail,
    ort_state.Fail,
    ort_state.InvalidArgument,
    ort_state.InvalidGraph,
    ort_state.InvalidProtobuf,
    ort_state.NoModel,
    ort_state.NotImplemented,
    ort_state.RuntimeException,
)


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


def open_session(model: Model, providers: Sequence[str] = (CPU,)) -> ort.InferenceSession:
    """Open a verified model with one thread that does not spin: the pool is the parallelism.

    Raises ConfigError where a provider is not in this build of onnxruntime, the file is no model,
    or its tensors are not those of the manifest.
    """
    available = ort.get_available_providers()
    missing = [name for name in providers if name not in available]
    if missing or not providers:
        raise ConfigError(
            f"onnxruntime has no {', '.join(missing) or 'provider named'}",
            hint=f"available here: {', '.join(available)}",
            code="model_provider",
        )
    session = _open(model.manifest.name, model.data, providers)
    check_tensors(model.manifest, session.get_inputs(), session.get_outputs())
    return session


def tensors_of(name: str, data: bytes) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Return the inputs and outputs that a model file has. Raises ConfigError where it is none."""
    session = _open(name, data, (CPU,))
    words = {kind: word for word, kind in ORT_TYPES.items()}

    def specs(tensors: list[SessionTensor]) -> tuple[TensorSpec, ...]:
        return tuple(
            TensorSpec(
                tensor.name,
                words.get(tensor.type, tensor.type),
                tuple("free" if size is None else size for size in tensor.shape),
            )
            for tensor in tensors
        )

    return specs(session.get_inputs()), specs(session.get_outputs())


def _open(name: str, data: bytes, providers: Sequence[str]) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(data, options, providers=list(providers))
    except _ORT_ERRORS as error:
        raise ConfigError(
            f"model {name}: onnxruntime refuses it: {_first_line(error)}",
            hint="install the model again",
            code="model_refused",
        ) from error


def run_session(
    session: ort.InferenceSession, label: str, outputs: list[str], feed: dict[str, NDArray[Any]]
) -> list[NDArray[Any]]:
    """Run a model. Raises UnavailableError where onnxruntime fails."""
    try:
        return [np.asarray(found) for found in session.run(outputs, feed)]
    except _ORT_ERRORS as error:
        raise UnavailableError(
            f"model {label} failed: {_first_line(error)}", code="model_failed"
        ) from error


class MovingObjectDetector:
    """The built-in model: what stands out from a learned background. Claims no class."""

    def __init__(
        self,
        manifest_path: Path = MANIFEST_PATH,
        providers: Sequence[str] = (CPU,),
        *,
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
        self._session = open_session(model, providers)
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

    def detect(self, look: Look) -> list[Detection]:
        learned = self._background.ready(look.plane, look.at_us)
        if learned is None:
            return []
        plane = np.ascontiguousarray(look.plane)
        foreground, difference = self._detector.infer(plane, *learned)
        resets = self._background.resets
        active = self._background.update(plane, look.at_us, foreground, difference)
        BACKGROUND_RESETS.inc(self._background.resets - resets)
        if active is None:
            return []
        height, width = plane.shape
        return read_grid(foreground, active, (height, width), look.aspect, self._grid)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["no reason given"])[0][:200]

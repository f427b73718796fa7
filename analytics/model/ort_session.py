"""Sessions of onnxruntime: how they are opened, run, and how their failures are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from analytics.model.manifest import ORT_TYPES, Model, SessionTensor, TensorSpec, check_tensors
from analytics.model.providers import CPU
from analytics.model.run_limit import RUN_LIMITS
from camera_registry.base.errors import ConfigError, UnavailableError

HANGS = "model_hangs"
RUN_LIMIT_S = 20.0
"""A run that takes longer does not end: the slowest model that anybody wants takes a second."""

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


def open_session(
    model: Model, providers: Sequence[str] = (CPU,), *, threads: int = 1, spin: bool = False
) -> ort.InferenceSession:
    """Open a verified model, by default with one thread that does not spin.

    Whoever calls from a pool as wide as the cores has its parallelism there: more threads in each
    session would only fight for the same cores, and threads that spin burn them while they wait
    (``benchmarks.detector_threads`` has the figures). Raises ConfigError where a provider is not in
    this build of onnxruntime, the file is no model, or its tensors are not those of the manifest.
    """
    available = ort.get_available_providers()
    missing = [name for name in providers if name not in available]
    if missing or not providers:
        raise ConfigError(
            f"onnxruntime has no {', '.join(missing) or 'provider named'}",
            hint=f"available here: {', '.join(available)}",
            code="model_provider",
        )
    session = _open(model.manifest.name, model.data, providers, threads, spin)
    check_tensors(model.manifest, session.get_inputs(), session.get_outputs())
    return session


def tensors_of(name: str, data: bytes) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Return the inputs and outputs that a model file has. Raises ConfigError where it is none."""
    session = _open(name, data, (CPU,), 1, spin=False)
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


def run_session(
    session: ort.InferenceSession,
    label: str,
    outputs: list[str],
    feed: dict[str, NDArray[Any]],
    limit_s: float = RUN_LIMIT_S,
) -> list[NDArray[Any]]:
    """Run a model. Raises UnavailableError where onnxruntime fails, and with the code
    ``model_hangs`` where the run was stopped because it went on for longer than ``limit_s``.
    """
    with RUN_LIMITS.watched(limit_s) as options:
        try:
            return [np.asarray(found) for found in session.run(outputs, feed, options)]
        except _ORT_ERRORS as error:
            if options.terminate:
                raise UnavailableError(
                    f"model {label} was stopped after {limit_s:.0f} s with one picture",
                    hint="choose another model",
                    code=HANGS,
                ) from error
            raise UnavailableError(
                f"model {label} failed: {_first_line(error)}", code="model_failed"
            ) from error


def _open(
    name: str, data: bytes, providers: Sequence[str], threads: int, spin: bool
) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spin else "0")
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


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["no reason given"])[0][:200]

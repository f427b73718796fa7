"""Which engines of onnxruntime a model runs on: what was wanted, what is here, the fall-back."""

from __future__ import annotations

from collections.abc import Sequence

import onnxruntime as ort
import structlog
from prometheus_client import Counter

from camera_registry.base.errors import ConfigError

log = structlog.get_logger(__name__)

CPU = "CPUExecutionProvider"

FALLBACKS = Counter(
    "camhub_model_provider_fallbacks_total",
    "Models that run on another provider because the wanted one is missing here",
    ["wanted"],
)

_SHORT = {
    "cpu": CPU,
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "rocm": "ROCMExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}

_BATCHES = {
    "CUDAExecutionProvider": 8,
    "TensorrtExecutionProvider": 8,
    "OpenVINOExecutionProvider": 4,
}


def choose_providers(
    wanted: Sequence[str], available: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Return the providers to open a model with, best first; the CPU is always the last resort.

    ``wanted`` are short words (``cuda``) or onnxruntime's own names. One that this build of
    onnxruntime does not have is left out, said in the log and counted. Raises ConfigError for a
    word that names no provider at all, and for an empty list.
    """
    here = list(ort.get_available_providers() if available is None else available)
    known = {*_SHORT.values(), *ort.get_all_providers()}
    chosen: list[str] = []
    for word in wanted:
        name = _SHORT.get(word.lower(), word)
        if name not in known:
            raise ConfigError(
                f"onnxruntime knows no provider {word[:60]!r}",
                hint=f"one of {', '.join(_SHORT)}",
                code="model_provider",
            )
        if name not in here:
            fell_back(name, f"this build of onnxruntime has {', '.join(here)}")
        elif name not in chosen:
            chosen.append(name)
    if not wanted:
        raise ConfigError(
            "no provider is named to run models on",
            hint=f"one of {', '.join(_SHORT)}",
            code="model_provider",
        )
    return tuple(chosen) if CPU in chosen else (*chosen, CPU)


def fell_back(wanted: str, why: str) -> None:
    """Say that a model does not run where it should."""
    FALLBACKS.labels(wanted).inc()
    log.warning("model_provider_missing", wanted=wanted, used=CPU, reason=why)


def batch_of(provider: str) -> int:
    """Return how many pictures to run together by default where a model runs on ``provider``.

    On a CPU a batch gains nothing: measured on a COCO detector of 352 x 352, a batch costs what its
    pictures cost one by one, and the first of them waits.
    """
    return _BATCHES.get(provider, 1)

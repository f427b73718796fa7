"""The manifest of FastestDet, a small COCO model, for tests when it lies beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.model.coco import CLASSES, GROUPS, STREET
from analytics.model.manifest import ImageSpec, Manifest, Reading, TensorSpec
from tests.tools import ROOT

FASTESTDET = ROOT.parent / "shared" / "models" / "FastestDet.onnx"

MANIFEST = Manifest(
    name="fastestdet",
    version="1",
    file="model.onnx",
    sha256="31cb14c017fce347cb4c846ec62fdf00d76bb3beecdf4be21e7116ac67feb880",
    licence="not stated; for tests and benchmarks only",
    source="github.com/dog-qiuqiu/FastestDet",
    decoder="fastestdet",
    inputs=(TensorSpec("input.1", "float32", (1, 3, 352, 352)),),
    outputs=(TensorSpec("758", "float32", (1, 85, 22, 22)),),
    classes=CLASSES,
    image=ImageSpec(size=(352, 352), colours="bgr", scale=1 / 255, resize="stretch"),
    reading=Reading(score=0.3, iou=0.45),
    groups=GROUPS,
    keep=STREET,
)


def model_file() -> Path:
    """Return the model's file, or skip: it is no part of the project."""
    if not FASTESTDET.is_file():
        pytest.skip("the model FastestDet.onnx is not beside this checkout")
    return FASTESTDET

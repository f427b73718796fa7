"""Models that tests make: graphs that ignore their input and give outputs known exactly."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from analytics.model.manifest import ImageSpec, Manifest, Model, Reading, TensorSpec, verify

WORDS = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "uint8": TensorProto.UINT8}


class Grey:
    """A picture of one colour, in the form that detectors scale from."""

    def __init__(self, width: int, height: int, rgb: tuple[int, int, int] = (128, 128, 128)):
        self.width, self.height, self.rgb = width, height, rgb

    def rgb_planes(self, width: int, height: int) -> tuple[NDArray[np.uint8], ...]:
        return tuple(np.full((height, width), value, np.uint8) for value in self.rgb)


def constant_graph(
    outputs: Mapping[str, NDArray[Any]],
    inputs: Sequence[TensorSpec] = (TensorSpec("image", "float32", (1, 3, 64, 64)),),
) -> bytes:
    """Return an ONNX file whose outputs are these arrays, whatever its inputs are."""
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array))
        for name, array in outputs.items()
    ]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info(s.name, WORDS[s.dtype], list(s.shape)) for s in inputs],
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), list(array.shape)
            )
            for name, array in outputs.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def echo_graph(inputs: Sequence[TensorSpec]) -> bytes:
    """Return an ONNX file whose outputs are its inputs, named ``out0``, ``out1``…"""
    nodes, outputs = [], []
    for index, spec in enumerate(inputs):
        nodes.append(helper.make_node("Identity", [spec.name], [f"out{index}"]))
        kind = WORDS[spec.dtype]
        outputs.append(helper.make_tensor_value_info(f"out{index}", kind, list(spec.shape)))
    graph = helper.make_graph(
        nodes,
        "echo",
        [helper.make_tensor_value_info(s.name, WORDS[s.dtype], list(s.shape)) for s in inputs],
        outputs,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def model_of(
    decoder: str,
    outputs: Mapping[str, NDArray[Any]],
    *,
    roles: Mapping[str, str] | None = None,
    inputs: Sequence[TensorSpec] = (TensorSpec("image", "float32", (1, 3, 64, 64)),),
    classes: tuple[str, ...] = ("person", "car", "truck"),
    reading: Reading | None = None,
    image: ImageSpec | None = None,
    **more: Any,
) -> Model:
    """Return a verified model whose graph gives ``outputs``; roles are the names by default."""
    data = constant_graph(outputs, inputs)
    manifest = Manifest(
        name="made",
        version="1",
        file="model.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        licence="Apache-2.0",
        source="tests",
        decoder=decoder,
        inputs=tuple(inputs),
        outputs=tuple(
            TensorSpec(
                name, str(array.dtype), array.shape, name if roles is None else roles.get(name, "")
            )
            for name, array in outputs.items()
        ),
        classes=classes,
        image=image or ImageSpec(size=(64, 64), resize="stretch"),
        reading=reading or Reading(),
    )
    return verify(msgspec.structs.replace(manifest, **more), data)

"""Files that name other files, and files that are none, made by the library that writes ONNX."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from analytics.builtin import MODEL_PATH
from analytics.model.onnx_file import refuse_external_data
from camera_registry.base.errors import ConfigError
from tests.analytics.graphs import constant_graph

WEIGHTS = np.arange(6, dtype=np.float32)


def external_tensor() -> onnx.TensorProto:
    tensor = numpy_helper.from_array(WEIGHTS, "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    return tensor


def graph(nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto]) -> onnx.GraphProto:
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, [6])
    return helper.make_graph(nodes, "g", [], [out], initializer=weights)


def refusal(data: bytes) -> str:
    """Code of the refusal, or '' where the file passes."""
    try:
        refuse_external_data("m.onnx", data)
    except ConfigError as error:
        return error.code if "\n" not in str(error) else "more than a line"
    return ""


def refuses(model: onnx.ModelProto) -> bool:
    return refusal(model.SerializeToString()) == "model_external_data"


def test_whole_models_pass() -> None:
    refuse_external_data("m.onnx", MODEL_PATH.read_bytes())
    refuse_external_data("m.onnx", constant_graph({"out": WEIGHTS}))


def test_weights_in_another_file_are_refused_wherever_they_hide() -> None:
    identity = helper.make_node("Identity", ["w"], ["out"])
    assert refuses(helper.make_model(graph([identity], [external_tensor()])))

    constant = helper.make_node("Constant", [], ["out"], value=external_tensor())
    assert refuses(helper.make_model(graph([constant], [])))

    inner = graph([identity], [external_tensor()])
    branch = helper.make_node("If", ["c"], ["out"], then_branch=inner, else_branch=inner)
    assert refuses(helper.make_model(graph([branch], [])))

    function = helper.make_function("own", "F", [], ["out"], [constant], [])
    assert refuses(helper.make_model(graph([], []), functions=[function]))

    sparse = helper.make_model(graph([identity], []))
    sparse.graph.sparse_initializer.add().values.CopyFrom(external_tensor())
    assert refuses(sparse)

    trained = helper.make_model(graph([identity], [numpy_helper.from_array(WEIGHTS, "w")]))
    assert not refuses(trained)
    trained.training_info.add().initialization.CopyFrom(inner)
    assert refuses(trained)


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(ConfigError, match="nested"):
        refuse_external_data("m.onnx", nested(70))


def field(number: int, content: bytes) -> bytes:
    size, coded = len(content), b""
    while True:
        size, low = size >> 7, size & 0x7F
        coded += bytes([low | (0x80 if size else 0)])
        if not size:
            return bytes([number << 3 | 2]) + coded + content


def nested(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = field(1, field(5, field(6, content)))
    return field(7, content)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_passed_or_refused_in_one_line(data: bytes) -> None:
    assert refusal(data) in {"", "model_refused", "model_external_data"}


@given(st.integers(0, MODEL_PATH.stat().st_size - 1), st.integers(0, 255))
@settings(max_examples=100, deadline=None)
def test_a_changed_byte_never_ends_in_a_crash(position: int, value: int) -> None:
    data = bytearray(MODEL_PATH.read_bytes())
    data[position] = value
    assert refusal(bytes(data)) in {"", "model_refused", "model_external_data"}

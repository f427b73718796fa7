"""Writes the built-in ``moving-object`` model: an ONNX graph made by this code, with no weights.

Run ``python -m analytics.builtin.generate`` after a change here; it needs the ``onnx`` package of
the developers' environment. A test regenerates the model and compares, so the file beside this
module is always what this code says.

The graph, for N grey planes of H x W (H and W at least 16) and their backgrounds:

1. both planes through a 3 x 3 box blur: sensor noise falls to a third;
2. gain: the median over blocks of 4 x 4 of log(frame / background). Exposure control, clouds and
   lamps multiply the whole picture; the median follows the background as long as objects cover
   less than half of the picture;
3. difference ``d`` = frame - gain * background, and the mean of ``|d|`` over each block;
4. a block that is darker than its background by an even factor (mean ratio 0.55 to 0.95 after the
   gain, with hardly any variance inside the block) keeps its texture, so it is likely a shadow (the
   ratio test of Rosin and Ellis, BMVC 1995): its difference counts 0.4;
5. outputs: ``difference`` in grey levels, and ``foreground`` = difference / (floor + 3 * noise +
   0.25 * shift), where ``noise`` is the usual difference of the block, kept by the caller, and
   ``shift`` is how far the gain moved its background: no sensor is linear, so a large change of
   the light makes a small difference mean less. From 1.0 on a block is foreground.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import onnx
from onnx import TensorProto, helper

from analytics.builtin import MODEL_PATH
from analytics.builtin.moving_object import BLOCK
from analytics.model.manifest import Manifest, TensorSpec

_OPSET = 17
_IR_VERSION = 8
_FLOOR = 5.0
_NOISE_GAIN = 3.0
_SHIFT_GAIN = 0.25
_RATIO_OFFSET = 8.0
"""Added before taking ratios, which keeps them calm where both sides are near black."""
_SHADOW_LOW, _SHADOW_HIGH, _SHADOW_VARIANCE, _SHADOW_WEIGHT = 0.55, 0.95, 0.0015, 0.4
_VERSION = "1"


class _Graph:
    """Collects nodes and constants; every value has the name of what it holds."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def scalar(self, name: str, value: float) -> str:
        self.constants.append(helper.make_tensor(name, TensorProto.FLOAT, [], [value]))
        return name

    def integers(self, name: str, values: list[int]) -> str:
        self.constants.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def block_mean(self, source: str, output: str) -> str:
        return self.add(
            "AveragePool", [source], output, kernel_shape=[BLOCK, BLOCK], strides=[BLOCK, BLOCK]
        )

    def blurred(self, source: str) -> str:
        plane = self.add("Cast", [source], f"{source}_float", to=TensorProto.FLOAT)
        return self.add(
            "AveragePool", [plane], f"{source}_blurred", kernel_shape=[3, 3], pads=[1, 1, 1, 1]
        )


def build() -> onnx.ModelProto:
    """Build the graph; the same bytes each time with the same version of ``onnx``."""
    graph = _Graph()
    offset = graph.scalar("ratio_offset", _RATIO_OFFSET)
    frame = graph.add("Add", [graph.blurred("frame"), offset], "frame_raised")
    background = graph.add("Add", [graph.blurred("background"), offset], "background_raised")
    expected = graph.add("Mul", [background, _gain(graph, frame, background)], "expected")
    signed = graph.add("Sub", [frame, expected], "signed")
    magnitude = graph.block_mean(graph.add("Abs", [signed], "magnitude"), "block_magnitude")
    graph.add("Mul", [magnitude, _shadow_weight(graph, frame, expected)], "difference")
    limit = graph.add("Add", [_limit(graph), graph.scalar("floor", _FLOOR)], "limit")
    graph.add("Div", ["difference", limit], "foreground")
    plane: list[str | int | None] = ["batch", 1, "height", "width"]
    grid: list[str | int | None] = ["batch", 1, "rows", "columns"]
    body = helper.make_graph(
        graph.nodes,
        "moving-object",
        [
            helper.make_tensor_value_info("frame", TensorProto.UINT8, plane),
            helper.make_tensor_value_info("background", TensorProto.UINT8, plane),
            helper.make_tensor_value_info("noise", TensorProto.FLOAT, grid),
        ],
        [
            helper.make_tensor_value_info("foreground", TensorProto.FLOAT, grid),
            helper.make_tensor_value_info("difference", TensorProto.FLOAT, grid),
        ],
        initializer=graph.constants,
    )
    model = helper.make_model(
        body,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="camhub",
        producer_version=_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _gain(graph: _Graph, frame: str, background: str) -> str:
    """Median over blocks of frame / background, one per plane: (batch, 1, 1, 1)."""
    graph.block_mean(background, "background_blocks")
    over = graph.block_mean(frame, "frame_blocks")
    ratio = graph.add("Div", [over, "background_blocks"], "block_ratio")
    flat = graph.add("Flatten", [ratio], "block_ratios", axis=1)
    # the median as the least of the greater half; the logarithm would not change the order
    shape = graph.add("Shape", [flat], "ratios_shape", start=1, end=2)
    half = graph.add("Div", [shape, graph.integers("two", [2])], "half")
    graph.nodes.append(
        helper.make_node("TopK", [flat, half], ["upper", "upper_at"], name="upper", sorted=0)
    )
    middle = graph.add("ReduceMin", ["upper"], "middle", axes=[1], keepdims=1)
    return graph.add("Reshape", [middle, graph.integers("one_each", [-1, 1, 1, 1])], "gain")


def _limit(graph: _Graph) -> str:
    """What a difference has to exceed, less the floor."""
    blocks = graph.block_mean("expected", "expected_blocks")
    moved = graph.add("Sub", [blocks, "background_blocks"], "moved")
    shift = graph.add("Abs", [moved], "shift")
    doubt = graph.add("Mul", [shift, graph.scalar("shift_gain", _SHIFT_GAIN)], "doubt")
    usual = graph.add("Mul", ["noise", graph.scalar("noise_gain", _NOISE_GAIN)], "usual")
    return graph.add("Add", [usual, doubt], "usual_and_doubt")


def _shadow_weight(graph: _Graph, frame: str, expected: str) -> str:
    """1 for most blocks, less for those that look like a shadow."""
    one = graph.scalar("one", 1.0)
    ratio = graph.add("Div", [frame, expected], "ratio")
    mean = graph.block_mean(ratio, "ratio_mean")
    squares = graph.block_mean(graph.add("Mul", [ratio, ratio], "ratio_square"), "ratio_squares")
    mean_square = graph.add("Mul", [mean, mean], "ratio_mean_square")
    variance = graph.add("Sub", [squares, mean_square], "ratio_variance")
    tests = [
        graph.add("Greater", [mean, graph.scalar("shadow_low", _SHADOW_LOW)], "not_too_dark"),
        graph.add("Less", [mean, graph.scalar("shadow_high", _SHADOW_HIGH)], "darker"),
        graph.add("Less", [variance, graph.scalar("shadow_variance", _SHADOW_VARIANCE)], "even"),
    ]
    shadow = graph.add("And", [graph.add("And", tests[:2], "dimmed"), tests[2]], "shadow")
    weight = graph.scalar("shadow_weight", _SHADOW_WEIGHT)
    return graph.add("Where", [shadow, weight, one], "weight")


def manifest_for(model: bytes) -> Manifest:
    """Describe the model as its manifest does."""
    plane: tuple[int | str, ...] = ("batch", 1, "height", "width")
    grid: tuple[int | str, ...] = ("batch", 1, "rows", "columns")
    return Manifest(
        name="moving-object",
        version=_VERSION,
        file=MODEL_PATH.name,
        sha256=hashlib.sha256(model).hexdigest(),
        licence="Apache-2.0",
        source="generated by analytics/builtin/generate.py; no weights",
        decoder="moving_object",
        inputs=(
            TensorSpec("frame", "uint8", plane),
            TensorSpec("background", "uint8", plane),
            TensorSpec("noise", "float32", grid),
        ),
        outputs=(
            TensorSpec("foreground", "float32", grid),
            TensorSpec("difference", "float32", grid),
        ),
        classes=(),
        hints=("person-like", "vehicle-like", "object"),
    )


def main(folder: Path = MODEL_PATH.parent) -> None:
    """Write the model and its manifest into ``folder``."""
    model = build().SerializeToString(deterministic=True)
    (folder / MODEL_PATH.name).write_bytes(model)
    text = msgspec.json.format(msgspec.json.encode(manifest_for(model)), indent=2)
    (folder / MODEL_PATH.with_suffix(".json").name).write_bytes(text + b"\n")


if __name__ == "__main__":
    main()

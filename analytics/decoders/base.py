"""What all output decoders share: their input, their result, activations and checks of shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.model.letterbox import Boxes
from analytics.model.manifest import Reading
from camera_registry.base.errors import ConfigError

Outputs = Mapping[str, NDArray[Any]]
"""The outputs of one picture by role, without the dimension of the batch."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What a decoder knows of the model: size of its input in pixels and number of classes."""

    width: int
    height: int
    classes: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes (n, 4) as corners in pixels of the input, scores (n) 0..1, numbers of classes (n)."""

    boxes: Boxes
    scores: Floats
    classes: NDArray[np.int64]


def candidates(boxes: Floats, scores: Floats, classes: Floats, shape: ModelShape) -> Candidates:
    """Keep what scores enough and is a box of a known class; a model may well give NaN."""
    fine = scores >= shape.reading.score
    fine &= np.isfinite(scores) & np.isfinite(classes) & np.isfinite(boxes).all(axis=1)
    fine &= (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    numbers = np.rint(classes)
    fine &= (numbers >= 0) & (numbers < shape.classes)
    return Candidates(boxes[fine], np.minimum(scores[fine], 1.0), numbers[fine].astype(np.int64))


def best_class(scores: Floats) -> tuple[Floats, Floats]:
    """Return the best score of each row (n, classes) and the number of its class."""
    best = scores.argmax(axis=1)
    return scores[np.arange(len(scores)), best], best.astype(np.float64)


def from_centres(boxes: Floats) -> Boxes:
    """Turn rows cx, cy, w, h into corners."""
    half = boxes[:, 2:4] / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)


def in_pixels(boxes: Floats, shape: ModelShape) -> Boxes:
    """Scale corners to pixels of the input where the model gives them as 0..1."""
    if shape.reading.boxes == "pixels":
        return boxes
    scaled: Boxes = boxes * np.array([shape.width, shape.height] * 2, np.float64)
    return scaled


def activated(values: Floats, shape: ModelShape) -> Floats:
    """Apply the activation that the graph leaves to us, over the last axis."""
    if shape.reading.activation == "sigmoid":
        return sigmoid(values)
    if shape.reading.activation == "softmax":
        grown = np.exp(values - values.max(axis=-1, keepdims=True))
        shares: Floats = grown / grown.sum(axis=-1, keepdims=True)
        return shares
    return values


def sigmoid(values: Floats) -> Floats:
    """1 / (1 + e^-x), without overflow."""
    result: Floats = 0.5 * (1.0 + np.tanh(0.5 * values))
    return result


def expect(
    output: NDArray[Any], wanted: tuple[int | None, ...], what: str, *, empty: bool = True
) -> Floats:
    """Return the output as float64. Raises ConfigError where its shape is not the wanted one."""
    fits = output.ndim == len(wanted) and all(
        size in {None, present} for size, present in zip(wanted, output.shape, strict=True)
    )
    fits &= empty or output.size > 0
    if not fits:
        words = " x ".join("any" if size is None else str(size) for size in wanted)
        raise wrong_output(f"{what} has the shape {output.shape}, this decoder reads {words}")
    return output.astype(np.float64)


def wrong_output(why: str) -> ConfigError:
    """Make the error for outputs that a decoder cannot read."""
    return ConfigError(
        f"the model's output {why}",
        hint="its manifest names another decoder, size or number of classes",
        code="model_outputs",
    )

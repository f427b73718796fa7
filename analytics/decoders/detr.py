"""DETR and its kin (RT-DETR, D-FINE): a fixed number of queries, each a box and its scores.

Source: Carion et al., "End-to-End Object Detection with Transformers"; Zhao et al., "DETRs Beat
YOLOs on Real-time Object Detection". One class is told for each query, its best.
"""

from __future__ import annotations

import numpy as np

from analytics.decoders.base import (
    Candidates,
    ModelShape,
    Outputs,
    activated,
    best_class,
    candidates,
    expect,
    from_centres,
    in_pixels,
)


def detr_logits(outputs: Outputs, shape: ModelShape) -> Candidates:
    """Read ``logits`` (queries, classes) and ``boxes`` (queries, 4) as cx, cy, w, h in 0..1.

    With softmax there is one more logit, the last, which means "no object".
    """
    nothing = shape.reading.activation == "softmax"
    logits = expect(outputs["logits"], (None, shape.classes + nothing), "logits")
    boxes = expect(outputs["boxes"], (len(logits), 4), "boxes")
    scores, classes = best_class(activated(logits, shape)[:, : shape.classes])
    scaled = from_centres(boxes) * np.array([shape.width, shape.height] * 2, np.float64)
    return candidates(scaled, scores, classes, shape)


def detr_post(outputs: Outputs, shape: ModelShape) -> Candidates:
    """Read ``labels`` (n), ``boxes`` (n, 4) as corners and ``scores`` (n).

    The graph has done the rest; it scales the boxes to the sizes that it is given, and it is given
    the size of its own input.
    """
    boxes = expect(outputs["boxes"], (None, 4), "boxes")
    labels = expect(outputs["labels"], (len(boxes),), "labels") - shape.reading.first_class
    scores = expect(outputs["scores"], (len(boxes),), "scores")
    return candidates(in_pixels(boxes, shape), scores, labels, shape)

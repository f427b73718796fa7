"""SSD with the post-processing of TensorFlow's detection models in the graph: four outputs."""

from __future__ import annotations

import numpy as np

from analytics.decoders.base import Candidates, ModelShape, Outputs, candidates, expect


def ssd_4out(outputs: Outputs, shape: ModelShape) -> Candidates:
    """Read ``boxes`` (n, 4), ``classes`` (n), ``scores`` (n) and ``count`` (a number).

    A box is (top, left, bottom, right) in 0..1; only the first ``count`` rows mean something.
    """
    boxes = expect(outputs["boxes"], (None, 4), "boxes")
    classes = expect(outputs["classes"], (len(boxes),), "classes") - shape.reading.first_class
    scores = expect(outputs["scores"], (len(boxes),), "scores")
    number = expect(np.atleast_1d(outputs["count"]), (1,), "count")[0]
    count = int(np.clip(np.nan_to_num(number), 0, len(boxes)))
    scaled = boxes[:, [1, 0, 3, 2]] * np.array([shape.width, shape.height] * 2, np.float64)
    return candidates(scaled[:count], scores[:count], classes[:count], shape)

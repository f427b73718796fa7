"""Output decoders: from what a graph gives to boxes, scores and classes. Pure, vectorised numpy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from analytics.decoders.base import Candidates, ModelShape, Outputs
from analytics.decoders.detr import detr_logits, detr_post
from analytics.decoders.fastestdet import fastestdet
from analytics.decoders.nms_rows import nms_rows
from analytics.decoders.ssd_4out import ssd_4out
from analytics.decoders.yolo_v8 import yolo_v8
from analytics.decoders.yolox_grid import yolox_grid

__all__ = ["DECODERS", "Candidates", "Decoder", "ModelShape", "Outputs"]


@dataclass(frozen=True, slots=True)
class Decoder:
    """How outputs are read, and the roles that they must have; further outputs are not fetched."""

    read: Callable[[Outputs, ModelShape], Candidates]
    roles: tuple[str, ...]


DECODERS = {
    "yolox_grid": Decoder(yolox_grid, ("rows",)),
    "yolo_v8": Decoder(yolo_v8, ("rows",)),
    "detr_logits": Decoder(detr_logits, ("logits", "boxes")),
    "detr_post": Decoder(detr_post, ("labels", "boxes", "scores")),
    "nms_rows": Decoder(nms_rows, ("rows",)),
    "ssd_4out": Decoder(ssd_4out, ("boxes", "classes", "scores", "count")),
    "fastestdet": Decoder(fastestdet, ("map",)),
}
"""By the word that a manifest names them with."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

import numpy as np
import pytest

from analytics.decoders import DECODERS
from analytics.detectors.object_detector import ObjectDetector
from analytics.model.catalogue import OFFERS, offer
from analytics.model.manifest import TensorSpec, verify
from analytics.model.ort_session import tensors_of
from camera_registry.base.errors import NotFoundError
from tests.analytics.graphs import Grey, constant_graph

PERMISSIVE = {"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause"}


@pytest.mark.parametrize("name", OFFERS)
def test_offers_are_permissive_bounded_and_over_tls(name: str) -> None:
    found = offer(name)
    assert found.manifest.licence in PERMISSIVE
    assert urlsplit(found.url).scheme == "https"
    assert "ultralytics" not in found.url.lower()
    assert found.manifest.decoder in DECODERS
    assert found.manifest.sha256 == "" or re.fullmatch(r"[0-9a-f]{64}", found.manifest.sha256)
    assert 0 < found.max_bytes <= 512 * 2**20


# (inputs, outputs) of each, as its maker exports it
TENSORS = {
    "yolox": (
        (TensorSpec("images", "float32", (1, 3, 416, 416)),),
        {"output": np.zeros((1, 3549, 85), np.float32)},
    ),
    "detr": (
        (TensorSpec("pixel_values", "float32", ("n", 3, "h", "w")),),
        {
            "logits": np.full((1, 300, 80), -9, np.float32),
            "pred_boxes": np.zeros((1, 300, 4), np.float32),
        },
    ),
}


@pytest.mark.parametrize("name", OFFERS)
def test_manifest_of_an_offer_fits_a_file_of_the_form_that_its_maker_exports(name: str) -> None:
    inputs, outputs = TENSORS["yolox" if name.startswith("yolox") else "detr"]
    data = constant_graph(outputs, inputs)
    sha256 = hashlib.sha256(data).hexdigest()
    manifest = offer(name).complete(sha256, *tensors_of(name, data))
    assert ObjectDetector(verify(manifest, data)).look(Grey(640, 360)) == []


def test_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(NotFoundError, match="yolox-nano"):
        offer("yolov8n")

"""Models that ``camhub models install`` knows: permissive licences only, fetched from their makers.

None of their weights is part of the product. ``sha256`` is empty where nobody here has checked the
file: then the first installation is trusted, and its sha256 and tensors are pinned from it; every
later one has to be the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from analytics.model.coco import CLASSES, GROUPS, STREET
from analytics.model.files import MODEL_FILE
from analytics.model.manifest import ImageSpec, Manifest, Reading, TensorSpec
from camera_registry.base.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that can be fetched. ``manifest`` has no tensors yet; ``roles`` are theirs by name.

    ``max_bytes`` bounds the download, ``about`` is one line for a person.
    """

    manifest: Manifest
    url: str
    about: str
    max_bytes: int
    roles: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.manifest.name

    def complete(
        self, sha256: str, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]
    ) -> Manifest:
        """Return the manifest for the file that was fetched."""
        roles = dict(self.roles)
        return msgspec.structs.replace(
            self.manifest,
            sha256=sha256,
            inputs=tuple(_with_role(spec, roles) for spec in inputs),
            outputs=tuple(_with_role(spec, roles) for spec in outputs),
        )


def _with_role(spec: TensorSpec, roles: dict[str, str]) -> TensorSpec:
    return msgspec.structs.replace(spec, role=roles.get(spec.name, ""))


def _coco(
    name: str, source: str, decoder: str, image: ImageSpec, reading: Reading, sha256: str = ""
) -> Manifest:
    return Manifest(
        name=name,
        version="1",
        file=MODEL_FILE,
        sha256=sha256,
        licence="Apache-2.0",
        source=source,
        decoder=decoder,
        inputs=(),
        outputs=(),
        classes=CLASSES,
        image=image,
        reading=reading,
        groups=GROUPS,
        keep=STREET,
    )


_YOLOX_URL = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/"
_YOLOX_IMAGE = ImageSpec(size=(416, 416), colours="bgr", anchor="corner")
_DETR_IMAGE = ImageSpec(size=(640, 640), scale=1 / 255, resize="stretch")
_DETR_ROLES = (("pixel_values", "image"), ("logits", "logits"), ("pred_boxes", "boxes"))
_MIB = 2**20


def _yolox(name: str, file: str, about: str, max_bytes: int) -> Offer:
    source = "github.com/Megvii-BaseDetection/YOLOX"
    reading = Reading(score=0.25, iou=0.5)
    manifest = _coco(name, source, "yolox_grid", _YOLOX_IMAGE, reading)
    return Offer(manifest, _YOLOX_URL + file, about, max_bytes)


def _detr(name: str, repository: str, about: str, max_bytes: int) -> Offer:
    reading = Reading(activation="sigmoid", boxes="unit", score=0.35, iou=0.7)
    manifest = _coco(name, f"huggingface.co/{repository}", "detr_logits", _DETR_IMAGE, reading)
    url = f"https://huggingface.co/{repository}/resolve/main/onnx/model.onnx"
    return Offer(manifest, url, about, max_bytes, _DETR_ROLES)


OFFERS = {
    offer.name: offer
    for offer in (
        _yolox("yolox-nano", "yolox_nano.onnx", "COCO, 0.9 M parameters, 416 x 416", 16 * _MIB),
        _yolox("yolox-tiny", "yolox_tiny.onnx", "COCO, 5 M parameters, 416 x 416", 64 * _MIB),
        _detr(
            "d-fine-n",
            "onnx-community/dfine_n_coco-ONNX",
            "COCO, 4 M parameters, 640 x 640",
            64 * _MIB,
        ),
        _detr(
            "rt-detr-r18",
            "onnx-community/rtdetr_r18vd",
            "COCO, 20 M parameters, 640 x 640; for a GPU",
            256 * _MIB,
        ),
    )
}


def offer(name: str) -> Offer:
    """Return a model of the catalogue. Raises NotFoundError for a name that is not in it."""
    found = OFFERS.get(name)
    if found is None:
        raise NotFoundError(
            f"the catalogue has no model {name[:60]!r}", hint=f"one of {', '.join(OFFERS)}"
        )
    return found

"""Model manifests: what a model file is, and the check that it is that.

A manifest is a JSON file beside the ONNX file. Nothing is run before its sha256 was compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from analytics.model.onnx_file import refuse_external_data
from camera_registry.base.errors import ConfigError

MAX_MODEL_BYTES = 512 * 1024 * 1024
"""Larger than any light detector; keeps a wrong file from filling the memory."""

_MAX_MANIFEST_BYTES = 1024 * 1024


class TensorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An input or output. A dimension is a number, or a name where it is free.

    ``role`` says what an output decoder or the input wants it for, where the model has several.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    role: str = ""


Side = Annotated[int, Meta(ge=16, le=4096)]
Share = Annotated[float, Meta(ge=0, le=1)]
Stride = Annotated[int, Meta(ge=1, le=256)]


class ImageSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a picture becomes the model's input.

    ``size`` is (width, height). A value is ``(pixel * scale - mean) / std``, channel by channel in
    the order of ``colours``. ``letterbox`` keeps the picture's shape and fills the rest with
    ``pad``, around it (``centre``) or to the right and below (``corner``).
    """

    size: tuple[Side, Side]
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    colours: Literal["rgb", "bgr"] = "rgb"
    scale: float = 1.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    resize: Literal["letterbox", "stretch"] = "letterbox"
    anchor: Literal["centre", "corner"] = "centre"
    pad: Annotated[int, Meta(ge=0, le=255)] = 114

    def __post_init__(self) -> None:
        if not all(self.std) or not self.scale:
            raise ValueError("a std or scale of zero leaves nothing of the picture")


Column = Literal["x0", "y0", "x1", "y1", "cx", "cy", "w", "h", "score", "class", "batch"]


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the outputs are read; each decoder uses what concerns it.

    ``activation`` is what has to be applied to class scores (and objectness) because the graph does
    not. ``boxes``: in pixels of the input, or 0..1 of it. ``columns``: what a row holds
    (``nms_rows``). ``first_class``: the number of the first class. ``score``: what is below is
    dropped; ``iou``: boxes of one class group that overlap more are one; ``most``: boxes a picture.
    """

    activation: Literal["none", "sigmoid", "softmax"] = "none"
    boxes: Literal["pixels", "unit"] = "pixels"
    strides: Annotated[tuple[Stride, ...], Meta(min_length=1, max_length=8)] = (8, 16, 32)
    columns: tuple[Column, ...] = ("x0", "y0", "x1", "y1", "score", "class")
    first_class: Annotated[int, Meta(ge=0, le=1)] = 0
    score: Share = 0.25
    iou: Share = 0.5
    most: Annotated[int, Meta(ge=1, le=1000)] = 100


_MOST_WORDS = 4096
"""Of the largest sets of classes; they are compared one with another."""

Words = Annotated[tuple[str, ...], Meta(max_length=_MOST_WORDS)]
Tensors = Annotated[tuple[TensorSpec, ...], Meta(max_length=64)]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a model is, needs and gives.

    ``decoder`` names how its outputs are read, ``reading`` the particulars, ``image`` what it wants
    as input. ``classes`` are what it claims to tell apart, by number; one without a word is never
    told. ``groups``: classes that double each other, so that overlapping boxes of one group are
    one object; a class in none is its own. ``keep``: the classes that are told; empty is all.
    ``hints`` are words that a decoder may give without claiming them.
    """

    name: str
    version: str
    file: str
    sha256: str
    licence: str
    source: str
    decoder: str
    inputs: Tensors
    outputs: Tensors
    classes: Words = ()
    hints: Words = ()
    image: ImageSpec | None = None
    reading: Reading = Reading()
    groups: Annotated[tuple[Words, ...], Meta(max_length=_MOST_WORDS)] = ()
    keep: Words = ()

    @property
    def label(self) -> str:
        """Name and version, as events carry them."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Model:
    """A manifest and the verified bytes of its file."""

    manifest: Manifest
    data: bytes


class SessionTensor(Protocol):
    """A tensor as onnxruntime describes it (``NodeArg``)."""

    name: str
    type: str
    shape: list[int | str | None]


ORT_TYPES = {
    "uint8": "tensor(uint8)",
    "float16": "tensor(float16)",
    "float32": "tensor(float)",
    "int32": "tensor(int32)",
    "int64": "tensor(int64)",
}
"""Our words for types of tensors, and onnxruntime's."""


def load_model(manifest_path: Path, *, max_bytes: int = MAX_MODEL_BYTES) -> Model:
    """Read a manifest and the model beside it.

    Raises ConfigError, in one line, where either cannot be read, the manifest is malformed or names
    a file elsewhere, or the file is larger than ``max_bytes``, is not the one that the manifest
    describes, or fetches weights from other files, which no sha256 here covers.
    """
    manifest = read_manifest(manifest_path)
    if Path(manifest.file).name != manifest.file or manifest.file in {"", ".", ".."}:
        raise refused(manifest_path.name, "its file is not a plain name beside it", "model_path")
    data = read_onnx(manifest_path.parent / manifest.file, max_bytes=max_bytes)
    return verify(manifest, data)


def read_onnx(path: Path, *, max_bytes: int = MAX_MODEL_BYTES) -> bytes:
    """Read a model file. Raises ConfigError where it is missing or too large."""
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise refused(path.name, error.strerror or "cannot be read", "model_missing") from error
    if len(data) > max_bytes:
        raise refused(path.name, f"is larger than {max_bytes / 2**20:g} MiB", "model_size")
    return data


def verify(manifest: Manifest, data: bytes) -> Model:
    """Return the model. Raises ConfigError where its bytes are not those of the manifest."""
    if hashlib.sha256(data).hexdigest() != manifest.sha256.lower():
        raise refused(
            manifest.file, "does not have the sha256 that its manifest pins", "model_sha256"
        )
    refuse_external_data(manifest.file, data)
    return Model(manifest, data)


def check_tensors(
    manifest: Manifest, inputs: Sequence[SessionTensor], outputs: Sequence[SessionTensor]
) -> None:
    """Compare what a manifest says with what the opened model has; names, types and shapes.

    Raises ConfigError that names the first difference.
    """
    for word, specs, tensors in (
        ("input", manifest.inputs, inputs),
        ("output", manifest.outputs, outputs),
    ):
        wanted = [spec.name for spec in specs]
        present = [tensor.name for tensor in tensors]
        if wanted != present:
            raise _mismatch(manifest, f"{word}s are {present}, the manifest says {wanted}")
        for spec, tensor in zip(specs, tensors, strict=True):
            if ORT_TYPES.get(spec.dtype) != tensor.type:
                raise _mismatch(
                    manifest, f"{word} {spec.name} is {tensor.type}, the manifest says {spec.dtype}"
                )
            if not _same_shape(spec.shape, tensor.shape):
                raise _mismatch(
                    manifest,
                    f"{word} {spec.name} is {tensor.shape}, the manifest says {list(spec.shape)}",
                )


def read_manifest(path: Path) -> Manifest:
    """Read a manifest alone. Raises ConfigError where it is missing or malformed."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_MANIFEST_BYTES)
        return msgspec.json.decode(text, type=Manifest)
    except OSError as error:
        raise refused(path.name, error.strerror or "cannot be read", "model_missing") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refused(path.name, f"the manifest is malformed: {error}", "model_manifest") from error


def _same_shape(spec: Sequence[int | str], shape: Sequence[int | str | None]) -> bool:
    if len(spec) != len(shape):
        return False
    for wanted, present in zip(spec, shape, strict=True):
        if isinstance(wanted, int) and wanted != present:
            return False
        if isinstance(wanted, str) and isinstance(present, int):
            return False
    return True


def refused(name: str, why: str, code: str) -> ConfigError:
    """Make the error that a model is refused with."""
    return ConfigError(
        f"model {name}: {why}", hint="install the model again or mend its manifest", code=code
    )


def _mismatch(manifest: Manifest, why: str) -> ConfigError:
    return ConfigError(
        f"model {manifest.name}: {why}",
        hint="the manifest belongs to another model",
        code="model_tensors",
    )

"""Model manifests: what a model file is, and the check that it is that.

A manifest is a JSON file beside the ONNX file. Nothing is run before its sha256 was compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from camera_registry.base.errors import ConfigError

MAX_MODEL_BYTES = 512 * 1024 * 1024
"""Larger than any light detector; keeps a wrong file from filling the memory."""


class TensorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An input or output. A dimension is a number, or a name where it is free."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model is, needs and gives.

    ``decoder`` names how its outputs are read. ``classes`` are what it claims to tell apart;
    ``hints`` are words that its decoder may give without claiming them.
    """

    name: str
    version: str
    file: str
    sha256: str
    licence: str
    source: str
    decoder: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    classes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

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


_ORT_TYPES = {"uint8": "tensor(uint8)", "float32": "tensor(float)", "int64": "tensor(int64)"}


def load_model(manifest_path: Path) -> Model:
    """Read a manifest and the model beside it.

    Raises ConfigError, in one line, where either cannot be read, the manifest is malformed or names
    a file elsewhere, or the file is not the one that the manifest describes.
    """
    manifest = _read_manifest(manifest_path)
    if Path(manifest.file).name != manifest.file or manifest.file in {"", ".", ".."}:
        raise _refused(manifest_path, "its file is not a plain name beside it", "model_path")
    path = manifest_path.parent / manifest.file
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_MODEL_BYTES else b""
    except OSError as error:
        raise _refused(manifest_path, f"{path.name}: {error.strerror}", "model_missing") from error
    if size > MAX_MODEL_BYTES:
        raise _refused(manifest_path, f"{path.name} is larger than 512 MiB", "model_size")
    if hashlib.sha256(data).hexdigest() != manifest.sha256.lower():
        raise _refused(
            manifest_path, f"{path.name} does not have the sha256 of its manifest", "model_sha256"
        )
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
            if _ORT_TYPES.get(spec.dtype) != tensor.type:
                raise _mismatch(
                    manifest, f"{word} {spec.name} is {tensor.type}, the manifest says {spec.dtype}"
                )
            if not _same_shape(spec.shape, tensor.shape):
                raise _mismatch(
                    manifest,
                    f"{word} {spec.name} is {tensor.shape}, the manifest says {list(spec.shape)}",
                )


def _read_manifest(path: Path) -> Manifest:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise _refused(path, error.strerror or "cannot be read", "model_missing") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refused(path, f"the manifest is malformed: {error}", "model_manifest") from error


def _same_shape(spec: Sequence[int | str], shape: Sequence[int | str | None]) -> bool:
    if len(spec) != len(shape):
        return False
    for wanted, present in zip(spec, shape, strict=True):
        if isinstance(wanted, int) and wanted != present:
            return False
        if isinstance(wanted, str) and isinstance(present, int):
            return False
    return True


def _refused(path: Path, why: str, code: str) -> ConfigError:
    return ConfigError(
        f"model {path.name}: {why}", hint="install the model again or mend its manifest", code=code
    )


def _mismatch(manifest: Manifest, why: str) -> ConfigError:
    return ConfigError(
        f"model {manifest.name}: {why}",
        hint="the manifest belongs to another model",
        code="model_tensors",
    )

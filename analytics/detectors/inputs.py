"""What a manifest's tensors are for: the image, what goes beside it, the outputs by role."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.decoders import DECODERS, Decoder
from analytics.detectors.scaling import Tensor
from analytics.model.manifest import ImageSpec, Manifest, TensorSpec, refused
from camera_registry.base.errors import ConfigError

_IMAGE, _SIZES, _SCALE = "image", "sizes", "scale"
_LONGEST_WORD = 64
"""As in the rules, which choose by these words."""


def decoder_of(manifest: Manifest) -> Decoder:
    """Return how the outputs are read. Raises ConfigError for an unknown decoder."""
    decoder = DECODERS.get(manifest.decoder)
    if decoder is None:
        raise ConfigError(
            f"model {manifest.name}: its decoder {manifest.decoder[:40]!r} is not known",
            hint=f"one of {', '.join(DECODERS)}",
            code="model_decoder",
        )
    return decoder


def told_classes(manifest: Manifest) -> NDArray[np.bool_]:
    """Which classes are told: those with a word, and of these those that the manifest keeps.

    A word that no event may carry (a list with the ends of lines of another system has some) is
    refused here: else each event of that class would be, much later.
    """
    for word in (manifest.version, *manifest.classes):
        if len(word) > _LONGEST_WORD or not word.isprintable():
            why = f"{word[:_LONGEST_WORD]!r} is no word for a class or a version"
            raise refused(manifest.name, why, "model_manifest")
    unknown = sorted(set(manifest.keep) - set(manifest.classes))
    if unknown or not any(manifest.classes):
        why = f"keeps {unknown[0]!r}, which is no class" if unknown else "it names no class"
        raise refused(manifest.name, why, "model_manifest")
    kept = manifest.keep or manifest.classes
    return np.array([bool(word) and word in kept for word in manifest.classes])


def image_tensor(manifest: Manifest, image: ImageSpec) -> TensorSpec:
    """Return the input that takes the picture. Raises ConfigError where that is not clear."""
    named = [spec for spec in manifest.inputs if spec.role == _IMAGE]
    if not named and len(manifest.inputs) == 1:
        named = list(manifest.inputs)
    if len(named) != 1:
        raise refused(manifest.name, "no single input has the role 'image'", "model_manifest")
    spec = named[0]
    width, height = image.size
    shape = (1, 3, height, width) if image.layout == "NCHW" else (1, height, width, 3)
    fits = len(spec.shape) == 4 and all(
        isinstance(size, str) or size == wanted
        for size, wanted in zip(spec.shape, shape, strict=True)
    )
    if not fits:
        raise refused(
            manifest.name,
            f"its input {spec.name} is {list(spec.shape)}, the image {list(shape)}",
            "model_tensors",
        )
    if spec.dtype not in {"uint8", "float16", "float32"}:
        raise refused(manifest.name, f"pixels as {spec.dtype} are not known", "model_manifest")
    plain = image.scale == 1 and not any(image.mean) and set(image.std) == {1.0}
    if spec.dtype == "uint8" and not plain:
        raise refused(manifest.name, "bytes cannot be normalised", "model_manifest")
    return spec


def fixed_inputs(manifest: Manifest, image: ImageSpec) -> dict[str, Tensor]:
    """Inputs beside the image: such models scale their boxes by them, so they learn no scale."""
    fixed: dict[str, Tensor] = {}
    for spec in manifest.inputs:
        if spec.role == _SIZES:
            fixed[spec.name] = np.array([image.size], spec.dtype)
        elif spec.role == _SCALE:
            fixed[spec.name] = np.ones((1, 2), spec.dtype)
        elif spec.role != _IMAGE and len(manifest.inputs) > 1:
            raise refused(
                manifest.name, f"input {spec.name} has no role that is known", "model_manifest"
            )
    return fixed


def fetched_outputs(manifest: Manifest, decoder: Decoder) -> dict[str, str]:
    """Name of the output for each role of the decoder."""
    by_role = {spec.role: spec.name for spec in manifest.outputs if spec.role}
    if not by_role and len(manifest.outputs) == len(decoder.roles) == 1:
        by_role = {decoder.roles[0]: manifest.outputs[0].name}
    missing = [role for role in decoder.roles if role not in by_role]
    if missing:
        raise refused(
            manifest.name,
            f"no output has the role {missing[0]!r} that {manifest.decoder} reads",
            "model_manifest",
        )
    return {role: by_role[role] for role in decoder.roles}


def free_batch(manifest: Manifest, image: TensorSpec) -> bool:
    """Whether the manifest leaves the number of pictures free, in all that goes in and comes out.

    Rows that name their picture come in any number.
    """
    named = manifest.decoder == "nms_rows" and "batch" in manifest.reading.columns
    specs = [image, *(spec for spec in manifest.inputs if spec.role in {_SIZES, _SCALE})]
    if not named:
        specs += manifest.outputs
    return all(spec.shape and isinstance(spec.shape[0], str) for spec in specs)

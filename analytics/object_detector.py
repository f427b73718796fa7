"""A detector of classes over any ONNX model that its manifest describes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.class_groups import group_of_classes, suppress
from analytics.decoders import DECODERS, Candidates, Decoder, ModelShape
from analytics.detector import CameraDetector, Look, open_session, run_session
from analytics.events import Detection
from analytics.geometry import clamped
from analytics.manifest import ImageSpec, Manifest, Model, TensorSpec, refused
from analytics.providers import CPU, fell_back
from analytics.scaling import InputMaker, Picture, Tensor
from camera_registry.base.errors import ConfigError

_WARM_UPS = 2
_MEASURED = 5
_IMAGE, _SIZES, _SCALE = "image", "sizes", "scale"


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """``seconds``: a model whose fastest inference takes longer is refused; None takes any."""

    seconds: float | None = None
    timer: Callable[[], float] = time.perf_counter


class ObjectDetector:
    """A loaded model that tells classes. Shared by cameras, callable from several threads.

    Raises ConfigError, with the reason, for a model that onnxruntime refuses, whose tensors or
    outputs are not those of its manifest, or that is slower than the limit on this machine.
    """

    def __init__(
        self,
        model: Model,
        providers: Sequence[str] = (CPU,),
        limits: LoadLimits | None = None,
    ) -> None:
        self._manifest = manifest = model.manifest
        self._decoder = _decoder(manifest)
        image = manifest.image
        if image is None:
            raise refused(manifest.name, "its manifest describes no input image", "model_manifest")
        try:
            self._groups = group_of_classes(manifest.classes, manifest.groups)
        except ValueError as error:
            raise refused(manifest.name, str(error), "model_manifest") from None
        self._shape = ModelShape(*image.size, len(manifest.classes), manifest.reading)
        self._told = _told(manifest)
        self._image = _image_tensor(manifest, image)
        self._make_input = InputMaker(image, self._image.dtype)
        self._fixed = _fixed_inputs(manifest, image)
        self._fetch = _fetched(manifest, self._decoder)
        self._session = open_session(model, providers)
        used = self._session.get_providers()
        if used and used[0] != providers[0]:
            fell_back(providers[0], "onnxruntime could not start it")
        self.provider = str(used[0]) if used else CPU
        self.seconds = self._try_out(image, limits or LoadLimits())

    @property
    def label(self) -> str:
        """Name and version of the model."""
        return self._manifest.label

    @property
    def manifest(self) -> Manifest:
        """What the model is."""
        return self._manifest

    def camera(self) -> CameraDetector:
        """Return the detector as one camera uses it; it keeps no state."""
        return _ObjectCamera(self)

    def look(self, picture: Picture) -> list[Detection]:
        """Return what is in a picture, by falling score. Raises UnavailableError where it fails."""
        tensor, where = self._make_input(picture)
        found = self._infer(tensor)
        keep = suppress(
            found.boxes,
            found.scores,
            self._groups[found.classes],
            self._manifest.reading.iou,
            self._manifest.reading.most,
        )
        detections = []
        for box, score, number in zip(
            where.to_picture(found.boxes[keep]),
            found.scores[keep],
            found.classes[keep],
            strict=True,
        ):
            cut = clamped(*(float(value) for value in box))
            if self._told[number] and cut.w > 0 and cut.h > 0:
                word = self._manifest.classes[number]
                detections.append(Detection(cut, float(score), word))
        return detections

    def _infer(self, tensor: Tensor) -> Candidates:
        feed = {self._image.name: tensor, **self._fixed}
        outputs = run_session(self._session, self.label, list(self._fetch.values()), feed)
        by_role = {
            role: output[0] if output.ndim else output
            for role, output in zip(self._fetch, outputs, strict=True)
        }
        if self._manifest.decoder == "nms_rows" and "batch" in self._manifest.reading.columns:
            by_role = dict(zip(self._fetch, outputs, strict=True))  # its rows name their picture
        with np.errstate(all="ignore"):  # a model may give NaN; what is no box is dropped
            return self._decoder.read(by_role, self._shape)

    def _try_out(self, image: ImageSpec, limits: LoadLimits) -> float:
        """Run the model on a grey picture: its outputs must be readable, and it fast enough.

        Returns the seconds of the fastest run, which other load on the machine disturbs least.
        """
        width, height = image.size
        shape = (1, 3, height, width) if image.layout == "NCHW" else (1, height, width, 3)
        tensor = np.zeros(shape, self._image.dtype)
        fastest = float("inf")
        try:
            for attempt in range(_WARM_UPS + _MEASURED):
                started = limits.timer()
                self._infer(tensor)
                if attempt >= _WARM_UPS:
                    fastest = min(fastest, limits.timer() - started)
        except ConfigError as error:
            raise refused(self._manifest.name, error.message, error.code) from error
        if limits.seconds is not None and fastest > limits.seconds:
            raise ConfigError(
                f"model {self._manifest.name}: takes {fastest * 1000:.0f} ms a picture here, "
                f"the limit is {limits.seconds * 1000:.0f} ms",
                hint="choose a smaller model, or raise CAMHUB_DETECTOR_LIMIT_MS",
                code="model_slow",
            )
        return fastest


class _ObjectCamera:
    def __init__(self, detector: ObjectDetector) -> None:
        self._detector = detector

    def detect(self, look: Look) -> list[Detection]:
        if look.picture is None:
            raise ValueError("a detector of classes needs the picture")
        return self._detector.look(look.picture)


def _decoder(manifest: Manifest) -> Decoder:
    decoder = DECODERS.get(manifest.decoder)
    if decoder is None:
        raise ConfigError(
            f"model {manifest.name}: its decoder {manifest.decoder[:40]!r} is not known",
            hint=f"one of {', '.join(DECODERS)}",
            code="model_decoder",
        )
    return decoder


def _told(manifest: Manifest) -> NDArray[np.bool_]:
    """Which classes are told: those with a word, and of these those that the manifest keeps."""
    unknown = sorted(set(manifest.keep) - set(manifest.classes))
    if unknown or not any(manifest.classes):
        why = f"keeps {unknown[0]!r}, which is no class" if unknown else "it names no class"
        raise refused(manifest.name, why, "model_manifest")
    kept = manifest.keep or manifest.classes
    return np.array([bool(word) and word in kept for word in manifest.classes])


def _image_tensor(manifest: Manifest, image: ImageSpec) -> TensorSpec:
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


def _fixed_inputs(manifest: Manifest, image: ImageSpec) -> dict[str, Tensor]:
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


def _fetched(manifest: Manifest, decoder: Decoder) -> dict[str, str]:
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

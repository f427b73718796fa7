"""From settings to a detector, and how models get into the store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import structlog

from analytics.catalogue import Offer
from analytics.detector import Detector, MovingObjectDetector
from analytics.manifest import Manifest, read_manifest, read_onnx, verify
from analytics.model_store import BUILT_IN, ModelStore
from analytics.object_detector import LoadLimits, ObjectDetector
from analytics.onnx_file import refuse_external_data
from analytics.providers import choose_providers
from analytics.ort_session import tensors_of
from camera_registry.base.errors import ConfigError, ConflictError
from ioc_api.model_download import Opener, download
from ioc_api.settings import Settings

log = structlog.get_logger(__name__)


def model_store(settings: Settings) -> ModelStore:
    """Return the store of this installation."""
    return ModelStore(settings.data / "models")


def make_detector(settings: Settings, name: str = "") -> Detector:
    """Load the model of this name, or that of the settings.

    Raises NotFoundError for a model that is not installed, ConfigError for one that is refused.
    """
    chosen = name or settings.detector
    providers = choose_providers(settings.detector_providers)
    if chosen == BUILT_IN:
        return MovingObjectDetector(providers=providers)
    limits = LoadLimits(settings.detector_limit_ms / 1000)
    detector = ObjectDetector(model_store(settings).load(chosen), providers, limits)
    log.info(
        "detector_loaded",
        model=detector.label,
        provider=detector.provider,
        milliseconds=round(detector.seconds * 1000, 2),
    )
    return detector


def add_model(settings: Settings, file: Path, manifest_path: Path) -> ObjectDetector:
    """Take a local model into the store after it ran here. Raises ConfigError where refused."""
    return _keep(settings, read_manifest(manifest_path), read_onnx(file))


def install_model(
    settings: Settings,
    offer: Offer,
    opener: Opener,
    progress: Callable[[int, int], None],
) -> tuple[ObjectDetector, bool]:
    """Fetch a model of the catalogue into the store; say also whether it was trusted unseen.

    Raises what ``download`` raises, ConflictError where it is installed, ConfigError where it is
    another file than at the first installation or is refused.
    """
    store = model_store(settings)
    if any(stored.name == offer.name for stored in store.list()):
        raise ConflictError(
            f"there is a model {offer.name} already",
            hint=f"remove it first: camhub models remove {offer.name}",
        )
    pinned = offer.manifest.sha256 or store.pinned(offer.name)
    data = download(offer.url, max_bytes=offer.max_bytes, opener=opener, progress=progress)
    sha256 = hashlib.sha256(data).hexdigest()
    if pinned and sha256 != pinned:
        raise ConfigError(
            f"model {offer.name}: the file has the sha256 {sha256}, pinned is {pinned}",
            hint="its maker has changed it, or somebody else has: do not trust it unseen",
            code="model_sha256",
        )
    refuse_external_data(offer.name, data)
    detector = _keep(settings, offer.complete(sha256, *tensors_of(offer.name, data)), data)
    store.pin(offer.name, sha256)
    return detector, not pinned


def _keep(settings: Settings, manifest: Manifest, data: bytes) -> ObjectDetector:
    providers = choose_providers(settings.detector_providers)
    limits = LoadLimits(settings.detector_limit_ms / 1000)
    detector = ObjectDetector(verify(manifest, data), providers, limits)
    model_store(settings).add(manifest, data)
    return detector

"""How a model comes in: fetched where it is of the catalogue, compared, and tried out here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from analytics.detectors.object_detector import ObjectDetector
from analytics.model.catalogue import Offer
from analytics.model.manifest import Model, verify
from analytics.model.onnx_file import refuse_external_data
from analytics.model.ort_session import tensors_of
from camera_registry.base.errors import ConfigError
from ioc_api.compose.detectors import open_detector
from ioc_api.models.download import Opener, download
from ioc_api.settings import Settings

Progress = Callable[[str, int, int], None]
"""Gets a word for the phase, what is done and of how much (0: not known); may raise to cancel."""


def fetch_offer(
    settings: Settings, offer: Offer, pinned: str, opener: Opener, progress: Progress
) -> Model:
    """Fetch a model of the catalogue, from the mirror of the settings if there is one.

    Raises what ``download`` raises, and ConfigError where it is not the file that was ``pinned`` or
    no model.
    """
    data = download(
        mirrored(settings, offer),
        max_bytes=offer.max_bytes,
        opener=opener,
        progress=lambda done, total: progress("download", done, total),
    )
    progress("check", 0, 0)
    sha256 = hashlib.sha256(data).hexdigest()
    if pinned and sha256 != pinned:
        raise ConfigError(
            f"model {offer.name}: the file has the sha256 {sha256}, pinned is {pinned}",
            hint="its maker has changed it, or somebody else has: do not trust it unseen",
            code="model_sha256",
        )
    refuse_external_data(offer.name, data)
    return verify(offer.complete(sha256, *tensors_of(offer.name, data)), data)


def mirrored(settings: Settings, offer: Offer) -> str:
    """Return where an offer is fetched from."""
    mirror = settings.model_mirror.rstrip("/")
    return f"{mirror}/{offer.name}.onnx" if mirror else offer.url


def try_out(settings: Settings, model: Model) -> ObjectDetector:
    """Open a model as a worker would. Raises ConfigError, with the reason, where it is refused."""
    detector = open_detector(settings, model)
    if not isinstance(detector, ObjectDetector):
        raise TypeError("the built-in model is never taken in")
    return detector

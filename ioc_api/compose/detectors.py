"""From settings to a detector."""

from __future__ import annotations

from contextlib import nullcontext

import structlog

from analytics.detectors.batching import Batching, Waiting
from analytics.detectors.detector import Detector, MovingObjectDetector
from analytics.detectors.object_detector import LoadLimits, ObjectDetector
from analytics.model.manifest import Model
from analytics.model.providers import batch_of, choose_providers
from ioc_api.settings import Settings

log = structlog.get_logger(__name__)


def batch_size(settings: Settings) -> int:
    """Return how many pictures may go through a model together here; 1 where batching is off."""
    return settings.detector_batch or batch_of(choose_providers(settings.detector_providers)[0])


def open_detector(
    settings: Settings, model: Model | None = None, *, waiting: Waiting = nullcontext
) -> Detector:
    """Make a detector of a verified model; of the built-in one where there is none.

    ``waiting`` is entered while a picture waits for others (``analytics.detectors.batching``).
    Raises ConfigError for a model that is refused, or a provider that does not exist.
    """
    providers = choose_providers(settings.detector_providers)
    if model is None:
        return MovingObjectDetector(providers=providers, threads=settings.detector_threads)
    detector = ObjectDetector(
        model,
        providers,
        LoadLimits(settings.detector_limit_ms / 1000),
        threads=settings.detector_threads,
        batching=Batching(settings.detector_batch, settings.detector_batch_wait_ms / 1000, waiting),
    )
    log.info(
        "detector_loaded",
        model=detector.label,
        provider=detector.provider,
        milliseconds=round(detector.seconds * 1000, 2),
        batch=detector.batch,
    )
    return detector

"""The models of this installation for its tools: opened, tried out, taken in."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from analytics.builtin import BUILT_IN
from analytics.detectors.detector import Detector
from analytics.model.catalogue import Offer
from analytics.model.manifest import read_manifest, read_onnx, verify
from camera_registry.adapters.blobs import BlobStore
from camera_registry.adapters.database import Database
from camera_registry.base.clock import SystemClock
from ioc_api.adapters.models_sql import SqlModelStore
from ioc_api.compose.database import opened_database
from ioc_api.compose.detectors import open_detector
from ioc_api.compose.intake import Progress, fetch_offer, try_out
from ioc_api.models.download import Opener
from ioc_api.models.keeper import ModelKeeper
from ioc_api.models.records import StoredModel
from ioc_api.settings import Settings


def model_keeper(settings: Settings, database: Database) -> ModelKeeper:
    """Return the models of this installation."""
    blobs = BlobStore.open(settings.blob_location)
    return ModelKeeper(SqlModelStore(database), blobs, SystemClock(), settings.detector)


@contextlib.asynccontextmanager
async def opened_models(settings: Settings) -> AsyncIterator[ModelKeeper]:
    """Open the models for the time of the block, for a tool; the database is brought up to date."""
    async with opened_database(settings, migrate=True) as database:
        yield model_keeper(settings, database)


async def make_detector(settings: Settings, name: str = "") -> Detector:
    """Open the model of this name, or the default, for a tool that has no bus.

    Raises NotFoundError for a model that is not installed, ConfigError for one that is refused.
    """
    async with opened_models(settings) as keeper:
        chosen = name or await keeper.default()
        model = None if chosen == BUILT_IN else await keeper.load(chosen)
    return open_detector(settings, model)


async def add_model(
    settings: Settings, file: Path, manifest_path: Path, *, replace: bool = False
) -> StoredModel:
    """Take in a local model after it ran here. Raises ConfigError where it is refused."""
    async with opened_models(settings) as keeper:
        manifest = read_manifest(manifest_path)
        if not replace:
            await keeper.refuse_taken(manifest.name)
        model = verify(manifest, read_onnx(file))
        detector = try_out(settings, model)
        return await keeper.keep(
            model, detector.seconds, detector.provider, "added", replace=replace
        )


async def install_model(
    settings: Settings, offer: Offer, opener: Opener, progress: Progress
) -> tuple[StoredModel, bool]:
    """Fetch a model of the catalogue and take it in; say also whether it was trusted unseen.

    Raises what ``fetch_offer`` raises, and ConflictError where it is installed.
    """
    async with opened_models(settings) as keeper:
        await keeper.refuse_taken(offer.name)
        pinned = await keeper.pinned(offer)
        model = fetch_offer(settings, offer, pinned, opener, progress)
        detector = try_out(settings, model)
        kept = await keeper.keep(
            model, detector.seconds, detector.provider, "catalogue", replace=False
        )
        return kept, not pinned

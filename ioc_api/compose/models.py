"""The models of this installation for its tools: opened, tried out, taken in."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from analytics.builtin import BUILT_IN
from analytics.catalogue import Offer
from analytics.detector import Detector
from analytics.manifest import Manifest, read_manifest, read_onnx, verify
from analytics.object_detector import ObjectDetector
from analytics.onnx_file import refuse_external_data
from analytics.ort_session import tensors_of
from camera_registry.adapters.blobs import BlobStore
from camera_registry.adapters.database import Database
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import ConfigError
from ioc_api.adapters.models_sql import SqlModelStore
from ioc_api.compose.common import opened_database
from ioc_api.compose.detectors import open_detector
from ioc_api.model_download import Opener, download
from ioc_api.model_keeper import ModelKeeper, taken
from ioc_api.model_records import Origin, StoredModel, checked_model_name
from ioc_api.settings import Settings

Progress = Callable[[str, int, int], None]
"""Gets a word for the phase, what is done and of how much (0: not known)."""


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
        await _name_is_free(keeper, manifest.name, replace=replace)
        return await _keep(settings, keeper, manifest, read_onnx(file), "added", replace=replace)


async def install_model(
    settings: Settings, offer: Offer, opener: Opener, progress: Progress
) -> tuple[StoredModel, bool]:
    """Fetch a model of the catalogue and take it in; say also whether it was trusted unseen.

    Raises what ``download`` raises, ConflictError where it is installed, ConfigError where it is
    another file than at the first installation or is refused.
    """
    async with opened_models(settings) as keeper:
        await _name_is_free(keeper, offer.name, replace=False)
        pinned = offer.manifest.sha256 or await keeper.store.pinned(offer.name)
        data = download(
            offer.url,
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
        manifest = offer.complete(sha256, *tensors_of(offer.name, data))
        kept = await _keep(settings, keeper, manifest, data, "catalogue", replace=False)
        await keeper.store.pin(offer.name, sha256)
        return kept, not pinned


async def _name_is_free(keeper: ModelKeeper, name: str, *, replace: bool) -> None:
    if await keeper.store.get(checked_model_name(name)) is not None and not replace:
        raise taken(name)


async def _keep(
    settings: Settings,
    keeper: ModelKeeper,
    manifest: Manifest,
    data: bytes,
    origin: Origin,
    *,
    replace: bool,
) -> StoredModel:
    model = verify(manifest, data)
    detector = open_detector(settings, model)
    if not isinstance(detector, ObjectDetector):
        raise TypeError("a model of the store is never the built-in one")
    return await keeper.keep(model, detector.seconds, detector.provider, origin, replace=replace)

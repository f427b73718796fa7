"""What may be done with the models of an installation, whoever asks: command line or api.

A file is written before the row that names it and removed after it, so that a crash in between
leaves a blob too many and never a model without its file.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from analytics.builtin import BUILT_IN
from analytics.model.catalogue import Offer
from analytics.model.manifest import Model, verify
from camera_registry.base.clock import Clock
from camera_registry.base.errors import ConfigError, ConflictError, NotFoundError
from ioc_api.models.records import ModelStore, Origin, StoredModel, blob_key, checked_model_name

log = structlog.get_logger(__name__)


MOST_MODELS = 100
"""More are never installed at once."""


class Blobs(Protocol):
    """Where files are kept."""

    async def put(self, key: str, data: bytes) -> None:
        """Store the whole of ``data`` or nothing."""
        ...

    async def get(self, key: str) -> bytes:
        """Return a blob. Raises NotFoundError where there is none."""
        ...

    async def delete(self, key: str) -> None:
        """Remove a blob; a missing one is no error."""
        ...


class ModelKeeper:
    """Keeps, gives, removes and chooses models. ``preset`` is the default of the settings."""

    def __init__(
        self, store: ModelStore, blobs: Blobs, clock: Clock, preset: str = BUILT_IN
    ) -> None:
        self.store = store
        self.preset = preset
        self._blobs = blobs
        self._clock = clock

    async def default(self) -> str:
        """Return the model of cameras that name none: the chosen one, else the settings' own."""
        return await self.store.default() or self.preset

    async def keep(
        self, model: Model, seconds: float, provider: str, origin: Origin, *, replace: bool
    ) -> StoredModel:
        """Take in a model that was tried out.

        Raises ConflictError where the name is taken and not to be replaced, InvalidError for an
        impossible name, StorageError.
        """
        manifest = model.manifest
        if not replace:
            await self.refuse_taken(manifest.name)
        before = await self.store.get(checked_model_name(manifest.name))
        if before is None and len(await self.store.list()) >= MOST_MODELS:
            raise ConflictError(
                f"there are {MOST_MODELS} models already",
                hint="remove some that no camera uses",
                code="models_full",
            )
        await self._blobs.put(blob_key(manifest.sha256), model.data)
        kept = StoredModel(
            manifest, len(model.data), origin, seconds, provider, self._clock.utc_us()
        )
        if not await self.store.put(kept, replace=replace):
            raise _taken(manifest.name)
        if origin == "catalogue":
            await self.store.pin(manifest.name, manifest.sha256)
        if before is not None:
            await self._forget_file(before.manifest.sha256)
        log.info("model_kept", model=manifest.label, sha256=manifest.sha256)
        return kept

    async def refuse_taken(self, name: str) -> None:
        """Raise ConflictError where there is a model of this name, InvalidError for no name."""
        if await self.store.get(checked_model_name(name)) is not None:
            raise _taken(name)

    async def pinned(self, offer: Offer) -> str:
        """Return the sha256 that an offer of the catalogue must have; '' while nobody knows."""
        return offer.manifest.sha256 or await self.store.pinned(offer.name)

    async def load(self, name: str) -> Model:
        """Return a model with its verified file.

        Raises NotFoundError for one that is not installed, ConfigError where its file is gone or
        is not the one that was pinned.
        """
        found = await self.get(name)
        try:
            data = await self._blobs.get(blob_key(found.manifest.sha256))
        except NotFoundError:
            raise ConfigError(
                f"model {name}: its file is gone",
                hint="remove the model and install it again",
                code="model_file_gone",
            ) from None
        return verify(found.manifest, data)

    async def get(self, name: str) -> StoredModel:
        """Return an installed model. Raises NotFoundError."""
        found = await self.store.get(name)
        if found is None:
            present = ", ".join(each.name for each in await self.store.list()) or "none"
            raise NotFoundError(
                f"there is no model {name[:64]}",
                hint=f"installed: {present}; see 'camhub models list'",
                code="model_missing",
            )
        return found

    async def remove(self, name: str) -> None:
        """Remove a model; its pin stays.

        Raises NotFoundError, and ConflictError while a camera names it or it is the default.
        """
        found = await self.get(name)
        if name == await self.default() or not await self.store.delete(name):
            cameras = (await self.store.used_by()).get(name, 0)
            why = f"{cameras} cameras name it" if cameras else "it is the default"
            raise ConflictError(
                f"model {name} is in use: {why}",
                hint="give those cameras another model first, or choose another default",
                code="model_in_use",
            )
        await self._forget_file(found.manifest.sha256)
        log.info("model_removed", model=name)

    async def choose_default(self, name: str) -> None:
        """Choose the model of cameras that name none; '' goes back to the settings.

        Raises NotFoundError for a model that is not installed.
        """
        if name not in {"", BUILT_IN}:
            await self.get(name)
        await self.store.set_default(name)
        log.info("model_default_chosen", model=name)

    async def _forget_file(self, sha256: str) -> None:
        if all(each.manifest.sha256 != sha256 for each in await self.store.list()):
            await self._blobs.delete(blob_key(sha256))


def _taken(name: str) -> ConflictError:
    """Make the error for a name that a model has already."""
    return ConflictError(
        f"there is a model {name} already",
        hint="remove it first, or replace it",
        code="model_exists",
    )

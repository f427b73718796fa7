"""The models as the routes use them: what there is, what may be asked for, and uploads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from analytics.builtin import BUILT_IN
from analytics.model.catalogue import OFFERS, offer
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, ForbiddenError, NotFoundError
from camera_registry.base.ids import is_id, new_id
from camera_registry.jobs import Job, JobDesk, Submission
from camera_registry.scope import Scope
from ioc_api.access.rbac import Action
from ioc_api.models.jobs import KIND, LIMIT_S, UPLOADS, ModelOrder, Uploads
from ioc_api.models.keeper import ModelKeeper
from ioc_api.models.records import checked_model_name
from ioc_api.models.shapes import (
    AddBody,
    ModelList,
    ModelShape,
    built_in_shape,
    installed_shape,
    offer_shape,
)

log = structlog.get_logger(__name__)

_KEPT_S = 3600.0
_SWEEP_S = 900.0


class UploadStore(Uploads, Protocol):
    """Where uploads are put, too."""

    async def put_file(self, key: str, path: Path) -> None:
        """Store a file. Raises StorageError."""
        ...

    async def sweep(self, prefix: str, older_than_s: float) -> int:
        """Remove what has been there for longer; return how many."""
        ...


class ModelDesk:
    """Models for the routes. A model serves the whole city: only who manages models in all of it
    may change one. ``changed`` is called when one was removed or chosen.
    """

    def __init__(
        self,
        keeper: ModelKeeper,
        jobs: JobDesk,
        uploads: UploadStore,
        clock: Clock,
        *,
        limit_ms: float,
        changed: Callable[[], None],
    ) -> None:
        self._keeper = keeper
        self._jobs = jobs
        self._uploads = uploads
        self._clock = clock
        self._limit_ms = limit_ms
        self._changed = changed

    async def run(self) -> None:
        """Remove uploads that nobody used, for ever."""
        while True:
            try:
                await self._uploads.sweep(UPLOADS, _KEPT_S)
            except CamhubError as error:
                log.warning("uploads_not_swept", reason=error.message)
            await self._clock.sleep(_SWEEP_S)

    async def list(self) -> ModelList:
        """Return every model there is, and those that can be had."""
        store = self._keeper.store
        stored = await store.list()
        used = await store.used_by()
        default = await self._keeper.default()
        items = [built_in_shape(default, used.get(BUILT_IN, 0))]
        items += [installed_shape(each, default, used.get(each.name, 0)) for each in stored]
        names = {each.name for each in stored}
        for each in OFFERS.values():
            if each.name not in names:
                pinned = await self._keeper.pinned(each)
                items.append(offer_shape(each, pinned, default, used.get(each.name, 0)))
        return ModelList(
            items=items,
            default=default,
            default_chosen=bool(await store.default()),
            limit_milliseconds=self._limit_ms,
        )

    async def get(self, name: str) -> ModelShape:
        """Return one of them. Raises NotFoundError."""
        for each in (await self.list()).items:
            if each.name == name:
                return each
        raise NotFoundError("There is no such model", code="model_missing")

    async def choose_default(self, name: str | None) -> None:
        """Choose the default; None goes back to the settings. Raises NotFoundError."""
        await self._keeper.choose_default(name or "")
        self._changed()

    async def remove(self, name: str) -> None:
        """Remove a model. Raises NotFoundError, ConflictError while it is used."""
        await self._keeper.remove(name)
        self._changed()

    async def keep_upload(self, path: Path) -> str:
        """Keep an uploaded file for a job within the hour; return its id."""
        upload = new_id(self._clock.utc_us())
        await self._uploads.put_file(f"{UPLOADS}{upload}", path)
        return upload

    async def add(self, body: AddBody, owner: str) -> Job:
        """Begin to take in a model. Raises InvalidError, ConflictError."""
        manifest = body.decoded()
        checked_model_name(manifest.name)
        if not body.replace:
            await self._keeper.refuse_taken(manifest.name)
        if not is_id(body.upload):
            raise NotFoundError("There is no such upload", code="no_upload")
        order = ModelOrder("add", manifest.name, manifest, body.replace, f"{UPLOADS}{body.upload}")
        return await self._submit(order, owner)

    async def install(self, name: str, owner: str) -> Job:
        """Begin to install a model of the catalogue. Raises NotFoundError, ConflictError."""
        await self._keeper.refuse_taken(offer(name).name)
        return await self._submit(ModelOrder("install", name), owner)

    async def test(self, name: str, media: Path, owner: str) -> Job:
        """Begin to try out a model on a picture or clip. Raises NotFoundError."""
        if name != BUILT_IN:
            await self._keeper.get(name)
        upload = await self.keep_upload(media)
        return await self._submit(ModelOrder("test", name, upload=f"{UPLOADS}{upload}"), owner)

    async def job(self, job_id: str) -> Job:
        """Return a job that concerns models. Raises NotFoundError."""
        job = await self._jobs.get(job_id)
        if job.kind != KIND:
            raise NotFoundError("There is no such job", code="no_job")
        return job

    async def cancel(self, job_id: str) -> Job:
        """Call a job off."""
        await self.job(job_id)
        return await self._jobs.cancel(job_id)

    async def picture(self, job_id: str) -> bytes:
        """Return the annotated picture of a trial. Raises NotFoundError."""
        await self.job(job_id)
        return await self._jobs.picture(job_id)

    async def _submit(self, order: ModelOrder, owner: str) -> Job:
        return await self._jobs.submit(
            Submission(
                KIND,
                msgspec.json.encode(order),
                owner,
                Action.MODEL_MANAGE.value,
                Scope.all(),
                limit_s=LIMIT_S,
                by_api=True,
            )
        )


def city_only(scope: Scope) -> None:
    """Raise ForbiddenError for rights in a part of the city: a model serves all of it."""
    if scope.units is not None:
        raise ForbiddenError(
            "Models serve the whole city",
            hint="ask somebody who manages models in all units",
            code="city_only",
        )

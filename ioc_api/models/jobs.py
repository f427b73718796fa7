"""What takes long with models, as jobs of an api: to fetch, to check, to try out on a file.

What a stranger made, be it a model or a clip, is opened in a process of its own
(``ioc_api.hosting.child``) that has no secret; only what it found good is taken in, here. What was
uploaded waits in the blobs, so that any api may do the job, and goes when the job ends.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from analytics.builtin import BUILT_IN
from analytics.model.catalogue import offer
from analytics.model.files import MANIFEST_FILE, MODEL_FILE
from analytics.model.manifest import Manifest, load_model
from camera_registry.base.errors import InvalidError
from camera_registry.jobs import Task
from ioc_api.hosting.child import Child, run_child
from ioc_api.models.keeper import ModelKeeper
from ioc_api.models.records import StoredModel

KIND = "models"
LIMIT_S = 900.0
UPLOADS = "uploads/models/"
MAX_MEDIA = 64 * 2**20
"""Bytes of a picture or clip that a model is tried out on."""

_PICTURE_BYTES = 1 << 20


class ModelOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """``upload``: key of the blob with the model (add) or the picture or clip (test)."""

    kind: Literal["add", "install", "test"]
    name: str
    manifest: Manifest | None = None
    replace: bool = False
    upload: str = ""


class Uploads(Protocol):
    """Where uploads wait."""

    async def fetch_to(self, key: str, path: Path) -> None:
        """Write a blob into a file. Raises NotFoundError."""
        ...

    async def delete(self, key: str) -> None:
        """Remove a blob; a missing one is no error."""
        ...


class ModelJobs:
    """Does the jobs. ``changed`` is called when a model was taken in; ``settings`` are for the
    child (``ioc_api.compose.model_child``).
    """

    def __init__(
        self,
        keeper: ModelKeeper,
        uploads: Uploads,
        child: Child,
        settings: Mapping[str, str],
        changed: Callable[[], None],
    ) -> None:
        self._keeper = keeper
        self._uploads = uploads
        self._child = child
        self._settings = dict(settings)
        self._changed = changed

    async def __call__(self, task: Task) -> bytes:
        """Do one job; the result is JSON."""
        order = msgspec.json.decode(task.payload, type=ModelOrder)
        try:
            with tempfile.TemporaryDirectory(prefix="camhub-model-") as name:
                work = {"add": self._add, "install": self._install, "test": self._test}
                return await work[order.kind](task, order, Path(name))
        finally:
            if order.upload:
                await self._uploads.delete(order.upload)

    async def _add(self, task: Task, order: ModelOrder, place: Path) -> bytes:
        if order.manifest is None:
            raise InvalidError("a model to add comes with its manifest", code="model_manifest")
        if not order.replace:
            await self._keeper.refuse_taken(order.name)
        await self._uploads.fetch_to(order.upload, place / MODEL_FILE)
        manifest = msgspec.structs.replace(order.manifest, file=MODEL_FILE)
        (place / MANIFEST_FILE).write_bytes(msgspec.json.encode(manifest))
        found = await self._run(task, place, kind="add")
        return await self._keep(place, found, "added", replace=order.replace)

    async def _install(self, task: Task, order: ModelOrder, place: Path) -> bytes:
        await self._keeper.refuse_taken(order.name)
        pinned = await self._keeper.pinned(offer(order.name))
        found = await self._run(task, place, kind="install", name=order.name, pinned=pinned)
        return await self._keep(place, found, "catalogue", trusted=not pinned)

    async def _test(self, task: Task, order: ModelOrder, place: Path) -> bytes:
        if order.name != BUILT_IN:
            model = await self._keeper.load(order.name)
            (place / MODEL_FILE).write_bytes(model.data)
            manifest = msgspec.structs.replace(model.manifest, file=MODEL_FILE)
            (place / MANIFEST_FILE).write_bytes(msgspec.json.encode(manifest))
        media = place / "media"
        await self._uploads.fetch_to(order.upload, media)
        found = await self._run(task, place, kind="test", media=str(media))
        picture = await asyncio.to_thread((place / "seen.jpg").read_bytes)
        task.picture = picture if len(picture) <= _PICTURE_BYTES else b""
        found.pop("type")
        return msgspec.json.encode(found)

    async def _run(self, task: Task, place: Path, **order: str) -> dict[str, Any]:
        whole = {"place": str(place), "settings": self._settings, **order}
        return await run_child(
            self._child,
            whole,
            lambda word: task.report(int(word["done"]), int(word["total"]), str(word["phase"])),
        )

    async def _keep(
        self,
        place: Path,
        found: dict[str, Any],
        origin: Literal["added", "catalogue"],
        *,
        replace: bool = False,
        trusted: bool = False,
    ) -> bytes:
        model = await asyncio.to_thread(load_model, place / MANIFEST_FILE)
        kept: StoredModel = await self._keeper.keep(
            model, found["seconds"], found["provider"], origin, replace=replace
        )
        self._changed()
        return msgspec.json.encode(
            {
                "model": kept.manifest.label,
                "sha256": kept.manifest.sha256,
                "milliseconds": round(kept.seconds * 1000, 2),
                "provider": kept.provider,
                "trusted_on_first_use": trusted,
            }
        )

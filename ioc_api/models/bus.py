"""Models on the bus: the api writes manifests and files there, the workers read them.

The database and the blobs are the truth. Workers reach neither: they live in the camera network and
meet the operations centre at the bus alone. So the bucket ``models`` holds each manifest by name,
and the object store ``model_files`` each file by its sha256. A file is there before its manifest
and goes after it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from analytics.detectors.library import ModelLibrary
from analytics.model.manifest import MAX_MODEL_BYTES, Manifest
from camera_registry import subjects
from camera_registry.base.bus import Bus, Entry, Subscription
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError
from ioc_api.models.keeper import ModelKeeper

log = structlog.get_logger(__name__)

MAX_FILES_BYTES = 8 * MAX_MODEL_BYTES
"""Room for all files on the bus."""


class Files(Protocol):
    """Files by name on the bus (``NatsObjects``). Every method raises UnavailableError."""

    async def names(self) -> set[str]:
        """Return the names of all files."""
        ...

    async def put(self, name: str, data: bytes) -> None:
        """Store a file, whole or not at all."""
        ...

    async def get(self, name: str) -> bytes:
        """Return a file. Raises NotFoundError."""
        ...

    async def delete(self, name: str) -> None:
        """Remove a file; a missing one is no error."""
        ...


class ModelMirror:
    """The api's side: makes the bus equal to the database."""

    def __init__(self, keeper: ModelKeeper, bus: Bus, files: Files, clock: Clock) -> None:
        self._keeper = keeper
        self._bucket = bus.bucket(subjects.MODELS_BUCKET)
        self._files = files
        self._clock = clock
        self._due = asyncio.Event()
        self._turn = asyncio.Lock()

    def ask(self) -> None:
        """Let ``run`` look at once."""
        self._due.set()

    async def run(self, every_s: float = 10.0) -> None:
        """Mend now, then every ``every_s`` seconds and whenever asked, for ever."""
        while True:
            self._due.clear()
            try:
                await self.mend()
            except CamhubError as error:
                log.warning("models_not_mirrored", reason=error.message)
            waiter = asyncio.ensure_future(self._due.wait())
            timer = asyncio.ensure_future(self._clock.sleep(every_s))
            try:
                await asyncio.wait({waiter, timer}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiter.cancel()
                timer.cancel()

    async def mend(self) -> int:
        """Make the bus equal to the database and count the repairs. Raises UnavailableError."""
        async with self._turn:
            present = await self._present()
            stored = await self._keeper.store.list()
            wanted = {each.name: msgspec.json.encode(each.manifest) for each in stored}
            chosen = await self._keeper.store.default()
            if chosen:
                wanted[subjects.DEFAULT_MODEL] = chosen.encode()
            files = await self._files.names() if present or stored else set()
            repairs = 0
            for each in stored:
                if each.manifest.sha256 not in files:
                    if not await self._bring(each.name, each.manifest.sha256):
                        wanted.pop(each.name)
                        continue
                    files.add(each.manifest.sha256)
                    repairs += 1
            for key, value in wanted.items():
                if present.get(key) != value:
                    await self._bucket.put(key, value)
                    repairs += 1
            for key in present.keys() - wanted.keys():
                await self._bucket.delete(key)
                repairs += 1
            for name in files - {each.manifest.sha256 for each in stored}:
                await self._files.delete(name)
                repairs += 1
        if repairs:
            log.info("models_mirrored", repairs=repairs, models=len(stored))
        return repairs

    async def _bring(self, name: str, sha256: str) -> bool:
        try:
            model = await self._keeper.load(name)
        except CamhubError as error:
            log.error("model_unreadable", model=name, reason=error.message)
            return False
        await self._files.put(sha256, model.data)
        return True

    async def _present(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}

        async def see(entry: Entry) -> None:
            if entry.value is not None:
                found[entry.key] = entry.value

        watch = await self._bucket.watch(see)
        await watch.stop()
        return found


class ModelFeed:
    """The worker's side: tells a library what there is, and brings files, from disk where it can.

    ``cache`` is a directory that the workers of one machine share.
    """

    def __init__(self, bus: Bus, files: Files, cache: Path) -> None:
        self._bucket = bus.bucket(subjects.MODELS_BUCKET)
        self._files = files
        self._cache = cache
        self._watch: Subscription | None = None
        self._known: dict[str, str] = {}

    async def start(self, library: ModelLibrary) -> None:
        """Tell the library of every model, then of every change. Raises UnavailableError."""

        async def see(entry: Entry) -> None:
            if entry.key == subjects.DEFAULT_MODEL:
                library.choose_default((entry.value or b"").decode("utf-8", "replace"))
                return
            manifest = None
            if entry.value is not None:
                try:
                    manifest = msgspec.json.decode(entry.value, type=Manifest)
                except msgspec.DecodeError as error:
                    log.warning("manifest_unreadable", model=entry.key, reason=str(error))
            if manifest is None:
                self._known.pop(entry.key, None)
            else:
                self._known[entry.key] = manifest.sha256
            library.know(entry.key, manifest)

        self._watch = await self._bucket.watch(see)

    async def stop(self) -> None:
        """End the watch."""
        if self._watch is not None:
            await self._watch.stop()

    async def fetch(self, manifest: Manifest) -> bytes:
        """Return a model's file. Raises NotFoundError, UnavailableError."""
        path = self._cache / f"{manifest.sha256}.onnx"
        data = await asyncio.to_thread(_cached, path, manifest.sha256)
        if data is None:
            data = await self._files.get(manifest.sha256)
            await asyncio.to_thread(_keep, path, data, set(self._known.values()))
        return data


def _cached(path: Path, sha256: str) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == sha256 else None


def _keep(path: Path, data: bytes, known: set[str]) -> None:
    """Keep a file for the next start, and none of a model that is gone.

    Where there is no room it is fetched again at the next start.
    """
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
        for other in path.parent.glob("*.onnx"):
            if other.stem not in known and other != path:
                other.unlink(missing_ok=True)
    except OSError as error:
        part.unlink(missing_ok=True)
        log.warning("model_not_cached", reason=error.strerror)

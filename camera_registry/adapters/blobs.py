"""Blobs (snapshots, later clips and exports) on obstore: a local directory or S3, by URL."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.exceptions import NotFoundError as MissingBlobError
from obstore.store import LocalStore, from_url

from camera_registry.base.errors import NotFoundError, StorageError

_T = TypeVar("_T")

_ON_DISK_AT_ONCE = 2
_ELSEWHERE_AT_ONCE = 16


class BlobStore:
    """Bytes under a key. Keys are made by our own code from validated parts.

    The operations run in threads of ours by obstore's blocking calls. Its awaitable ones hand their
    result over from a thread of its own runtime, which nobody ends: where the interpreter goes
    down a moment after the last answer, that thread asks for it once more and the process aborts.

    ``at_once`` bounds the operations under way. Each one on a local directory is a thread of
    obstore's runtime too, that stays for as long as there is work now and then, so one busy moment
    would leave its threads behind for good, and a disk gains nothing from more of them.
    """

    def __init__(self, store: Any, at_once: int) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="blobs")

    @classmethod
    def open(cls, location: str) -> BlobStore:
        """Open a directory (a plain path, made when missing) or an object store by URL."""
        if "://" in location:
            return cls(from_url(location), _ELSEWHERE_AT_ONCE)
        Path(location).mkdir(parents=True, exist_ok=True)
        return cls(LocalStore(location, mkdir=True), _ON_DISK_AT_ONCE)

    async def put(self, key: str, data: bytes) -> None:
        """Store the whole of ``data`` or nothing. Raises StorageError."""
        with _writing(key):
            await self._run(partial(obstore.put, self._store, key, data))

    async def put_file(self, key: str, path: Path) -> None:
        """Store a file without holding it in memory. Raises StorageError."""
        with _writing(key):
            await self._run(partial(obstore.put, self._store, key, path))

    async def get(self, key: str) -> bytes:
        """Return the bytes. Raises NotFoundError where there is no such blob, StorageError."""
        with _reading(key):
            return await self._run(lambda: bytes(obstore.get(self._store, key).bytes()))

    async def start(self, key: str, length: int) -> bytes:
        """Return the first bytes, fewer where it has no more. Raises as :meth:`get` does."""

        def read() -> bytes:
            part = min(length, obstore.head(self._store, key)["size"])
            if part == 0:
                return b""
            return bytes(obstore.get_range(self._store, key, start=0, length=part))

        with _reading(key):
            return await self._run(read)

    async def fetch_to(self, key: str, path: Path) -> None:
        """Write a blob into a file. Raises as :meth:`get` does."""

        def fetch() -> None:
            parts = obstore.get(self._store, key).stream()
            with path.open("wb") as file:
                for part in parts:
                    file.write(part)

        with _reading(key):
            await self._run(fetch)

    async def delete(self, key: str) -> None:
        """Remove a blob; a missing one is no error."""
        try:
            await self._run(partial(obstore.delete, self._store, key))
        except (MissingBlobError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            raise StorageError(f"the blob store did not remove {key}") from error

    async def sweep(self, prefix: str, older_than_s: float) -> int:
        """Remove what lies under ``prefix`` for longer than that; return how many went."""
        limit = datetime.now(UTC) - timedelta(seconds=older_than_s)
        pages = iter(obstore.list(self._store, prefix))
        gone = 0
        try:
            while page := await self._run(partial(next, pages, None)):
                for found in page:
                    if found["last_modified"] < limit:
                        await self.delete(found["path"])
                        gone += 1
        except (BaseError, OSError) as error:
            raise StorageError(f"the blob store did not list {prefix}") from error
        return gone

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


@contextlib.contextmanager
def _writing(key: str) -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        raise StorageError(
            f"the blob store did not take {key}",
            hint="free some space, or check the rights on the data directory",
            code="blob_write_failed",
        ) from error


@contextlib.contextmanager
def _reading(key: str) -> Iterator[None]:
    try:
        yield
    except (MissingBlobError, FileNotFoundError):
        raise NotFoundError(f"there is no blob {key}") from None
    except (BaseError, OSError) as error:
        raise StorageError(
            f"the blob store did not give {key}",
            hint="check the data directory",
            code="blob_read_failed",
        ) from error

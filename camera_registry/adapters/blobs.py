"""Blobs (snapshots, later clips and exports) on obstore: a local directory or S3, by URL."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.exceptions import NotFoundError as MissingBlobError
from obstore.store import LocalStore, from_url

from camera_registry.base.errors import NotFoundError, StorageError

_ON_DISK_AT_ONCE = 2


class BlobStore:
    """Bytes under a key. Keys are made by our own code from validated parts.

    ``at_once`` bounds the operations under way. Each one on a local directory is a thread of
    obstore's runtime that stays for as long as there is work now and then, so one busy moment would
    leave its threads behind for good, and a disk gains nothing from more of them.
    """

    def __init__(self, store: Any, at_once: int | None = None) -> None:
        self._store = store
        self._turns: contextlib.AbstractAsyncContextManager[object] = (
            asyncio.Semaphore(at_once) if at_once else contextlib.nullcontext()
        )

    @classmethod
    def open(cls, location: str) -> BlobStore:
        """Open a directory (a plain path, made when missing) or an object store by URL."""
        if "://" in location:
            return cls(from_url(location))
        Path(location).mkdir(parents=True, exist_ok=True)
        return cls(LocalStore(location, mkdir=True), _ON_DISK_AT_ONCE)

    async def put(self, key: str, data: bytes) -> None:
        """Store the whole of ``data`` or nothing. Raises StorageError."""
        try:
            async with self._turns:
                await obstore.put_async(self._store, key, data)
        except (BaseError, OSError) as error:
            raise StorageError(
                f"the blob store did not take {key}",
                hint="free some space, or check the rights on the data directory",
                code="blob_write_failed",
            ) from error

    async def get(self, key: str) -> bytes:
        """Return the bytes. Raises NotFoundError where there is no such blob, StorageError."""
        with _reading(key):
            async with self._turns:
                result = await obstore.get_async(self._store, key)
                return bytes(await result.bytes_async())

    async def start(self, key: str, length: int) -> bytes:
        """Return the first bytes, fewer where it has no more. Raises as :meth:`get` does."""
        with _reading(key):
            async with self._turns:
                size = (await obstore.head_async(self._store, key))["size"]
                if size == 0:
                    return b""
                part = min(length, size)
                return bytes(await obstore.get_range_async(self._store, key, start=0, length=part))

    async def delete(self, key: str) -> None:
        """Remove a blob; a missing one is no error."""
        try:
            async with self._turns:
                await obstore.delete_async(self._store, key)
        except (MissingBlobError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            raise StorageError(f"the blob store did not remove {key}") from error

    async def put_file(self, key: str, path: Path) -> None:
        """Store a file without holding it in memory. Raises StorageError."""
        try:
            async with self._turns:
                await obstore.put_async(self._store, key, path)
        except (BaseError, OSError) as error:
            raise StorageError(
                f"the blob store did not take {key}",
                hint="free some space, or check the rights on the data directory",
                code="blob_write_failed",
            ) from error

    async def fetch_to(self, key: str, path: Path) -> None:
        """Write a blob into a file. Raises as :meth:`get` does."""
        with _reading(key):
            async with self._turns:
                result = await obstore.get_async(self._store, key)
                with await asyncio.to_thread(path.open, "wb") as file:
                    async for part in result.stream():
                        await asyncio.to_thread(file.write, bytes(part))

    async def sweep(self, prefix: str, older_than_s: float) -> int:
        """Remove what lies under ``prefix`` for longer than that; return how many went."""
        limit = datetime.now(UTC) - timedelta(seconds=older_than_s)
        gone = 0
        try:
            async for page in obstore.list(self._store, prefix):
                for found in page:
                    if found["last_modified"] < limit:
                        await self.delete(found["path"])
                        gone += 1
        except (BaseError, OSError) as error:
            raise StorageError(f"the blob store did not list {prefix}") from error
        return gone


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

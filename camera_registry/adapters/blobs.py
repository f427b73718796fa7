"""Blobs (snapshots, later clips and exports) on obstore: a local directory or S3, by URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, from_url

from camera_registry.base.errors import StorageError


class BlobStore:
    """Bytes under a key. Keys are made by our own code from validated parts."""

    def __init__(self, store: Any) -> None:
        self._store = store

    @classmethod
    def open(cls, location: str) -> BlobStore:
        """Open a directory (a plain path, made when missing) or an object store by URL."""
        if "://" in location:
            return cls(from_url(location))
        Path(location).mkdir(parents=True, exist_ok=True)
        return cls(LocalStore(location, mkdir=True))

    async def put(self, key: str, data: bytes) -> None:
        """Store the whole of ``data`` or nothing. Raises StorageError."""
        try:
            await obstore.put_async(self._store, key, data)
        except (BaseError, OSError) as error:
            raise StorageError(
                f"the blob store did not take {key}",
                hint="free some space, or check the rights on the data directory",
                code="blob_write_failed",
            ) from error

    async def get(self, key: str) -> bytes | None:
        """Return the bytes, or None where there is no such blob. Raises StorageError."""
        try:
            result = await obstore.get_async(self._store, key)
            return bytes(await result.bytes_async())
        except (NotFoundError, FileNotFoundError):
            return None
        except (BaseError, OSError) as error:
            raise StorageError(
                f"the blob store did not give {key}",
                hint="check the data directory",
                code="blob_read_failed",
            ) from error

    async def delete(self, key: str) -> None:
        """Remove a blob; a missing one is no error."""
        try:
            await obstore.delete_async(self._store, key)
        except (NotFoundError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            raise StorageError(f"the blob store did not remove {key}") from error

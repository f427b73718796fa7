"""Blobs (snapshots, later clips and exports) on obstore: a local directory or S3, by URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.exceptions import NotFoundError as MissingBlobError
from obstore.store import LocalStore, from_url

from camera_registry.base.errors import NotFoundError, StorageError


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

    async def get(self, key: str) -> bytes:
        """Return the bytes. Raises NotFoundError where there is no such blob, StorageError."""
        try:
            result = await obstore.get_async(self._store, key)
            return bytes(await result.bytes_async())
        except (MissingBlobError, FileNotFoundError):
            raise NotFoundError(f"there is no blob {key}") from None
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
        except (MissingBlobError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            raise StorageError(f"the blob store did not remove {key}") from error

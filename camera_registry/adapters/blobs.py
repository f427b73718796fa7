"""Blobs (snapshots, later clips and exports) in a directory or an object store, by URL."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from camera_registry.adapters.blob_files import Files
from camera_registry.base.errors import NotFoundError, StorageError

_T = TypeVar("_T")

_ON_DISK_AT_ONCE = 2
_ELSEWHERE_AT_ONCE = 16


class Backend(Protocol):
    """Where the bytes are. Blocking; raises OSError, FileNotFoundError for no blob."""

    def put(self, key: str, source: bytes | Path) -> None:
        """Store the whole of it or nothing."""
        ...

    def get(self, key: str) -> bytes:
        """Read it."""
        ...

    def start(self, key: str, length: int) -> bytes:
        """Read its first bytes, fewer where it has no more."""
        ...

    def fetch_to(self, key: str, path: Path) -> None:
        """Copy it into a file."""
        ...

    def delete(self, key: str) -> None:
        """Remove it."""
        ...

    def older(self, prefix: str, than_s: float) -> Iterator[str]:
        """Yield the keys under a prefix that were written before a time (Unix seconds)."""
        ...


class BlobStore:
    """Bytes under a key. Keys are made by our own code from validated parts.

    ``at_once`` threads of ours do the work: a disk gains nothing from more than a few.
    """

    def __init__(self, backend: Backend, at_once: int) -> None:
        self._backend = backend
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="blobs")

    @classmethod
    def open(cls, location: str) -> BlobStore:
        """Open a directory (a plain path, made when missing) or an object store by URL."""
        if "://" in location:
            from camera_registry.adapters.blob_objects import Objects

            return cls(Objects(location), _ELSEWHERE_AT_ONCE)
        Path(location).mkdir(parents=True, exist_ok=True)
        return cls(Files(Path(location)), _ON_DISK_AT_ONCE)

    async def put(self, key: str, data: bytes) -> None:
        """Store the whole of ``data`` or nothing. Raises StorageError."""
        with _writing(key):
            await self._run(partial(self._backend.put, key, data))

    async def put_file(self, key: str, path: Path) -> None:
        """Store a file without holding it in memory. Raises StorageError."""
        with _writing(key):
            await self._run(partial(self._backend.put, key, path))

    async def get(self, key: str) -> bytes:
        """Return the bytes. Raises NotFoundError where there is no such blob, StorageError."""
        with _reading(key):
            return await self._run(partial(self._backend.get, key))

    async def start(self, key: str, length: int) -> bytes:
        """Return the first bytes, fewer where it has no more. Raises as :meth:`get` does."""
        with _reading(key):
            return await self._run(partial(self._backend.start, key, length))

    async def fetch_to(self, key: str, path: Path) -> None:
        """Write a blob into a file. Raises as :meth:`get` does."""
        with _reading(key):
            await self._run(partial(self._backend.fetch_to, key, path))

    async def delete(self, key: str) -> None:
        """Remove a blob; a missing one is no error."""
        try:
            await self._run(partial(self._backend.delete, key))
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageError(f"the blob store did not remove {key}") from error

    async def sweep(self, prefix: str, older_than_s: float) -> int:
        """Remove what lies under ``prefix`` for longer than that; return how many went."""
        keys = self._backend.older(prefix, time.time() - older_than_s)
        gone = 0
        try:
            while (key := await self._run(partial(next, keys, None))) is not None:
                await self.delete(key)
                gone += 1
        except OSError as error:
            raise StorageError(f"the blob store did not list {prefix}") from error
        return gone

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


@contextlib.contextmanager
def _writing(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"the blob store did not take {key}",
            hint="free some space, or check the rights on the data directory",
            code="blob_write_failed",
        ) from error


@contextlib.contextmanager
def _reading(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise NotFoundError(f"there is no blob {key}") from None
    except OSError as error:
        raise StorageError(
            f"the blob store did not give {key}",
            hint="check the data directory",
            code="blob_read_failed",
        ) from error

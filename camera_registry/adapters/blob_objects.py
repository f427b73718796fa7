"""Blobs as objects in a store (S3, GCS, Azure …), on obstore.

Its blocking calls: the awaitable ones hand their result over from a thread of its own runtime,
which nobody ends. Where the interpreter goes down a moment after the last answer, that thread asks
for it once more and the process aborts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import from_url


class Objects:
    """Each blob is an object. Blocking; raises OSError, FileNotFoundError for no blob."""

    def __init__(self, url: str) -> None:
        self._store: Any = from_url(url)

    def put(self, key: str, source: bytes | Path) -> None:
        """Store the whole of it or nothing."""
        with _told():
            obstore.put(self._store, key, source)

    def get(self, key: str) -> bytes:
        """Read it."""
        with _told():
            return bytes(obstore.get(self._store, key).bytes())

    def start(self, key: str, length: int) -> bytes:
        """Read its first bytes, fewer where it has no more."""
        with _told():
            part = min(length, obstore.head(self._store, key)["size"])
            if part == 0:
                return b""
            return bytes(obstore.get_range(self._store, key, start=0, length=part))

    def fetch_to(self, key: str, path: Path) -> None:
        """Copy it into a file, piece by piece."""
        with _told():
            parts = obstore.get(self._store, key).stream()
            with path.open("wb") as file:
                for part in parts:
                    file.write(part)

    def delete(self, key: str) -> None:
        """Remove it."""
        with _told():
            obstore.delete(self._store, key)

    def older(self, prefix: str, than_s: float) -> Iterator[str]:
        """Yield the keys under a prefix that were written before a time (Unix seconds)."""
        limit = datetime.fromtimestamp(than_s, UTC)
        with _told():
            for page in obstore.list(self._store, prefix):
                yield from (each["path"] for each in page if each["last_modified"] < limit)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except NotFoundError as error:
        raise FileNotFoundError("there is no such object") from error
    except BaseError as error:
        raise OSError("the object store failed") from error

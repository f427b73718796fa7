"""Blobs as files in a directory.

A library for object stores can do this as well, and did. Each of its operations on files took a
thread of a runtime of its own, which stayed; a busy moment left dozens behind.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4


class Files:
    """Each blob is a file of its own. Blocking; raises OSError, FileNotFoundError for no blob."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, source: bytes | Path) -> None:
        """Write the whole of it or nothing: beside its place first."""
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{uuid4().hex}.part")
        try:
            if isinstance(source, bytes):
                part.write_bytes(source)
            else:
                shutil.copyfile(source, part)
            part.replace(place)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def get(self, key: str) -> bytes:
        """Read it."""
        return self._place(key).read_bytes()

    def start(self, key: str, length: int) -> bytes:
        """Read its first bytes, fewer where it has no more."""
        with self._place(key).open("rb") as file:
            return file.read(length)

    def fetch_to(self, key: str, path: Path) -> None:
        """Copy it into a file."""
        shutil.copyfile(self._place(key), path)

    def delete(self, key: str) -> None:
        """Remove it."""
        self._place(key).unlink()

    def older(self, prefix: str, than_s: float) -> Iterator[str]:
        """Yield the keys under a prefix that were written before a time (Unix seconds), and what
        somebody who was ended while writing has left there.
        """
        for path in self._place(prefix.rstrip("/")).rglob("*"):
            try:
                old = path.is_file() and path.stat().st_mtime < than_s
            except FileNotFoundError:  # somebody else has removed it meanwhile
                continue
            if old:
                yield path.relative_to(self._root).as_posix()

    def _place(self, key: str) -> Path:
        if not all(part.strip(".") for part in key.split("/")) or "\0" in key:
            raise OSError(errno.EINVAL, "no key of ours")
        return self._root / key

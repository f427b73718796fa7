"""Where the files of a clip go: whole and all together, or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from camera_registry.base.errors import ConflictError, StorageError

_READ = 1024 * 1024


class Places:
    """Where the parts of a clip go."""

    def __init__(self, path: Path, overwrite: bool) -> None:
        self._path = path
        self._overwrite = overwrite

    def of(self, number: int) -> Path:
        """Return the place of a part, counted from 1."""
        if number == 1:
            return self._path
        return self._path.with_name(f"{self._path.stem}-{number}{self._path.suffix}")

    def check(self, number: int) -> None:
        """Raise ConflictError where a part would overwrite a file."""
        if not self._overwrite and self.of(number).exists():
            raise ConflictError(
                f"{self.of(number).name} exists already",
                hint="choose another name, or allow it to be replaced",
                code="clip_exists",
            )

    def temporary(self) -> Path:
        """Make an empty file of its own in the same directory."""
        try:
            handle, name = tempfile.mkstemp(".part", f".{self._path.name}-", self._path.parent)
        except OSError as error:
            raise unwritable(error) from None
        os.close(handle)
        return Path(name)

    def publish(self, temporaries: list[Path]) -> None:
        """Bring every part to its place; all are on the disk before the first one is."""
        published: list[Path] = []
        try:
            for number, temporary in enumerate(temporaries, 1):
                self.check(number)
                _sync(temporary)
            for number, temporary in enumerate(temporaries, 1):
                temporary.replace(self.of(number))
                published.append(self.of(number))
            _sync(self._path.parent)
        except OSError as error:
            for place in published:
                place.unlink(missing_ok=True)
            raise unwritable(error) from None


def measured(path: Path) -> tuple[int, str]:
    """Return a file's size in bytes and its SHA-256."""
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as file:
            while part := file.read(_READ):
                digest.update(part)
                size += len(part)
    except OSError as error:
        raise unwritable(error) from None
    return size, digest.hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unwritable(error: OSError) -> StorageError:
    """Say it in one line."""
    return StorageError(
        f"the clip could not be written: {error.strerror}",
        hint="check the directory, its rights and its free space",
        code="clip_not_written",
    )

"""The models of an installation: a directory with ``NAME/manifest.json`` and the file beside it.

A model is there whole or not at all: it is written under another name, synced, and renamed. What is
left of a broken attempt is no model and is removed at the next one. ``pins.json`` remembers the
sha256 of every model that was ever installed from the catalogue, also after it was removed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec

from analytics.manifest import Manifest, Model, load_model, read_manifest, refused, verify
from camera_registry.base.errors import (
    CamhubError,
    ConflictError,
    InvalidError,
    NotFoundError,
    StorageError,
)

MANIFEST_FILE = "manifest.json"
BUILT_IN = "moving-object"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
_PART = ".part-"
_PINS = "pins.json"


@dataclass(frozen=True, slots=True)
class Stored:
    """A model in the store: its manifest, or the reason why it cannot be read."""

    name: str
    manifest: Manifest | None
    problem: str = ""


class ModelStore:
    """Models in one directory. Safe against a crash at any moment; one writer at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def list(self) -> list[Stored]:
        """Return every model by name, broken ones with what is wrong with them."""
        found = []
        names = self._directory.iterdir() if self._directory.is_dir() else ()
        for path in sorted(names):
            if not path.is_dir() or not _NAME.match(path.name):
                continue
            try:
                found.append(Stored(path.name, read_manifest(path / MANIFEST_FILE)))
            except CamhubError as error:
                found.append(Stored(path.name, None, error.message))
        return found

    def load(self, name: str) -> Model:
        """Return a verified model. Raises NotFoundError, or ConfigError where it is refused."""
        return load_model(self._existing(name) / MANIFEST_FILE)

    def add(self, manifest: Manifest, data: bytes) -> None:
        """Write a model. Nothing of it remains where that fails.

        Raises ConflictError where the name is taken, ConfigError where the bytes are not those of
        the manifest, InvalidError for an impossible name, StorageError where the disk fails.
        """
        target = self._path(manifest.name)
        if target.exists():
            raise ConflictError(
                f"there is a model {manifest.name} already",
                hint=f"remove it first: camhub models remove {manifest.name}",
            )
        if Path(manifest.file).name != manifest.file or manifest.file in {"", ".", MANIFEST_FILE}:
            raise refused(manifest.name, "its file is not a plain name", "model_path")
        verify(manifest, data)
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._sweep()
            part = Path(tempfile.mkdtemp(prefix=_PART, dir=self._directory))
            try:
                _write(part / manifest.file, data)
                _write(part / MANIFEST_FILE, _pretty(manifest))
                part.chmod(0o755)
                part.rename(target)
                _sync(self._directory)
            finally:
                shutil.rmtree(part, ignore_errors=True)  # gone under this name once renamed
        except OSError as error:
            raise _storage(manifest.name, error) from error

    def remove(self, name: str) -> None:
        """Remove a model; its pin stays. Raises NotFoundError, StorageError."""
        path = self._existing(name)
        try:
            gone = path.rename(self._directory / f"{_PART}{os.urandom(6).hex()}")
            shutil.rmtree(gone)
        except OSError as error:
            raise _storage(name, error) from error

    def pinned(self, name: str) -> str:
        """Return the sha256 that a model of this name had at its first installation, or ''."""
        return self._pins().get(name, "")

    def pin(self, name: str, sha256: str) -> None:
        """Remember the sha256 of a model. Raises StorageError."""
        pins = {**self._pins(), name: sha256}
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            part = self._directory / f"{_PART}{_PINS}"
            _write(part, json.dumps(pins, indent=2, sort_keys=True).encode())
            part.replace(self._directory / _PINS)
            _sync(self._directory)
        except OSError as error:
            raise _storage(name, error) from error

    def _pins(self) -> dict[str, str]:
        path = self._directory / _PINS
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise refused(_PINS, "cannot be read", "model_pins") from error

    def _existing(self, name: str) -> Path:
        path = self._path(name)
        if not path.is_dir():
            present = ", ".join(stored.name for stored in self.list()) or "none"
            raise NotFoundError(
                f"there is no model {name}", hint=f"installed: {present}; see 'camhub models list'"
            )
        return path

    def _path(self, name: str) -> Path:
        if not _NAME.match(name) or name == BUILT_IN:
            raise InvalidError(
                f"{name[:80]!r} is no name for a model",
                hint=f"small letters, digits, '.', '-' and '_', and not {BUILT_IN}",
                code="model_name",
            )
        return self._directory / name

    def _sweep(self) -> None:
        for left in self._directory.glob(f"{_PART}*"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _pretty(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _storage(name: str, error: OSError) -> StorageError:
    return StorageError(
        f"model {name} cannot be written: {error.strerror}", hint="look at the data directory"
    )

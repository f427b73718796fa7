"""The models of an installation as they are kept, and the port of what keeps them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from analytics.builtin import BUILT_IN
from analytics.model.manifest import Manifest
from camera_registry.base.errors import InvalidError

Origin = Literal["added", "catalogue"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?\Z")


@dataclass(frozen=True, slots=True)
class StoredModel:
    """An installed model. ``size`` in bytes; ``seconds`` a picture and ``provider``: as measured
    when it was taken in. ``installed_us`` is UTC in microseconds.
    """

    manifest: Manifest
    size: int
    origin: Origin
    seconds: float
    provider: str
    installed_us: int

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.manifest.name


class ModelStore(Protocol):
    """Keeps the rows; the files are blobs."""

    async def list(self) -> Sequence[StoredModel]:
        """Return every model by name."""
        ...

    async def get(self, name: str) -> StoredModel | None:
        """Return a model, or None."""
        ...

    async def put(self, model: StoredModel, *, replace: bool) -> bool:
        """Write a model; False, and nothing written, where its name is taken and not replaced."""
        ...

    async def delete(self, name: str) -> bool:
        """Remove a model that no camera names and that is not the default; say whether it went."""
        ...

    async def used_by(self) -> dict[str, int]:
        """Return how many cameras, switched off ones included, name each model."""
        ...

    async def pinned(self, name: str) -> str:
        """Return the sha256 that a model of this name had when it was first installed, or ''."""
        ...

    async def pin(self, name: str, sha256: str) -> None:
        """Remember a sha256, also for after the model is removed."""
        ...

    async def default(self) -> str:
        """Return the model that was chosen for cameras that name none; '' where none was."""
        ...

    async def set_default(self, name: str) -> None:
        """Choose it; '' takes the choice back."""
        ...


def checked_model_name(name: str) -> str:
    """Return a name that a model may be installed under. Raises InvalidError."""
    if not _NAME.match(name) or ".." in name or name == BUILT_IN:
        raise InvalidError(
            f"{name[:80]!r} is no name for a model",
            hint=f"small letters, digits, '.', '-' and '_', and not {BUILT_IN}",
            code="model_name",
        )
    return name


def blob_key(sha256: str) -> str:
    """Return where the file of a model is kept."""
    return f"models/{sha256}.onnx"

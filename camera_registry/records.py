"""A camera as it is stored, looked for, made and changed, and the store as the registry sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import UNSET, UnsetType

from camera_registry.model import Camera, Credentials, Position
from camera_registry.scope import Scope


@dataclass(frozen=True, slots=True)
class StoredCamera:
    """A camera with its sealed credentials and its rule document (each empty: none).

    ``rules_version`` counts the changes of the document.
    """

    camera: Camera
    sealed: bytes = b""
    rules: str = ""
    rules_version: int = 0


@dataclass(frozen=True, slots=True)
class CameraFilter:
    """Which cameras to list; an empty text or None means any. ``text`` is looked for in names."""

    unit_code: str = ""
    text: str = ""
    tag: str = ""
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class NewCamera:
    """What it takes to register a camera. Credentials may stand in the URL or apart."""

    name: str
    unit_code: str
    url: str
    position: Position | None = None
    credentials: Credentials | None = None
    enabled: bool = True
    transport: str = "tcp"
    tags: tuple[str, ...] = ()
    gate: str = "auto"
    priority: int = 0


@dataclass(frozen=True, slots=True)
class CameraChange:
    """Changes to a camera; what is UNSET stays. ``version`` is the one the caller had seen."""

    name: str | UnsetType = UNSET
    unit_code: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    position: Position | UnsetType | None = UNSET
    credentials: Credentials | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    transport: str | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    gate: str | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    version: int | None = None


class CameraStore(Protocol):
    """Where cameras are kept."""

    async def insert(self, stored: StoredCamera) -> None:
        """Store a new camera. Raises ConflictError where its id exists."""
        ...

    async def get(self, camera_id: str, scope: Scope) -> StoredCamera | None:
        """Return a camera in scope, or None."""
        ...

    async def list(
        self, scope: Scope, wanted: CameraFilter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Camera]:
        """Return up to ``limit`` cameras ordered by (name, id), beginning behind ``after``."""
        ...

    async def replace(self, stored: StoredCamera, expected_version: int) -> bool:
        """Write a changed camera if it still has ``expected_version``; say whether it had."""
        ...

    async def delete(self, camera_id: str, scope: Scope) -> bool:
        """Delete a camera in scope; say whether there was one."""
        ...

    async def enabled(self) -> Sequence[StoredCamera]:
        """Return every enabled camera."""
        ...

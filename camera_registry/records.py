"""What it takes to look for, make and change cameras, and the store as the registry sees it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from msgspec import UNSET, UnsetType

from camera_registry.base.errors import ConflictError
from camera_registry.details import Details
from camera_registry.geo.polygons import Box
from camera_registry.model import Actor, Camera, CameraClass, Credentials, Position
from camera_registry.scope import Scope
from camera_registry.stored import StoredCamera
from camera_registry.versions import VersionEntry

__all__ = [
    "CameraChange",
    "CameraFilter",
    "CameraStore",
    "NewCamera",
    "StoredCamera",
    "UrlTakenError",
]


class UrlTakenError(ConflictError):
    """The main streams of cameras are those of others: ``by`` says whose, by camera."""

    def __init__(self, by: Mapping[str, str]) -> None:
        super().__init__(
            "url: another camera has this address already",
            hint="it is not among those that you may see; ask an administrator",
            code="url_taken",
        )
        self.by = by


@dataclass(frozen=True, slots=True)
class CameraFilter:
    """Which cameras to list; what is empty or None means any.

    Every word of ``text`` must be found, without marks, in name, code, address, serial number or
    the unit's name. ``credential`` is the id of the shared log-in that they use. ``only`` and
    ``never`` are ids: of cameras in a state, which the database does not know.
    """

    units: Sequence[str] = ()
    text: str = ""
    tag: str = ""
    enabled: bool | None = None
    classes: Sequence[CameraClass] = ()
    group: str = ""
    positioned: bool | None = None
    weak: bool | None = None
    credential: str = ""
    box: Box | None = None
    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NewCamera:
    """What it takes to register a camera. Credentials may stand in the URL or apart, or be those of
    the shared log-in ``credential_id``.

    Without a ``code`` the naming scheme gives one.
    """

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
    detector: str = ""
    code: str = ""
    camera_class: CameraClass = CameraClass.OTHER
    groups: tuple[str, ...] = ()
    details: Details = field(default_factory=Details)
    credential_id: str = ""


@dataclass(frozen=True, slots=True)
class CameraChange:
    """Changes to a camera; what is UNSET stays. ``version`` is the one the caller had seen.

    ``details`` maps names of fields of ``Details`` to their new values. An empty ``code`` asks for
    a new one of the naming scheme. ``credential_id`` names a shared log-in in the place of the
    credentials of its own, empty takes it away.
    """

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
    detector: str | UnsetType = UNSET
    code: str | UnsetType = UNSET
    camera_class: CameraClass | UnsetType = UNSET
    groups: tuple[str, ...] | UnsetType = UNSET
    details: Mapping[str, Any] = field(default_factory=dict)
    credential_id: str | UnsetType = UNSET


class CameraStore(Protocol):
    """Where cameras and their versions are kept; each change and its entry in one transaction."""

    async def insert(self, stored: StoredCamera, by: Actor) -> StoredCamera:
        """Store a new camera and return it, with a code if it had none.

        Raises ConflictError where its id or its code exists, UrlTakenError where another camera
        has its address, InvalidError for an unknown group, and for a shared log-in that is not
        there or not for this camera. Whether the password of that is weak is written with the
        camera.
        """
        ...

    async def get(self, camera_id: str, scope: Scope) -> StoredCamera | None:
        """Return a camera in scope, or None."""
        ...

    async def list(
        self, scope: Scope, wanted: CameraFilter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Camera]:
        """Return up to ``limit`` cameras ordered by (name, id), beginning behind ``after``."""
        ...

    async def replace(
        self, before: StoredCamera, after: StoredCamera, by: Actor
    ) -> StoredCamera | None:
        """Write a changed camera if it still has the version of ``before``; None where not.

        Raises as ``insert`` does.
        """
        ...

    async def delete(
        self, camera_id: str, scope: Scope, by: Actor, now_us: int, version: int | None
    ) -> bool:
        """Delete a camera in scope; say whether there was one, of ``version`` if that is given."""
        ...

    async def may_use(self, credential_id: str, scope: Scope) -> bool:
        """Say whether there is a shared log-in that lies in the scope as a whole."""
        ...

    async def known_groups(self, ids: Collection[str], scope: Scope) -> set[str]:
        """Return those of the ids that are camera groups of which the scope may know."""
        ...

    async def enabled(self, ids: Sequence[str]) -> Sequence[StoredCamera]:
        """Return those of some cameras, at most 250, that are enabled."""
        ...

    async def enabled_logins(self) -> Sequence[tuple[str, int, bytes]]:
        """Return id, version and the sealed credentials in use (empty: none) of every enabled
        camera."""
        ...

    async def versions(
        self, camera_id: str, scope: Scope, before: int | None, limit: int
    ) -> Sequence[VersionEntry] | None:
        """Return up to ``limit`` entries below ``before``, the latest first.

        None where no camera in scope has, or had at its end, this id.
        """
        ...

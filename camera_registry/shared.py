"""What a shared log-in is, and where such are kept: values and a port.

A shared log-in belongs to a unit or to the whole city and, where it says so, to a camera group;
only cameras in there may use it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from msgspec import UNSET, UnsetType

from camera_registry.base.errors import InvalidError
from camera_registry.model import Actor, Credentials
from camera_registry.scope import EVERYWHERE, Scope
from camera_registry.stored import StoredCamera


@dataclass(frozen=True, slots=True)
class SharedCredential:
    """A shared log-in; ``sealed`` holds user name and password, bound to ``id``.

    ``unit_code`` ``"*"`` is the whole city, an empty ``group_id`` no group. ``cameras`` counts
    those that use it.
    """

    id: str
    name: str
    unit_code: str
    group_id: str
    username: str
    weak: bool
    version: int
    created_us: int
    updated_us: int
    sealed: bytes = field(default=b"", repr=False)
    cameras: int = 0

    @property
    def scope(self) -> Scope:
        """All of where it may be used."""
        return Scope.of([self.unit_code], [self.group_id] if self.group_id else None)

    def serves(self, unit_code: str, groups: Collection[str]) -> bool:
        """Say whether a camera of this unit and in these groups may use it."""
        at_home = self.unit_code in (EVERYWHERE, unit_code)
        return at_home and (not self.group_id or self.group_id in groups)


Logins = Mapping[str, SharedCredential]
"""Shared log-ins by their ids."""


def with_login(stored: StoredCamera, known: Logins) -> StoredCamera:
    """Return a camera with what is known of the shared log-in that it names.

    Raises InvalidError where that is not there, or not for its camera.
    """
    camera = stored.camera
    if not camera.credential_id:
        return stored
    shared = known.get(camera.credential_id)
    if shared is None:
        raise InvalidError("credential_id: there is no such shared log-in", code="credential")
    if not shared.serves(camera.unit_code, camera.groups):
        raise InvalidError(
            f"credential_id: the shared log-in {shared.name!r} is not for this camera",
            hint="its unit or group is another; choose another log-in for the camera first",
            code="credential_scope",
        )
    camera = replace(camera, weak_credentials=shared.weak)
    return replace(stored, camera=camera, sealed=b"", shared_sealed=shared.sealed)


@dataclass(frozen=True, slots=True)
class NewShared:
    """What it takes to make a shared log-in."""

    name: str
    credentials: Credentials
    unit_code: str = EVERYWHERE
    group_id: str = ""


@dataclass(frozen=True, slots=True)
class SharedChange:
    """Changes to a shared log-in; ``version`` is the one the caller had seen.

    A new user name needs the password with it.
    """

    name: str | UnsetType = UNSET
    credentials: Credentials | UnsetType = UNSET
    version: int | None = None


class SharedStore(Protocol):
    """Where shared log-ins are kept. A scope shows those that lie in it as a whole."""

    async def insert(self, shared: SharedCredential) -> None:
        """Store a new one. Raises ConflictError for a name that is taken, InvalidError for a group
        that there is not.
        """
        ...

    async def get(self, credential_id: str, scope: Scope) -> SharedCredential | None:
        """Return one in scope, or None."""
        ...

    async def named(self, name: str, scope: Scope) -> SharedCredential | None:
        """Return the one of a name in scope, or None."""
        ...

    async def list(
        self, scope: Scope, after: tuple[str, str] | None, limit: int
    ) -> Sequence[SharedCredential]:
        """Return up to ``limit`` in scope, by (name, id)."""
        ...

    async def replace(
        self, before: SharedCredential, after: SharedCredential, by: Actor
    ) -> Sequence[StoredCamera] | None:
        """Write a changed one if it still has the version of ``before``; None where not.

        With another ``sealed`` each of its cameras gets a new version in the same transaction; the
        enabled ones are returned. Raises as ``insert`` does.
        """
        ...

    async def delete(self, credential_id: str, version: int | None) -> bool:
        """Delete one, of ``version`` if that is given; say whether there was one.

        Raises ConflictError while a camera uses it.
        """
        ...

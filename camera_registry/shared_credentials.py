"""Shared log-ins: one user name and password that many cameras use.

Who makes, sees, changes or gives one to a camera must manage cameras in all of where it may be
used: a camera's address decides where a password is sent. Changing it changes all its cameras.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog
from msgspec import UNSET

from camera_registry.base.clock import Clock
from camera_registry.base.errors import (
    CamhubError,
    ForbiddenError,
    InvalidError,
    Kind,
    NotFoundError,
)
from camera_registry.base.ids import is_id, new_id
from camera_registry.model import Actor, Credentials
from camera_registry.registry import CameraRegistry
from camera_registry.scope import EVERYWHERE, Scope
from camera_registry.shared import NewShared, SharedChange, SharedCredential, SharedStore
from camera_registry.units import Units
from camera_registry.urls import check_credentials
from camera_registry.vault import Vault
from camera_registry.weak import WeakCredentials

log = structlog.get_logger(__name__)

MAX_NAME = 80


class SharedCredentials:
    """Makes, lists, changes and removes shared log-ins."""

    def __init__(
        self,
        store: SharedStore,
        registry: CameraRegistry,
        vault: Vault,
        units: Units,
        clock: Clock,
        weak: WeakCredentials | None = None,
    ) -> None:
        self._store = store
        self._registry = registry
        self._vault = vault
        self._units = units
        self._clock = clock
        self._weak = weak or WeakCredentials.load()

    async def create(self, new: NewShared, scope: Scope, *, by: Actor) -> SharedCredential:
        """Make one. Raises InvalidError, ConflictError, or ForbiddenError out of scope."""
        if new.unit_code != EVERYWHERE:
            self._units.get(new.unit_code)
        if new.group_id and not is_id(new.group_id):
            raise InvalidError("group_id: there is no such camera group", code="groups")
        now = self._clock.utc_us()
        bare = SharedCredential(
            new_id(now), _name(new.name), new.unit_code, new.group_id, "", False, 1, now, now
        )
        if not scope.covers(bare.scope):
            raise ForbiddenError(
                "unit_code: you may not make shared log-ins there",
                hint="name a unit, or a group in it, whose cameras you manage",
            )
        shared = self._sealed(bare, new.credentials)
        await self._store.insert(shared)
        log.info("credential_created", credential=shared.id, by=by.id)
        return shared

    async def get(self, credential_id: str, scope: Scope) -> SharedCredential:
        """Return one. Raises NotFoundError out of scope."""
        found = await self._store.get(credential_id, scope) if is_id(credential_id) else None
        if found is None:
            raise _missing()
        return found

    async def named(self, name: str, scope: Scope) -> SharedCredential:
        """Return one by its name, or by its id. Raises NotFoundError out of scope."""
        found = await self._store.named(name.strip(), scope)
        return found if found is not None else await self.get(name, scope)

    async def list(
        self, scope: Scope, after: tuple[str, str] | None = None, limit: int = 100
    ) -> Sequence[SharedCredential]:
        """Return up to ``limit`` in scope, by (name, id)."""
        return await self._store.list(scope, after, limit)

    async def update(
        self, credential_id: str, change: SharedChange, scope: Scope, *, by: Actor
    ) -> SharedCredential:
        """Change one, and with its password the log-in of all its cameras.

        Raises NotFoundError out of scope, InvalidError, ConflictError, and a CamhubError of kind
        STALE where it has not the version that is named, or was changed meanwhile.
        """
        before = await self.get(credential_id, scope)
        if change.version not in (None, before.version):
            raise _stale()
        after = replace(
            before,
            name=before.name if change.name is UNSET else _name(change.name),
            version=before.version + 1,
            updated_us=max(self._clock.utc_us(), before.updated_us),
        )
        if change.credentials is not UNSET:
            after = self._sealed(after, change.credentials)
        changed = await self._store.replace(before, after, by)
        if changed is None:
            raise _stale()
        log.info("credential_changed", credential=after.id, cameras=len(changed), by=by.id)
        await self._registry.deliver(changed)
        return after

    async def remove(
        self, credential_id: str, scope: Scope, *, by: Actor, version: int | None = None
    ) -> None:
        """Remove one that no camera uses. Raises NotFoundError, ConflictError, or STALE."""
        await self.get(credential_id, scope)
        if not await self._store.delete(credential_id, version):
            if version is not None and await self._store.get(credential_id, scope) is not None:
                raise _stale()
            raise _missing()
        log.info("credential_removed", credential=credential_id, by=by.id)

    def _sealed(self, shared: SharedCredential, credentials: Credentials) -> SharedCredential:
        checked = check_credentials(credentials)
        return replace(
            shared,
            username=checked.username,
            weak=self._weak.is_weak(checked),
            sealed=self._vault.seal_credentials(shared.id, checked),
        )


def _name(value: str) -> str:
    text = value.strip()
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise InvalidError(f"name: give 1 to {MAX_NAME} printable characters", code="name")
    return text


def _missing() -> NotFoundError:
    return NotFoundError("There is no such shared log-in")


def _stale() -> CamhubError:
    return CamhubError(
        "Somebody else has changed this shared log-in meanwhile",
        hint="read it again and repeat your change",
        kind=Kind.STALE,
    )

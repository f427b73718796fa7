"""What only the store can say against a draft: shared log-ins, groups, who has its address."""

from __future__ import annotations

from collections.abc import Collection

from camera_registry.base.errors import (
    CamhubError,
    ConflictError,
    InvalidError,
    Kind,
    NotFoundError,
)
from camera_registry.base.ids import is_id
from camera_registry.logins import shares_anew
from camera_registry.model import Camera
from camera_registry.records import CameraStore, UrlTakenError
from camera_registry.scope import Scope


class Admission:
    """Asks the store on behalf of whoever registers or changes a camera."""

    def __init__(self, store: CameraStore) -> None:
        self._store = store

    async def require_new(self, camera: Camera, scope: Scope) -> None:
        """Refuse a new camera that uses what its engineer may not. Raises InvalidError."""
        await self._usable(camera.credential_id, scope)
        await self._known(camera.groups, scope)

    async def require_changed(self, before: Camera, after: Camera, scope: Scope) -> None:
        """Refuse a change that brings what its engineer may not use. Raises InvalidError."""
        if shares_anew(before, after):
            await self._usable(after.credential_id, scope)
        await self._known(set(after.groups) - set(before.groups), scope)

    async def taken(self, taken: UrlTakenError, scope: Scope) -> ConflictError:
        """Return the refusal of an address that names the camera which has it, where it may."""
        other = await self._store.get(next(iter(taken.by.values())), scope)
        if other is None:
            return taken
        return ConflictError(
            f"url: the camera {other.camera.name} has this address already",
            hint="open that camera to change it",
            code=taken.code,
        )

    async def _usable(self, credential_id: str, scope: Scope) -> None:
        if not credential_id:
            return
        if not is_id(credential_id) or not await self._store.may_use(credential_id, scope):
            raise InvalidError(
                "credential_id: there is no such shared log-in that you may use",
                hint="choose one that belongs to where you manage cameras",
                code="credential",
            )

    async def _known(self, groups: Collection[str], scope: Scope) -> None:
        """Refuse to put a camera into a group that its engineer may not even know of."""
        if groups and await self._store.known_groups(groups, scope) != set(groups):
            raise InvalidError("groups: there is no such camera group", code="groups")


def missing() -> NotFoundError:
    """Return the error of a camera that there is not, or not in scope."""
    return NotFoundError("There is no such camera")


def stale() -> CamhubError:
    """Return the error of a change that another one came before."""
    return CamhubError(
        "Somebody else has changed this camera meanwhile",
        hint="read it again and repeat your change",
        kind=Kind.STALE,
    )


def contended() -> ConflictError:
    """Return the error of a change that others were faster than, again and again."""
    return ConflictError("The camera is being changed by others", hint="try again")

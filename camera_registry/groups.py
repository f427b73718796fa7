"""Groups of cameras: what cameras have in common beyond their unit, and what rights may be cut to.

A group belongs to a unit, or to the whole city. Who manages cameras there may rename or delete it;
who is a member is a field of the camera, so that every change of it is in the camera's history and
reaches the workers and gateways like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import (
    CamhubError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    Kind,
    NotFoundError,
)
from camera_registry.base.ids import is_id, new_id
from camera_registry.model import Actor, Camera
from camera_registry.records import CameraChange, CameraFilter
from camera_registry.registry import CameraRegistry
from camera_registry.scope import EVERYWHERE, Scope
from camera_registry.units import Units

log = structlog.get_logger(__name__)

MAX_NAME = 80
_PAGE = 200
_TRIES = 5


@dataclass(frozen=True, slots=True)
class CameraGroup:
    """A group of a unit, or of the whole city (``"*"``)."""

    id: str
    name: str
    unit_code: str
    created_us: int


class GroupStore(Protocol):
    """Where groups are kept."""

    async def insert(self, group: CameraGroup) -> None:
        """Store a new group. Raises ConflictError where its name is taken."""
        ...

    async def get(self, group_id: str) -> CameraGroup | None:
        """Return a group, or None."""
        ...

    async def list(
        self, scope: Scope, after: tuple[str, str] | None, limit: int
    ) -> Sequence[CameraGroup]:
        """Return up to ``limit`` groups that the scope may know, by (name, id)."""
        ...

    async def rename(self, group_id: str, name: str) -> bool:
        """Rename a group; say whether it was there. Raises ConflictError where it is taken."""
        ...

    async def delete(self, group_id: str) -> bool:
        """Delete a group; say whether it was there. Raises ConflictError where it has cameras."""
        ...

    async def bound(self, group_id: str) -> bool:
        """Say whether a shared log-in is for this group."""
        ...


class CameraGroups:
    """Makes, lists, renames and deletes groups, and puts cameras into them."""

    def __init__(
        self, store: GroupStore, registry: CameraRegistry, units: Units, clock: Clock
    ) -> None:
        self._store = store
        self._registry = registry
        self._units = units
        self._clock = clock

    async def create(self, name: str, unit_code: str, scope: Scope) -> CameraGroup:
        """Make a group. Raises InvalidError, ConflictError, or ForbiddenError out of scope."""
        if unit_code != EVERYWHERE:
            self._units.get(unit_code)
        if not _manages(scope, unit_code):
            raise ForbiddenError(
                "unit_code: you may not make camera groups there", hint="name your own unit"
            )
        now = self._clock.utc_us()
        group = CameraGroup(new_id(now), _name(name), unit_code, now)
        await self._store.insert(group)
        log.info("group_created", group=group.id)
        return group

    async def get(self, group_id: str, scope: Scope) -> CameraGroup:
        """Return a group that the scope may know. Raises NotFoundError."""
        group = await self._store.get(group_id) if is_id(group_id) else None
        if group is None or not visible(group, scope):
            raise NotFoundError("There is no such camera group")
        return group

    async def list(
        self, scope: Scope, after: tuple[str, str] | None = None, limit: int = 100
    ) -> Sequence[CameraGroup]:
        """Return up to ``limit`` groups that the scope may know, by (name, id)."""
        return await self._store.list(scope, after, limit)

    async def rename(self, group_id: str, name: str, scope: Scope) -> CameraGroup:
        """Rename a group. Raises NotFoundError, InvalidError, ConflictError, ForbiddenError."""
        group = await self._managed(group_id, scope)
        renamed = replace(group, name=_name(name))
        if not await self._store.rename(group_id, renamed.name):
            raise NotFoundError("There is no such camera group")
        return renamed

    async def delete(self, group_id: str, scope: Scope, *, by: Actor) -> None:
        """Take every camera out of a group and delete it.

        Raises NotFoundError, ForbiddenError without rights on all of its cameras, and ConflictError
        while a shared log-in is for it.
        """
        await self._managed(group_id, scope)
        if await self._store.bound(group_id):
            raise ConflictError(
                "A shared log-in is for this group",
                hint="remove that first, after its cameras got another",
                code="credential_in_use",
            )
        whole = CameraFilter(group=group_id)
        while members := await self._registry.list(Scope.all(), whole, None, _PAGE):
            if not all(scope.allows(each.unit_code, each.groups) for each in members):
                raise ForbiddenError("The group has cameras that you may not manage")
            for member in members:
                await self._regroup(member.id, group_id, False, Scope.all(), by)
        if not await self._store.delete(group_id):
            raise NotFoundError("There is no such camera group")
        log.info("group_deleted", group=group_id, by=by.id)

    async def member(
        self, group_id: str, camera_id: str, belongs: bool, scope: Scope, *, by: Actor
    ) -> Camera:
        """Put a camera into a group or take it out. Raises NotFoundError, ForbiddenError."""
        await self.get(group_id, scope)
        return await self._regroup(camera_id, group_id, belongs, scope, by)

    async def _regroup(
        self, camera_id: str, group_id: str, belongs: bool, scope: Scope, by: Actor
    ) -> Camera:
        for _ in range(_TRIES):
            camera = await self._registry.get(camera_id, scope)
            if (group_id in camera.groups) == belongs:
                return camera
            groups = set(camera.groups) ^ {group_id}
            change = CameraChange(groups=tuple(groups), version=camera.version)
            try:
                return await self._registry.update(camera_id, change, scope, by=by)
            except CamhubError as error:
                if error.kind is not Kind.STALE:
                    raise
        raise ConflictError("The camera is being changed by others", hint="try again")

    async def _managed(self, group_id: str, scope: Scope) -> CameraGroup:
        group = await self.get(group_id, scope)
        if not _manages(scope, group.unit_code):
            raise ForbiddenError("You may not manage this camera group")
        return group


def visible(group: CameraGroup, scope: Scope) -> bool:
    """Say whether a scope may know of a group: its own, its units', and those of the city."""
    if scope.units is None or group.unit_code == EVERYWHERE or group.unit_code in scope.units:
        return True
    return any(group.id == held for held, _ in scope.grouped)


def _manages(scope: Scope, unit_code: str) -> bool:
    return scope.units is None or unit_code in scope.units


def _name(value: str) -> str:
    text = value.strip()
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise InvalidError(f"name: give 1 to {MAX_NAME} printable characters", code="name")
    return text

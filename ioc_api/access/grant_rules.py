"""Which grants may be given, and by whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from camera_registry.base.errors import ForbiddenError, InvalidError
from camera_registry.scope import EVERYWHERE, Scope
from camera_registry.units import Units
from ioc_api.access.rbac import Grant

MAX_GRANTS = 50


class GroupNames(Protocol):
    """Which camera groups there are."""

    async def known(self, ids: Collection[str]) -> set[str]:
        """Return those of the ids that name a group."""
        ...


def held(grants: Sequence[Grant]) -> Scope:
    """Return everything in which the grants give any role."""
    scope = Scope()
    for grant in grants:
        scope = scope | grant.scope
    return scope


def lie_in(grants: Sequence[Grant], scope: Scope) -> bool:
    """Say whether somebody with these rights is looked after by whoever has ``scope``.

    Who has none, be it that a provider took them away, may be given some anywhere: that is for
    those of the whole city, or an account could be prepared by others for when it gets its rights.
    """
    rights = held(grants)
    return scope.units is None or (not rights.empty and scope.covers(rights))


class GrantRules:
    """Checks grants before they are stored."""

    def __init__(self, units: Units, groups: GroupNames) -> None:
        self._units = units
        self._groups = groups

    async def check(self, grants: Sequence[Grant], scope: Scope) -> None:
        """Raise InvalidError for no grant, an empty scope, an unknown unit or group.

        Raises ForbiddenError for rights beyond ``scope``, which is that of whoever gives them.
        """
        if not grants or len(grants) > MAX_GRANTS:
            raise InvalidError(f"grants: give 1 to {MAX_GRANTS} of them", code="grants")
        groups: set[str] = set()
        for grant in grants:
            if grant.scope.empty:
                raise InvalidError(
                    "grants: units must not be empty", hint='["*"] means all units', code="grants"
                )
            for units, within in grant.scope.products():
                for code in units - {EVERYWHERE}:
                    self._units.get(code, field="grants.units")
                groups |= within or set()
        if not scope.covers(held(grants)):
            raise ForbiddenError(
                "grants: you can give rights only where you have them", hint="name fewer units"
            )
        unknown = groups - await self._groups.known(groups) if groups else set()
        if unknown:
            raise InvalidError(
                f"grants.groups: there is no group {min(unknown)!r}",
                hint="take the ids of groups as the camera groups' list has them",
                code="grants",
            )

"""Grants of accounts and tokens: written and read inside somebody else's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.camera_tables import camera_groups
from camera_registry.adapters.database import Database
from camera_registry.scope import EVERYWHERE, Scope
from ioc_api.access.rbac import Grant, Role
from ioc_api.adapters.access_tables import accounts, grants


async def write_grants(
    connection: AsyncConnection, owner: dict[str, str], held: Iterable[Grant]
) -> None:
    """Store the grants of an owner, given as ``{"account_id": …}`` or ``{"token_id": …}``."""
    rows: list[dict[str, Any]] = [
        owner
        | {
            "role": grant.role.value,
            "unit_code": unit,
            "groups": EVERYWHERE if groups is None else " ".join(sorted(groups)),
        }
        for grant in held
        for units, groups in grant.scope.products()
        for unit in sorted(units)
    ]
    if rows:
        await connection.execute(grants.insert(), rows)


async def read_grants(
    connection: AsyncConnection, owner: sa.Column[Any], ids: Sequence[str]
) -> dict[str, tuple[Grant, ...]]:
    """Return the grants of each owner: one per role, with the role's scopes joined."""
    scopes: dict[str, dict[Role, Scope]] = {each: {} for each in ids}
    query = sa.select(owner, grants.c.role, grants.c.unit_code, grants.c.groups)
    rows = await connection.execute(query.where(owner.in_(ids)).order_by(grants.c.seq))
    for owner_id, role, unit, groups in rows:
        within = None if groups == EVERYWHERE else groups.split()
        mine = scopes[owner_id]
        mine[Role(role)] = mine.get(Role(role), Scope()) | Scope.of([unit], within)
    return {
        each: tuple(Grant(role, scope) for role, scope in by_role.items())
        for each, by_role in scopes.items()
    }


async def city_administrators(connection: AsyncConnection) -> set[str]:
    """Return the ids of the accounts that administrate the whole city and are not disabled."""
    query = (
        sa.select(grants.c.account_id)
        .join(accounts, accounts.c.id == grants.c.account_id)
        .where(
            accounts.c.disabled_us == 0,
            grants.c.role == Role.ADMINISTRATOR.value,
            grants.c.unit_code == EVERYWHERE,
            grants.c.groups == EVERYWHERE,
        )
    )
    return set((await connection.execute(query)).scalars())


class SqlGroupNames:
    """``GroupNames`` of ``ioc_api.access.grant_rules`` over the registry's camera groups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, ids: Collection[str]) -> set[str]:
        """Return those of the ids that name a group."""
        query = sa.select(camera_groups.c.id).where(camera_groups.c.id.in_(ids))
        async with self._database.read() as connection:
            return set((await connection.execute(query)).scalars())

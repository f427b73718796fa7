"""Accounts and their identities at providers in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.database import Database
from camera_registry.base.errors import ConflictError
from ioc_api.access.accounts import Account, AccountChange
from ioc_api.access.rbac import Grant
from ioc_api.adapters.access_tables import (
    accounts,
    grants,
    identities,
    recovery_codes,
    sessions,
)
from ioc_api.adapters.grants_sql import city_administrators, read_grants, write_grants


class SqlAccountStore:
    """``AccountStore`` of ``ioc_api.access.accounts``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert_account(
        self, account: Account, password_hash: str, identity: tuple[str, str] | None = None
    ) -> None:
        """Store a new account, with its (provider, subject) where it comes from one.

        Raises ConflictError where the user name is taken or the identity has an account already.
        """
        async with self._database.write() as connection:
            await insert_account(connection, account, password_hash)
            if identity is not None:
                provider, subject = identity
                row = {"provider": provider, "subject": subject, "account_id": account.id}
                try:
                    await connection.execute(identities.insert().values(row))
                except IntegrityError:
                    raise ConflictError("This identity has an account already") from None

    async def account(self, account_id: str) -> Account | None:
        """Return an account by id, or None."""
        return await self._one(accounts.c.id == account_id)

    async def account_named(self, username: str) -> Account | None:
        """Return an account by user name, or None."""
        return await self._one(accounts.c.username == username)

    async def account_of(self, provider: str, subject: str) -> Account | None:
        """Return the account of an identity at a provider, or None."""
        theirs = sa.select(identities.c.account_id).where(
            identities.c.provider == provider, identities.c.subject == subject
        )
        return await self._one(accounts.c.id.in_(theirs))

    async def accounts(self) -> Sequence[Account]:
        """Return every account, by user name."""
        async with self._database.read() as connection:
            return await _accounts(connection, sa.true())

    async def password_hash(self, account_id: str) -> str:
        """Return an account's password hash; empty where it has none or is gone."""
        query = sa.select(accounts.c.password_hash).where(accounts.c.id == account_id)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar() or ""

    async def set_password(self, account_id: str, password_hash: str) -> None:
        """Write a new password hash."""
        change = accounts.update().where(accounts.c.id == account_id)
        async with self._database.write() as connection:
            await connection.execute(change.values(password_hash=password_hash))

    async def signed_in(self, account_id: str, now_us: int) -> None:
        """Note when somebody signed in."""
        change = accounts.update().where(accounts.c.id == account_id)
        async with self._database.write() as connection:
            await connection.execute(change.values(signed_in_us=now_us))

    async def change_account(
        self, account_id: str, change: AccountChange, *, keep_administrator: bool = True
    ) -> bool:
        """Write what ``change`` holds; a disabled account loses its sessions.

        Returns whether the account was there. Raises ConflictError where it is the last
        administrator of the city and would not be one afterwards.
        """
        values: dict[str, Any] = {}
        if change.display_name is not None:
            values["display_name"] = change.display_name
        if change.disabled_us is not None:
            values["disabled_us"] = change.disabled_us
        async with self._database.write(alone=True) as connection:
            before = await city_administrators(connection)
            found = await connection.execute(
                sa.select(accounts.c.id).where(accounts.c.id == account_id)
            )
            if found.first() is None:
                return False
            if values:
                await connection.execute(
                    accounts.update().where(accounts.c.id == account_id).values(values)
                )
            if change.grants is not None:
                await _replace_grants(connection, account_id, change.grants)
            if keep_administrator and before and not await city_administrators(connection):
                raise _last_administrator()
            if change.disabled_us:
                await connection.execute(
                    sessions.delete().where(sessions.c.account_id == account_id)
                )
        return True

    async def delete_account(self, account_id: str) -> bool:
        """Delete an account with its sessions and grants, unless it is the last administrator.

        Returns whether it was there. Raises ConflictError for the last administrator of the city.
        """
        async with self._database.write(alone=True) as connection:
            if await city_administrators(connection) == {account_id}:
                raise _last_administrator()
            gone = await connection.execute(accounts.delete().where(accounts.c.id == account_id))
            return gone.rowcount > 0

    async def _one(self, condition: sa.ColumnElement[bool]) -> Account | None:
        async with self._database.read() as connection:
            found = await _accounts(connection, condition)
        return found[0] if found else None


async def insert_account(connection: AsyncConnection, account: Account, password_hash: str) -> None:
    """Store a new account inside a transaction. Raises ConflictError for a name that is taken."""
    row = {
        "id": account.id,
        "username": account.username,
        "display_name": account.display_name,
        "password_hash": password_hash,
        "created_us": account.created_us,
    }
    try:
        await connection.execute(accounts.insert().values(row))
    except IntegrityError:
        raise ConflictError(
            f"The user name {account.username!r} is taken", hint="choose another one"
        ) from None
    await write_grants(connection, {"account_id": account.id}, account.grants)


async def _replace_grants(
    connection: AsyncConnection, account_id: str, held: Sequence[Grant]
) -> None:
    await connection.execute(grants.delete().where(grants.c.account_id == account_id))
    await write_grants(connection, {"account_id": account_id}, held)


async def _accounts(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> list[Account]:
    codes = (
        sa.select(sa.func.count())
        .select_from(recovery_codes)
        .where(recovery_codes.c.account_id == accounts.c.id)
        .scalar_subquery()
    )
    provider = (
        sa.select(sa.func.min(identities.c.provider))
        .where(identities.c.account_id == accounts.c.id)
        .scalar_subquery()
    )
    query = sa.select(accounts, codes.label("codes"), provider.label("provider"))
    rows = (
        (await connection.execute(query.where(condition).order_by(accounts.c.username)))
        .mappings()
        .all()
    )
    held = await read_grants(connection, grants.c.account_id, [row["id"] for row in rows])
    return [
        Account(
            id=row["id"],
            username=row["username"],
            display_name=row["display_name"],
            grants=held[row["id"]],
            created_us=row["created_us"],
            disabled_us=row["disabled_us"],
            signed_in_us=row["signed_in_us"],
            totp=row["totp_sealed"] is not None,
            recovery_codes=row["codes"],
            provider=row["provider"] or "",
        )
        for row in rows
    ]


def _last_administrator() -> ConflictError:
    return ConflictError(
        "This is the last administrator of the whole city",
        hint="make another one first",
        code="last_administrator",
    )

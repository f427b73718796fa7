"""Accounts, grants, sessions, API tokens and set-up links in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.database import BigId, Database, metadata
from camera_registry.base.errors import ConflictError
from camera_registry.scope import EVERYWHERE, Scope
from ioc_api.accounts import Account
from ioc_api.auth import SessionRow, TokenRow
from ioc_api.rbac import Grant, Role

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("username", sa.String(64), nullable=False, unique=True),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("expires_us", sa.BigInteger, nullable=False),
    sa.Column("revoked_us", sa.BigInteger, nullable=False),
)

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("seq", BigId, primary_key=True, autoincrement=True),
    sa.Column(
        "account_id", sa.String(36), sa.ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    ),
    sa.Column(
        "token_id", sa.String(36), sa.ForeignKey("api_tokens.id", ondelete="CASCADE"), index=True
    ),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("unit_code", sa.String(8), nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("seen_us", sa.BigInteger, nullable=False),
)

setup_links = sa.Table(
    "setup_links",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("used_us", sa.BigInteger, nullable=False),
)


class SqlAccountStore:
    """``AccountStore`` of ``ioc_api.accounts`` and ``CredentialStore`` of ``ioc_api.auth``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # accounts

    async def count_accounts(self) -> int:
        """Return how many accounts there are."""
        async with self._database.read() as connection:
            return await _count(connection)

    async def insert_account(self, account: Account, password_hash: str) -> None:
        """Store a new account. Raises ConflictError where the user name is taken."""
        async with self._database.write() as connection:
            await _insert_account(connection, account, password_hash)

    async def account(self, account_id: str) -> Account | None:
        """Return an account by id, or None."""
        async with self._database.read() as connection:
            found = await _accounts(connection, accounts.c.id == account_id)
        return found[0] if found else None

    async def accounts(self) -> Sequence[Account]:
        """Return every account, by user name."""
        async with self._database.read() as connection:
            return await _accounts(connection, sa.true())

    async def password(self, username: str) -> tuple[str, str] | None:
        """Return the id and the password hash of an account, or None."""
        query = sa.select(accounts.c.id, accounts.c.password_hash).where(
            accounts.c.username == username
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else (row[0], row[1])

    async def set_password(self, account_id: str, password_hash: str) -> None:
        """Write a new password hash."""
        change = accounts.update().where(accounts.c.id == account_id)
        async with self._database.write() as connection:
            await connection.execute(change.values(password_hash=password_hash))

    async def delete_account(self, account_id: str) -> bool:
        """Delete an account with its sessions and grants, unless it is the last administrator.

        Returns whether it was there. Raises ConflictError for the last administrator of the city.
        """
        async with self._database.write(alone=True) as connection:
            admins = sa.select(grants.c.account_id).where(
                grants.c.account_id.is_not(None),
                grants.c.role == Role.ADMINISTRATOR.value,
                grants.c.unit_code == EVERYWHERE,
            )
            if set((await connection.execute(admins)).scalars()) == {account_id}:
                raise ConflictError(
                    "This is the last administrator of the whole city",
                    hint="make another one first",
                    code="last_administrator",
                )
            gone = await connection.execute(accounts.delete().where(accounts.c.id == account_id))
            return gone.rowcount > 0

    # set-up links

    async def replace_setup_link(self, link_hash: str, now_us: int) -> bool:
        """Make this the only set-up link, if no account exists; say whether none does."""
        async with self._database.write(alone=True) as connection:
            if await _count(connection):
                return False
            await connection.execute(setup_links.delete())
            await connection.execute(
                setup_links.insert().values(hash=link_hash, created_us=now_us, used_us=0)
            )
            return True

    async def setup_link_valid(self, link_hash: str) -> bool:
        """Say whether a set-up link could be used now."""
        query = sa.select(setup_links.c.hash).where(
            setup_links.c.hash == link_hash, setup_links.c.used_us == 0
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).first()
            return found is not None and await _count(connection) == 0

    async def use_setup_link(
        self, link_hash: str, account: Account, password_hash: str, now_us: int
    ) -> bool:
        """Burn the link and store the first account, both or neither; say whether it was valid."""
        burn = (
            setup_links.update()
            .where(setup_links.c.hash == link_hash, setup_links.c.used_us == 0)
            .values(used_us=now_us)
        )
        async with self._database.write(alone=True) as connection:
            if await _count(connection) or (await connection.execute(burn)).rowcount == 0:
                return False
            await _insert_account(connection, account, password_hash)
            return True

    # sessions

    async def insert_session(self, session_hash: str, account_id: str, now_us: int) -> None:
        """Store a session that begins now. Raises ConflictError where the account is gone."""
        row = {"hash": session_hash, "account_id": account_id}
        async with self._database.write() as connection:
            try:
                await connection.execute(
                    sessions.insert().values(row | {"created_us": now_us, "seen_us": now_us})
                )
            except IntegrityError:
                raise ConflictError("The account does not exist any more") from None

    async def session(self, session_hash: str) -> SessionRow | None:
        """Return a session with its account's present grants, or None."""
        query = (
            sa.select(sessions, accounts.c.username, accounts.c.display_name)
            .join(accounts, accounts.c.id == sessions.c.account_id)
            .where(sessions.c.hash == session_hash)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            held = await _grants(connection, grants.c.account_id, [row["account_id"]])
        return SessionRow(
            row["hash"],
            row["created_us"],
            row["seen_us"],
            row["account_id"],
            row["username"],
            row["display_name"],
            held[row["account_id"]],
        )

    async def touch_session(self, session_hash: str, now_us: int) -> None:
        """Note that the session was used now."""
        change = sessions.update().where(sessions.c.hash == session_hash).values(seen_us=now_us)
        async with self._database.write() as connection:
            await connection.execute(change)

    async def delete_session(self, session_hash: str) -> None:
        """Forget a session."""
        async with self._database.write() as connection:
            await connection.execute(sessions.delete().where(sessions.c.hash == session_hash))

    async def delete_sessions_before(self, created_us: int, seen_us: int) -> None:
        """Forget sessions that began before ``created_us`` or were last used before ``seen_us``."""
        old = sa.or_(sessions.c.created_us < created_us, sessions.c.seen_us < seen_us)
        async with self._database.write() as connection:
            await connection.execute(sessions.delete().where(old))

    # API tokens

    async def insert_token(self, token: TokenRow, token_hash: str) -> None:
        """Store a new API token."""
        row = {
            "id": token.id,
            "name": token.name,
            "hash": token_hash,
            "created_us": token.created_us,
            "expires_us": token.expires_us,
            "revoked_us": token.revoked_us,
        }
        async with self._database.write() as connection:
            await connection.execute(api_tokens.insert().values(row))
            await _write_grants(connection, {"token_id": token.id}, token.grants)

    async def tokens(self) -> Sequence[TokenRow]:
        """Return every API token that was not revoked, the newest first."""
        return await self._tokens(api_tokens.c.revoked_us == 0)

    async def revoke_token(self, token_id: str, now_us: int) -> bool:
        """Revoke a token; say whether it was valid until now."""
        change = (
            api_tokens.update()
            .where(api_tokens.c.id == token_id, api_tokens.c.revoked_us == 0)
            .values(revoked_us=now_us)
        )
        async with self._database.write() as connection:
            return (await connection.execute(change)).rowcount > 0

    async def token_by_hash(self, token_hash: str) -> TokenRow | None:
        """Return an API token by the hash of its secret, or None."""
        found = await self._tokens(api_tokens.c.hash == token_hash)
        return found[0] if found else None

    async def token_by_id(self, token_id: str) -> TokenRow | None:
        """Return an API token by its id, or None."""
        found = await self._tokens(api_tokens.c.id == token_id)
        return found[0] if found else None

    async def _tokens(self, condition: sa.ColumnElement[bool]) -> list[TokenRow]:
        query = sa.select(api_tokens).where(condition).order_by(api_tokens.c.id.desc())
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
            held = await _grants(connection, grants.c.token_id, [row["id"] for row in rows])
        return [
            TokenRow(
                row["id"],
                row["name"],
                held[row["id"]],
                row["created_us"],
                row["expires_us"],
                row["revoked_us"],
            )
            for row in rows
        ]


async def _count(connection: AsyncConnection) -> int:
    found = await connection.execute(sa.select(sa.func.count()).select_from(accounts))
    return int(found.scalar_one())


async def _insert_account(
    connection: AsyncConnection, account: Account, password_hash: str
) -> None:
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
    await _write_grants(connection, {"account_id": account.id}, account.grants)


async def _write_grants(
    connection: AsyncConnection, owner: dict[str, str], held: Iterable[Grant]
) -> None:
    rows: list[dict[str, Any]] = [
        owner | {"role": grant.role.value, "unit_code": unit}
        for grant in held
        for unit in ([EVERYWHERE] if grant.scope.units is None else sorted(grant.scope.units))
    ]
    if rows:
        await connection.execute(grants.insert(), rows)


async def _grants(
    connection: AsyncConnection, owner: sa.Column[Any], ids: Sequence[str]
) -> dict[str, tuple[Grant, ...]]:
    """Return the grants of each owner: one per role, with the role's units joined."""
    units: dict[str, dict[Role, set[str]]] = {each: defaultdict(set) for each in ids}
    query = sa.select(owner, grants.c.role, grants.c.unit_code).where(owner.in_(ids))
    for owner_id, role, unit in await connection.execute(query.order_by(grants.c.seq)):
        units[owner_id][Role(role)].add(unit)
    return {
        each: tuple(Grant(role, Scope.of(codes)) for role, codes in by_role.items())
        for each, by_role in units.items()
    }


async def _accounts(
    connection: AsyncConnection, condition: sa.ColumnElement[bool]
) -> list[Account]:
    query = sa.select(accounts).where(condition).order_by(accounts.c.username)
    rows = (await connection.execute(query)).mappings().all()
    held = await _grants(connection, grants.c.account_id, [row["id"] for row in rows])
    return [
        Account(row["id"], row["username"], row["display_name"], held[row["id"]], row["created_us"])
        for row in rows
    ]

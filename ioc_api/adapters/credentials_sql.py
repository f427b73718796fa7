"""Sessions and API tokens in the database: what requests prove themselves with."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from camera_registry.adapters.database import Database
from camera_registry.base.errors import ConflictError
from ioc_api.access.credentials import NewSession, SessionRow, TokenRow
from ioc_api.adapters.access_tables import accounts, api_tokens, grants, sessions
from ioc_api.adapters.grants_sql import read_grants, write_grants


class SqlCredentialStore:
    """``CredentialStore`` of ``access.auth`` and ``TokenStore`` of ``access.tokens``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert_session(self, session_hash: str, new: NewSession) -> None:
        """Store a session that begins now. Raises ConflictError where the account is gone."""
        row = {
            "hash": session_hash,
            "id": new.id,
            "account_id": new.account_id,
            "created_us": new.now_us,
            "seen_us": new.now_us,
            "address": new.client.address[:64],
            "agent": new.client.agent[:256],
            "provider": new.provider,
            "sealed": new.sealed,
        }
        async with self._database.write() as connection:
            try:
                await connection.execute(sessions.insert().values(row))
            except IntegrityError:
                raise ConflictError("The account does not exist any more") from None

    async def session(self, session_hash: str) -> SessionRow | None:
        """Return a session with its account's present grants, or None."""
        found = await self._sessions(sessions.c.hash == session_hash)
        return found[0] if found else None

    async def sessions_of(
        self,
        account_id: str,
        created_us: int,
        seen_us: int,
        after: tuple[int, str] | None,
        limit: int,
    ) -> Sequence[SessionRow]:
        """Return an account's sessions that began and were used after times, the latest used first.

        ``after`` is when the last one of the page before was used, and its id.
        """
        s = sessions.c
        wanted = [s.account_id == account_id, s.created_us > created_us, s.seen_us > seen_us]
        if after is not None:
            used_us, last = after
            behind = sa.and_(s.seen_us == used_us, s.id > last)
            wanted.append(sa.or_(s.seen_us < used_us, behind))
        return await self._sessions(sa.and_(*wanted), limit)

    async def touch_session(self, session_hash: str, now_us: int) -> None:
        """Note that the session was used now."""
        change = sessions.update().where(sessions.c.hash == session_hash).values(seen_us=now_us)
        async with self._database.write() as connection:
            await connection.execute(change)

    async def delete_session(self, session_hash: str) -> None:
        """Forget a session."""
        async with self._database.write() as connection:
            await connection.execute(sessions.delete().where(sessions.c.hash == session_hash))

    async def delete_sessions(
        self, account_id: str, *, only: str | None = None, but: str | None = None
    ) -> int:
        """Forget an account's sessions: the one with the id ``only``, or all but ``but``."""
        query = sessions.delete().where(sessions.c.account_id == account_id)
        if only is not None:
            query = query.where(sessions.c.id == only)
        if but is not None:
            query = query.where(sessions.c.id != but)
        async with self._database.write() as connection:
            return (await connection.execute(query)).rowcount

    async def delete_sessions_before(self, created_us: int, seen_us: int) -> None:
        """Forget sessions that began before ``created_us`` or were last used before ``seen_us``."""
        old = sa.or_(sessions.c.created_us < created_us, sessions.c.seen_us < seen_us)
        async with self._database.write() as connection:
            await connection.execute(sessions.delete().where(old))

    async def _sessions(
        self, condition: sa.ColumnElement[bool], limit: int = 1
    ) -> list[SessionRow]:
        query = (
            sa.select(
                sessions,
                accounts.c.username,
                accounts.c.display_name,
                accounts.c.disabled_us,
                accounts.c.totp_sealed.is_not(None).label("totp"),
            )
            .join(accounts, accounts.c.id == sessions.c.account_id)
            .where(condition)
            .order_by(sessions.c.seen_us.desc(), sessions.c.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
            owners = list({row["account_id"] for row in rows})
            held = await read_grants(connection, grants.c.account_id, owners)
        return [
            SessionRow(
                hash=row["hash"],
                id=row["id"],
                created_us=row["created_us"],
                seen_us=row["seen_us"],
                account_id=row["account_id"],
                username=row["username"],
                display_name=row["display_name"],
                grants=held[row["account_id"]],
                address=row["address"],
                agent=row["agent"],
                provider=row["provider"],
                sealed=row["sealed"],
                disabled=row["disabled_us"] > 0,
                totp=bool(row["totp"]),
            )
            for row in rows
        ]

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
            await write_grants(connection, {"token_id": token.id}, token.grants)

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

    async def touch_token(self, token_id: str, now_us: int) -> None:
        """Note that the token was used now."""
        change = api_tokens.update().where(api_tokens.c.id == token_id).values(used_us=now_us)
        async with self._database.write() as connection:
            await connection.execute(change)

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
            held = await read_grants(connection, grants.c.token_id, [row["id"] for row in rows])
        return [
            TokenRow(
                row["id"],
                row["name"],
                held[row["id"]],
                row["created_us"],
                row["expires_us"],
                row["revoked_us"],
                row["used_us"],
            )
            for row in rows
        ]

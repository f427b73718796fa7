"""The brake on guessing, second steps and the log of who came in, in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.database import Database
from ioc_api.access.brake import Attempts
from ioc_api.access.log import Entry, StoredEntry
from ioc_api.adapters.access_tables import access_log, accounts, login_attempts, recovery_codes


class SqlAttemptStore:
    """``AttemptStore`` of ``ioc_api.access.brake``: one count for every api process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, wanted: Sequence[Attempts], now_us: int) -> int:
        """Count a try for each key, all or none; return until when to wait where one has to."""
        keys = [each.key for each in wanted]
        known = sa.select(login_attempts).where(login_attempts.c.key.in_(keys))
        # ``alone``: of two tries at the same time on PostgreSQL both would else read the same count
        async with self._database.write(alone=True) as connection:
            oldest = now_us - max((each.memory_us for each in wanted), default=0)
            await connection.execute(
                login_attempts.delete().where(login_attempts.c.last_us < oldest)
            )
            rows = (await connection.execute(known)).mappings().all()
            until = max((row["until_us"] for row in rows), default=0)
            if until > now_us:
                return int(until)
            before = {row["key"]: row["count"] for row in rows}
            for each in wanted:
                count = before.get(each.key, 0) + 1
                values = {
                    "count": count,
                    "until_us": now_us + each.pause_us(count),
                    "last_us": now_us,
                }
                await connection.execute(
                    self._database.insert(login_attempts)
                    .values(key=each.key, **values)
                    .on_conflict_do_update(index_elements=["key"], set_=values)
                )
        return 0

    async def give_back(self, keys: Collection[str]) -> None:
        """Uncount one try of each key, and let it try again at once."""
        change = (
            login_attempts.update()
            .where(login_attempts.c.key.in_(keys), login_attempts.c.count > 0)
            .values(count=login_attempts.c.count - 1, until_us=0)
        )
        async with self._database.write(alone=True) as connection:
            await connection.execute(change)

    async def forget(self, keys: Collection[str], begins: str = "") -> None:
        """Forget every try of each key, and of all that begin so where that is given."""
        gone: sa.ColumnElement[bool] = login_attempts.c.key.in_(keys)
        if begins:
            gone = sa.or_(gone, login_attempts.c.key.startswith(begins))
        async with self._database.write(alone=True) as connection:
            await connection.execute(login_attempts.delete().where(gone))

    async def waiting(self, key: str, begins: str) -> int:
        """Return until when a key, or any that begins so, has to wait (UTC µs); 0 for none."""
        a = login_attempts.c
        query = sa.select(sa.func.max(a.until_us))
        query = query.where(sa.or_(a.key == key, a.key.startswith(begins)))
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one() or 0


class SqlTotpStore:
    """``TotpStore`` of ``ioc_api.access.second_step``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def secrets(self, account_id: str) -> tuple[bytes | None, bytes | None]:
        """Return the sealed secret in use and the sealed one that waits to be confirmed."""
        query = sa.select(accounts.c.totp_sealed, accounts.c.totp_pending)
        async with self._database.read() as connection:
            row = (await connection.execute(query.where(accounts.c.id == account_id))).first()
        return (None, None) if row is None else (row[0], row[1])

    async def set_pending(self, account_id: str, sealed: bytes) -> None:
        """Keep a secret that waits to be confirmed."""
        change = accounts.update().where(accounts.c.id == account_id).values(totp_pending=sealed)
        async with self._database.write() as connection:
            await connection.execute(change)

    async def confirm(
        self, account_id: str, pending: bytes, step: int, hashes: Collection[str]
    ) -> bool:
        """Take the pending secret into use with its recovery codes; False where it changed."""
        change = (
            accounts.update()
            .where(accounts.c.id == account_id, accounts.c.totp_pending == pending)
            .values(totp_sealed=pending, totp_pending=None, totp_step=step)
        )
        async with self._database.write() as connection:
            if (await connection.execute(change)).rowcount == 0:
                return False
            await self._write_codes(connection, account_id, hashes)
        return True

    async def use_step(self, account_id: str, step: int) -> bool:
        """Spend a time step; False where it or a later one was used before."""
        change = (
            accounts.update()
            .where(accounts.c.id == account_id, accounts.c.totp_step < step)
            .values(totp_step=step)
        )
        async with self._database.write() as connection:
            return (await connection.execute(change)).rowcount > 0

    async def use_code(self, account_id: str, code_hash: str) -> bool:
        """Spend a recovery code; False where it is none, or was used before."""
        gone = recovery_codes.delete().where(
            recovery_codes.c.account_id == account_id, recovery_codes.c.hash == code_hash
        )
        async with self._database.write() as connection:
            return (await connection.execute(gone)).rowcount > 0

    async def replace_codes(self, account_id: str, hashes: Collection[str]) -> None:
        """Put new recovery codes in the place of the old ones."""
        async with self._database.write() as connection:
            await self._write_codes(connection, account_id, hashes)

    async def clear(self, account_id: str) -> None:
        """Take the second step away, with its codes."""
        change = accounts.update().where(accounts.c.id == account_id)
        async with self._database.write() as connection:
            await connection.execute(
                change.values(totp_sealed=None, totp_pending=None, totp_step=0)
            )
            await self._write_codes(connection, account_id, ())

    async def _write_codes(
        self, connection: AsyncConnection, account_id: str, hashes: Collection[str]
    ) -> None:
        await connection.execute(
            recovery_codes.delete().where(recovery_codes.c.account_id == account_id)
        )
        if hashes:
            await connection.execute(
                recovery_codes.insert(),
                [{"account_id": account_id, "hash": each} for each in hashes],
            )


class SqlAccessLogStore:
    """``AccessLogStore`` of ``ioc_api.access.log``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entry: Entry, oldest_us: int) -> None:
        """Write an entry, and forget those before ``oldest_us``."""
        async with self._database.write() as connection:
            await connection.execute(access_log.delete().where(access_log.c.at_us < oldest_us))
            await connection.execute(access_log.insert().values(asdict(entry)))

    async def list(
        self, accounts_only: Collection[str] | None, before: int | None, limit: int
    ) -> Sequence[StoredEntry]:
        """Return entries, the latest first: of all, or of some accounts; with seq below before."""
        query = sa.select(access_log).order_by(access_log.c.seq.desc()).limit(limit)
        if accounts_only is not None:
            query = query.where(access_log.c.account_id.in_(accounts_only))
        if before is not None:
            query = query.where(access_log.c.seq < before)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [
            StoredEntry(row["seq"], Entry(**{k: v for k, v in row.items() if k != "seq"}))
            for row in rows
        ]

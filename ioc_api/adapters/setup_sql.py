"""Set-up links in the database."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.database import Database
from ioc_api.access.accounts import Account
from ioc_api.adapters.access_tables import accounts, setup_links
from ioc_api.adapters.accounts_sql import insert_account


class SqlSetupStore:
    """``SetupStore`` of ``ioc_api.access.setup_links``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count_accounts(self) -> int:
        """Return how many accounts there are."""
        async with self._database.read() as connection:
            return await _count(connection)

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
            await insert_account(connection, account, password_hash)
            return True


async def _count(connection: AsyncConnection) -> int:
    found = await connection.execute(sa.select(sa.func.count()).select_from(accounts))
    return int(found.scalar_one())

"""The database of a role or a command; those that need none do without its libraries."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from camera_registry.adapters.database import Database
from ioc_api import migrations
from ioc_api.settings import Settings


@contextlib.asynccontextmanager
async def opened_database(settings: Settings, *, migrate: bool) -> AsyncIterator[Database]:
    """Open the database for the time of the block; bring it up to date or check that it is."""
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database, migrations.DIRECTORY)
    try:
        if migrate:
            await database.migrate()
        else:
            await database.check_version()
        yield database
    finally:
        await database.close()

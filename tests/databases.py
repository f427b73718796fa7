"""Databases for tests: the same test on SQLite and on PostgreSQL.

A test that asks for the fixture ``engine`` (also through another, such as ``api``) runs once on
each engine. ``fresh_url`` then gives an empty database of that engine, ``migrated_url`` one with
all tables and no rows. Both refuse a test without that fixture, so that none runs on one engine
because nobody thought of the other.

On SQLite a migrated database is a copy of a file that is made once in a run. A copy takes
PostgreSQL ten times as long as emptying what the test before has left, so there a database is
emptied and used again; a new one is copied only while all others are in use.
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import asyncpg
import pytest

import camera_registry.adapters
import ioc_api.adapters
from camera_registry.adapters.database import Database, metadata
from ioc_api.migrations import DIRECTORY
from tests.postgres import PostgresServer
from tests.tools import require

SQLITE, POSTGRESQL = "sqlite", "postgresql"
ENGINES = (SQLITE, POSTGRESQL)
_TEMPLATE = "camhub_template"


class _Engines:
    """What the tests of this run use now, and what they were given before."""

    current: str | None = None
    server: PostgresServer | None = None
    sqlite_template: Path | None = None
    postgres_template = False
    used: ClassVar[list[str]] = []
    """PostgreSQL databases of the present test that have every table."""
    left: ClassVar[list[str]] = []
    """Those of earlier tests, with what these have left in them."""

    @classmethod
    def address(cls) -> str:
        """Start the server at its first use and return its URL."""
        if cls.server is None:
            require("postgresql")
            cls.server = PostgresServer()
            cls.server.start()
        return cls.server.url


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test on each engine."""
    before, _Engines.current = _Engines.current, request.param
    if request.param == POSTGRESQL:
        _Engines.address()
    yield request.param
    _Engines.left += _Engines.used
    _Engines.used.clear()
    _Engines.current = before


@pytest.fixture(scope="session", autouse=True)
def _databases_of_the_run() -> Iterator[None]:
    yield
    if _Engines.server is not None:
        _Engines.server.stop()
        _Engines.server = None
    if _Engines.sqlite_template is not None:
        shutil.rmtree(_Engines.sqlite_template.parent)


async def fresh_url(directory: Path) -> str:
    """Return the URL of an empty database for one test."""
    if _chosen() == SQLITE:
        return f"sqlite:///{directory / f'hub-{secrets.token_hex(3)}.db'}"
    return await _created("")


async def migrated_url(directory: Path) -> str:
    """Return the URL of a database for one test that has every table, and no rows."""
    if _chosen() == SQLITE:
        path = directory / f"hub-{secrets.token_hex(3)}.db"
        shutil.copyfile(await _sqlite_template(), path)
        return f"sqlite:///{path}"
    if not _Engines.postgres_template:
        await _migrate(await _created("", _TEMPLATE))
        _Engines.postgres_template = True
    url = ""
    while not url and _Engines.left:
        url = await _emptied(_Engines.left.pop())
    url = url or await _created(f"template {_TEMPLATE}")
    _Engines.used.append(url)
    return url


def _chosen() -> str:
    if _Engines.current is None:
        raise RuntimeError("a test that opens a database asks for the fixture `engine`")
    return _Engines.current


async def _emptied(url: str) -> str:
    """Delete every row and begin every count anew; return nothing where a test still holds it."""
    load_tables()
    async with asyncio.timeout(60):
        connection = await asyncpg.connect(url, server_settings={"lock_timeout": "2s"})
        try:
            counts = await connection.fetch(
                "select format('alter sequence %I.%I restart', schemaname, sequencename)"
                " from pg_sequences"
            )
            deletes = [f'delete from "{table.name}"' for table in metadata.sorted_tables[::-1]]
            await connection.execute("; ".join([*deletes, *(row[0] for row in counts)]))
        except asyncpg.LockNotAvailableError:
            return ""
        finally:
            await connection.close()
    return url


async def _sqlite_template() -> Path:
    if _Engines.sqlite_template is None:
        path = Path(tempfile.mkdtemp(prefix="camhub-db-")) / "template.db"
        await _migrate(f"sqlite:///{path}")
        _Engines.sqlite_template = path
    return _Engines.sqlite_template


async def _created(options: str, name: str = "") -> str:
    server = _Engines.address()
    name = name or f"camhub_test_{secrets.token_hex(6)}"
    async with asyncio.timeout(60):
        connection = await asyncpg.connect(f"{server}/postgres")
        try:
            await connection.execute(f"create database {name} {options}")
        finally:
            await connection.close()
    return f"{server}/{name}"


async def _migrate(url: str) -> None:
    database = Database(url, DIRECTORY)
    await database.migrate()
    await database.close()


def load_tables() -> None:
    """Import every adapter, so that ``metadata`` knows every table."""
    for package in (camera_registry.adapters, ioc_api.adapters):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)

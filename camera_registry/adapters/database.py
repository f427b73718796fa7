"""The database: one engine set-up for SQLite and PostgreSQL, one MetaData, migration, error words.

SQLite runs in WAL mode. pysqlite's own transaction handling is switched off, so that a reader
starts with BEGIN and a writer with BEGIN IMMEDIATE: several processes then write in turn (each
waits up to ``busy_timeout``) instead of failing when a read lock cannot be raised.
"""

from __future__ import annotations

import asyncio
import errno
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from camera_registry.adapters.revisions import Revisions
from camera_registry.base.errors import (
    CamhubError,
    ConfigError,
    InvalidError,
    StorageError,
    UnavailableError,
)

BUSY_TIMEOUT_MS = 5000
_ASK_AGAIN_S = 0.01
_WRITE = "camhub_write"
_LOCK_KEY = 0x63616D687562
"""Key of the PostgreSQL advisory lock that stands in for SQLite's one writer ("camhub")."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of camhub, whichever room it belongs to."""

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A 64-bit key that counts by itself on both engines."""


class Database:
    """A pool of connections. ``migrations`` is the directory with Alembic's scripts."""

    def __init__(self, url: str, migrations: Path) -> None:
        self._revisions = Revisions(migrations)
        try:
            self.url = _with_driver(sa.engine.make_url(url))
            self._engine = create_async_engine(self.url, **_options(self.url))
        except (sa.exc.ArgumentError, ValueError):
            raise ConfigError(
                "The database URL cannot be read",
                hint="write sqlite:////path/to/file or postgresql://user:password@host/name",
                code="database_url",
            ) from None
        self.dialect = self._engine.dialect.name
        self._reader = self._engine
        if self.dialect == "sqlite":
            _prepare_sqlite(self._engine.sync_engine)
        else:
            _prepare_postgresql(self._engine.sync_engine)
            self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writer = self._engine.execution_options(**{_WRITE: True})

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for statements that only read.

        On SQLite they see one state of the database, on PostgreSQL each the state of its moment, as
        within a transaction: it needs none, which saves two ways to the server and back.
        """
        with translated():
            async with self._reader.begin() as connection:
                yield connection

    @asynccontextmanager
    async def write(self, *, alone: bool = False) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that writes and commits at the end of the block.

        With ``alone`` no other ``alone`` transaction of any process runs at the same time. SQLite
        has one writer anyway; PostgreSQL takes an advisory lock.
        """
        with translated():
            async with self._writer.begin() as connection:
                if alone and self.dialect == "postgresql":
                    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))
                yield connection

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """Start an INSERT that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
        return sqlite.insert(table) if self.dialect == "sqlite" else postgresql.insert(table)

    async def migrate(self) -> None:
        """Bring the tables to this version of the code; safe when several processes start at once.

        Raises ConfigError where a newer camhub has made the database, StorageError where the disk
        is full or not writable.
        """
        async with self.write(alone=True) as connection:
            await connection.run_sync(self._revisions.upgrade)

    async def check_version(self) -> None:
        """Raise ConfigError unless the tables are exactly of this version of the code."""
        async with self.read() as connection:
            current = await connection.run_sync(self._revisions.are_current)
        if not current:
            raise ConfigError(
                "The database was made by an older camhub",
                hint="start `camhub up` or `camhub api` once: it migrates the tables",
                code="database_older",
            )


def _with_driver(url: sa.URL) -> sa.URL:
    """Put in the asynchronous driver where the URL names only the engine."""
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    drivers["postgres"] = drivers["postgresql"]
    backend = url.get_backend_name()
    if backend not in drivers:
        raise ConfigError(
            f"The database engine {backend!r} is not supported",
            hint="use sqlite or postgresql",
            code="database_url",
        )
    return url.set(drivername=drivers[backend])


def _options(url: sa.URL) -> dict[str, Any]:
    # A camera has five columns of JSON, and a page of the list a hundred cameras.
    # An error of the driver goes to the log as it is: not with hashes of passwords in it.
    quick = {"json_deserializer": msgspec.json.decode, "hide_parameters": True}
    if url.get_backend_name() == "sqlite":
        wait_s = BUSY_TIMEOUT_MS / 1000
        return quick | {"connect_args": {"timeout": wait_s, "async_creator_fn": _open_sqlite}}
    # Compiling a query (JIT) takes longer than any of ours; and a plan that is made for any word
    # walks a whole index for a rare one.
    session = {"jit": "off", "plan_cache_mode": "force_custom_plan"}
    return quick | {"connect_args": {"server_settings": session}}


async def _open_sqlite(*arguments: Any, **named: Any) -> aiosqlite.Connection:
    """Open a connection with our pragmas, or end its thread and raise what went wrong.

    The driver leaves the thread of a failed opening to itself, which then may speak to an event
    loop that is closed.
    """
    opening = aiosqlite.connect(*arguments, isolation_level=None, **named)
    thread = opening._thread  # noqa: SLF001 - the driver has no other way to wait for it
    thread.daemon = True
    try:
        connection = await opening
        await _pragma(connection, f"busy_timeout={BUSY_TIMEOUT_MS}")
        await _write_ahead(connection)
        await _pragma(connection, "synchronous=NORMAL")
        await _pragma(connection, "foreign_keys=ON")
    except BaseException:
        opening.stop()
        await asyncio.to_thread(thread.join)
        raise
    return connection


async def _pragma(connection: aiosqlite.Connection, text: str) -> None:
    await (await connection.execute(f"PRAGMA {text}")).close()


async def _write_ahead(connection: aiosqlite.Connection) -> None:
    """Turn a database to its write-ahead log, which only a new one has yet to be.

    Where several processes do so at once, SQLite says "locked" without waiting, whatever the busy
    time-out: waiting for the lock could make two wait for each other. Whoever comes second asks
    again, for as long as it would have waited.
    """
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            return await _pragma(connection, "journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        await asyncio.sleep(_ASK_AGAIN_S)


def _prepare_sqlite(engine: sa.Engine) -> None:
    def on_begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    sa.event.listen(engine, "begin", on_begin)


def _prepare_postgresql(engine: sa.Engine) -> None:
    """Leave connections that the server has closed, as it does when it is started anew.

    The driver is told of that as it happens. A question to the server before each use, which is the
    pool's own way, costs three ways there and back.
    """

    def on_checkout(connection: Any, _record: Any, _proxy: Any) -> None:
        if connection.driver_connection.is_closed():
            raise sa.exc.DisconnectionError

    sa.event.listen(engine, "checkout", on_checkout)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the drivers' errors that a person can act on into camhub's; let the others pass."""
    try:
        yield
    except PoolTimeoutError as error:
        raise UnavailableError("The database is too busy", hint="try again") from error
    except DBAPIError as error:
        known = _known(error)
        if known is None:
            raise
        raise known from error
    except OverflowError as error:  # of SQLite's driver
        raise _too_large() from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _full() from error
        raise UnavailableError(
            "The database cannot be reached", hint="check the database URL and that it runs"
        ) from error


def _full() -> CamhubError:
    return StorageError(
        "The disk of the database is full", hint="free some space and try again", code="disk_full"
    )


def _too_large() -> CamhubError:
    return InvalidError("A number is larger than any that is stored", code="validation")


def _known(error: DBAPIError) -> CamhubError | None:
    """Find the camhub error for a driver's error, by SQLite's error name or PostgreSQL's state."""
    name = str(getattr(error.orig, "sqlite_errorname", "") or "")
    state = str(getattr(error.orig, "sqlstate", "") or "")
    if name == "SQLITE_FULL" or state == "53100":
        return _full()
    if state in ("22000", "22003"):
        return _too_large()
    if state == "22021":
        return InvalidError("A text holds a character that cannot be stored", code="validation")
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")):
        return StorageError(
            "The database file cannot be read or written",
            hint="check that the data directory exists, is writable and has free space",
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return UnavailableError("The database is too busy", hint="try again")
    if name in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        return StorageError(
            "The database file is damaged or no SQLite database", hint="restore it from a backup"
        )
    if state in ("40001", "40P01", "55P03"):  # two wanted the same rows in another order
        return UnavailableError("The database is too busy", hint="try again")
    # PostgreSQL's driver says so by any of its kinds of errors
    if error.connection_invalidated or state[:2] in ("08", "57", "53"):
        return UnavailableError("The database cannot be reached", hint="check that it runs")
    return None

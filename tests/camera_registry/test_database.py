"""The engine set-up: migration, versions, writers in turn, words for errors."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from camera_registry.adapters.camera_tables import camera_tags, cameras
from camera_registry.adapters.database import Database, metadata
from camera_registry.adapters.revisions import Revisions, alembic_config
from camera_registry.base.errors import ConfigError, StorageError, UnavailableError
from ioc_api.migrations import DIRECTORY
from tests.databases import fresh_url, load_tables
from tests.postgres import PostgresServer
from tests.tools import require

OLD_CAMERA = (
    "insert into cameras (id, name, unit_code, url, enabled, transport, tags, sealed, version,"
    " created_us, updated_us) values ('c', 'n', 'u', 'rtsp://h', true, 'tcp', '[]', '', 3, 0, 0)"
)


def open_database(path: Path) -> Database:
    return Database(f"sqlite:///{path}", DIRECTORY)


async def test_the_migrations_make_exactly_the_tables_of_the_code(
    tmp_path: Path, engine: str
) -> None:
    load_tables()
    database = Database(await fresh_url(tmp_path), DIRECTORY)
    await database.migrate()
    await database.check_version()

    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_every_revision_goes_up_and_down_again(tmp_path: Path, engine: str) -> None:
    database = Database(await fresh_url(tmp_path), DIRECTORY)
    scripts = ScriptDirectory.from_config(alembic_config(DIRECTORY))
    revisions = [script.revision for script in scripts.walk_revisions()][::-1]
    assert Revisions(DIRECTORY).known == revisions  # its own reading, without Alembic

    def go(connection: sa.Connection, to: str) -> None:
        config = alembic_config(DIRECTORY)
        config.attributes["connection"] = connection
        step = command.downgrade if to in ("base", *before) else command.upgrade
        step(config, to)

    def tables(connection: sa.Connection) -> dict[str, list[str]]:
        inspector = sa.inspect(connection)
        return {
            name: sorted(column["name"] for column in inspector.get_columns(name))
            for name in inspector.get_table_names()
        }

    seen: dict[str, dict[str, list[str]]] = {}
    before: list[str] = []
    for revision in revisions:
        async with database.write() as connection:
            await connection.run_sync(go, revision)
            seen[revision] = await connection.run_sync(tables)
            if revision == "0004":
                await connection.execute(sa.text(OLD_CAMERA))
        before.append(revision)
    for revision in revisions[-2::-1]:
        async with database.write() as connection:
            await connection.run_sync(go, revision)
            assert await connection.run_sync(tables) == seen[revision], revision
            left = await connection.execute(sa.text("select name from cameras"))
            assert left.scalars().all() == ["n"]
    async with database.write() as connection:
        await connection.run_sync(go, "base")
        assert await connection.run_sync(tables) == {"alembic_version": ["version_num"]}
    await database.migrate()
    await database.check_version()
    await database.close()


async def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        database = open_database(tmp_path / "a.db")
        await database.migrate()
        await database.check_version()
        await database.close()


async def test_a_database_of_a_newer_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    database = open_database(tmp_path / "a.db")
    await database.migrate()
    async with database.write() as connection:
        await connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    for attempt in (database.migrate, database.check_version):
        with pytest.raises(ConfigError, match=r"newer camhub \(revision 9999\).*upgrade"):
            await attempt()
    await database.close()


async def test_an_unmigrated_database_is_told_from_a_newer_one(tmp_path: Path) -> None:
    database = open_database(tmp_path / "a.db")
    with pytest.raises(ConfigError, match="older camhub"):
        await database.check_version()
    await database.close()


def _migrate_and_write(path: Path, number: int) -> None:
    async def main() -> None:
        database = open_database(path)
        await database.migrate()
        for turn in range(20):
            async with database.write() as connection:
                # A read before the write is what deadlocks two processes without BEGIN IMMEDIATE.
                await connection.execute(sa.select(sa.func.count()).select_from(camera_tags))
                await connection.execute(
                    cameras.insert().values(
                        id=f"{number}-{turn}",
                        name="n",
                        unit_code="u",
                        url="rtsp://h",
                        enabled=True,
                        transport="tcp",
                        tags=[],
                        sealed=b"",
                        version=1,
                        created_us=0,
                        updated_us=0,
                    )
                )
        await database.close()

    asyncio.run(main())


async def test_a_new_file_in_which_somebody_writes_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE elsewhere (x)")
    holder.execute("BEGIN IMMEDIATE")
    holder.execute("INSERT INTO elsewhere VALUES (1)")
    database = open_database(path)
    migrating = asyncio.create_task(database.migrate())
    done, _ = await asyncio.wait({migrating}, timeout=0.3)
    assert not done  # SQLite itself says at once that the file cannot be turned to its log
    holder.execute("COMMIT")
    holder.close()
    await migrating
    async with database.read() as connection:
        mode = await connection.exec_driver_sql("PRAGMA journal_mode")
        assert mode.scalar_one() == "wal"
    await database.close()


async def test_processes_that_start_and_write_at_once_do_not_fail(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_migrate_and_write, args=(path, n)) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        await asyncio.to_thread(process.join)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    database = open_database(path)
    async with database.read() as connection:
        found = await connection.execute(sa.select(sa.func.count()).select_from(cameras))
        assert found.scalar_one() == 60
    await database.close()


async def test_a_failed_block_leaves_nothing_behind(tmp_path: Path) -> None:
    database = open_database(tmp_path / "a.db")
    await database.migrate()

    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(sa.text("delete from alembic_version"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    await database.check_version()
    await database.close()


async def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    database = open_database(tmp_path / "a.db")
    await database.migrate()

    async def fill() -> None:
        async with database.write() as connection:
            # SQLite's own limit on pages gives the very error of a full disk.
            await connection.execute(sa.text("pragma max_page_count = 1"))
            for _ in range(50):
                await connection.execute(
                    sa.text("insert into setup_links values (:hash, 1, 0)"),
                    {"hash": os.urandom(4000).hex()},
                )

    with pytest.raises(StorageError, match="disk of the database is full") as caught:
        await fill()
    assert caught.value.hint
    await database.close()


async def test_a_directory_that_is_missing_is_one_clear_line(tmp_path: Path) -> None:
    database = open_database(tmp_path / "missing" / "a.db")
    with pytest.raises(StorageError, match="cannot be read or written"):
        await database.migrate()
    await database.close()


async def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_text("this is a letter, not a database\n" * 100)
    database = open_database(path)
    with pytest.raises(StorageError, match="no SQLite database"):
        await database.migrate()
    await database.close()


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://u:geheim@h/d", "postgresql://h:p:q/x"])
def test_an_unusable_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Database(url, DIRECTORY)
    assert "geheim" not in str(caught.value)


async def test_postgresql_that_does_not_run_is_unavailable(tmp_path: Path) -> None:
    database = Database("postgresql://u:p@127.0.0.1:1/x", DIRECTORY)
    with pytest.raises(UnavailableError, match="cannot be reached"):
        await database.migrate()
    await database.close()


async def test_a_postgresql_that_was_started_anew_is_used_again_at_once() -> None:
    require("postgresql")
    server = PostgresServer()
    await asyncio.to_thread(server.start)
    try:
        database = Database(f"{server.url}/postgres", DIRECTORY)

        async def ask(*, writing: bool) -> int:
            async with database.write() if writing else database.read() as connection:
                return int((await connection.execute(sa.text("select 7"))).scalar_one())

        assert await asyncio.gather(*(ask(writing=bool(n % 2)) for n in range(4))) == [7] * 4
        await asyncio.to_thread(server.restart)
        assert (await ask(writing=False), await ask(writing=True)) == (7, 7)
        await database.close()
    finally:
        await asyncio.to_thread(server.stop)


async def test_a_postgresql_that_goes_in_the_midst_is_unavailable() -> None:
    require("postgresql")
    server = PostgresServer()
    await asyncio.to_thread(server.start)
    try:
        database = Database(f"{server.url}/postgres", DIRECTORY)

        async def write() -> None:
            async with database.write() as connection:
                await connection.execute(sa.text("select 1"))
                await asyncio.to_thread(server.restart)
                await connection.execute(sa.text("select 2"))

        with pytest.raises(UnavailableError, match="cannot be reached"):
            await write()
        await database.close()
    finally:
        await asyncio.to_thread(server.stop)


async def test_an_error_of_a_driver_tells_no_value(tmp_path: Path, engine: str) -> None:
    database = Database(await fresh_url(tmp_path), DIRECTORY)
    await database.migrate()
    row = {"token_hash": "$argon2id$geheim", "created_us": 1, "used_us": None}

    async def write() -> None:
        async with database.write() as connection:
            insert = sa.text("insert into nothing_of_this_name values (:token_hash)")
            await connection.execute(insert, row)

    with pytest.raises(sa.exc.DBAPIError) as caught:
        await write()
    assert "geheim" not in str(caught.value)
    await database.close()


async def test_cameras_of_the_first_version_get_empty_rules(tmp_path: Path) -> None:
    database = open_database(tmp_path / "a.db")

    def first(connection: sa.Connection) -> None:
        config = alembic_config(DIRECTORY)
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    async with database.write() as connection:
        await connection.run_sync(first)
        await connection.execute(sa.text(OLD_CAMERA))
    await database.migrate()
    async with database.read() as connection:
        row = (await connection.execute(sa.select(cameras))).mappings().one()
    assert (row["id"], row["version"], row["rules"], row["rules_version"]) == ("c", 3, "", 0)
    assert (row["code"], row["groups"], row["sub"]) == ("u-OTH-0001", [], None)
    await database.close()

"""The master key is changed: nothing sealed is lost, wherever the change is stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from camera_registry.adapters.blobs import BlobStore
from camera_registry.adapters.camera_tables import shared_credentials
from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database, metadata
from camera_registry.adapters.import_tables import import_rows, imports
from camera_registry.adapters.password_tables import (
    password_changes,
    password_rows,
    row_values,
)
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from camera_registry.imports.files import FILE_PURPOSE, blob_key
from camera_registry.model import Camera, Credentials
from camera_registry.passwords.model import PENDING, ChangeRow
from camera_registry.scope import Scope
from camera_registry.stored import StoredCamera
from camera_registry.vault import CREDENTIALS, HEAD_BYTES, Vault
from camera_registry.versions import SYSTEM
from ioc_api.adapters.access_tables import accounts, sessions
from ioc_api.adapters.sealed_sql import PLACES, SqlSealedValues
from ioc_api.compose.common import open_vault
from ioc_api.migrations import DIRECTORY
from ioc_api.settings import load
from ioc_api.vault_rotation import FILES, Rotation
from tests.databases import migrated_url
from tests.system.hub import CAMHUB

UNIT = "26704"
OLD, NEW = Vault(b"o" * 32), Vault(b"n" * 32, [b"o" * 32])
BARE = {
    "name": "",
    "file_name": "",
    "owner_name": "",
    "mode": "",
    "code": "",
    "error": "",
    "hint": "",
}


@pytest.fixture
async def database(tmp_path: Path, engine: str) -> AsyncIterator[Database]:
    made = Database(await migrated_url(tmp_path), DIRECTORY)
    yield made
    await made.close()


@pytest.fixture
async def own_database(tmp_path: Path) -> AsyncIterator[Database]:
    """The one that commands use which are given this directory."""
    made = Database(load(data=tmp_path).database, DIRECTORY)
    try:
        await made.migrate()
        yield made
    finally:
        await made.close()


async def add_camera(database: Database, vault: Vault, password: str) -> str:
    camera_id = new_id(SystemClock().utc_us())
    url = f"rtsp://10.0.0.7/{camera_id}"
    camera = Camera(camera_id, "Street", UNIT, url, created_us=1, updated_us=1)
    sealed = vault.seal_credentials(camera_id, Credentials("viewer", password))
    await SqlCameraStore(database).insert(StoredCamera(camera, sealed), SYSTEM)
    return camera_id


async def add_rest(database: Database, vault: Vault, files: BlobStore) -> dict[str, str]:
    """Seal one value in each of the other places; return what each is bound to."""
    now = SystemClock().utc_us()
    account, record, row = new_id(now), new_id(now), new_id(now)
    async with database.write() as connection:
        await connection.execute(
            accounts.insert().values(
                id=account,
                username="u",
                display_name="",
                password_hash="",
                created_us=1,
                totp_sealed=vault.seal(account, "totp", b"second"),
                totp_pending=vault.seal(account, "totp", b"begun"),
            )
        )
        await connection.execute(
            shared_credentials.insert().values(
                id=row,
                name="s",
                unit_code="*",
                username="u",
                sealed=vault.seal(row, CREDENTIALS, b"shared"),
                weak=False,
                version=1,
                created_us=1,
                updated_us=1,
            )
        )
        await connection.execute(
            password_changes.insert().values(
                id=record,
                owner_id=account,
                owner_name="",
                mode="devices",
                random=True,
                state="running",
                cancel=False,
                total=1,
                holder="",
                alive_us=0,
                created_us=1,
                updated_us=1,
            )
        )
        pending = ChangeRow(record, 1, row, "n", UNIT, vault.seal(row, PENDING, b"pending"))
        await connection.execute(password_rows.insert().values(row_values(pending)))
        await connection.execute(
            sessions.insert().values(
                hash="h",
                id=new_id(now),
                account_id=account,
                created_us=1,
                seen_us=1,
                address="",
                agent="",
                provider="p",
                sealed=vault.seal(account, "oidc id token", b"token"),
            )
        )
        texts = {key: value for key, value in BARE.items() if key in imports.c}
        await connection.execute(
            imports.insert().values(
                id=record,
                owner_id=account,
                bytes=1,
                state="checked",
                headings=[],
                mapping={},
                total=1,
                done=1,
                cancel=False,
                created_us=1,
                updated_us=1,
                **texts,
            )
        )
        await connection.execute(
            import_rows.insert().values(
                import_id=record,
                number=2,
                state="good",
                warned=False,
                cells="[]",
                messages="[]",
                camera_id=row,
                camera="",
                sealed=vault.seal(row, CREDENTIALS, b"row"),
            )
        )
    await files.put(blob_key(record), vault.seal(record, FILE_PURPOSE, b"file"))
    return {"account": account, "import": record, "row": row}


async def test_every_place_is_sealed_again_and_opens(database: Database, tmp_path: Path) -> None:
    files = BlobStore.open(str(tmp_path / "blobs"))
    cameras = [await add_camera(database, OLD, f"secret {index}") for index in range(7)]
    bound = await add_rest(database, OLD, files)
    rotation = Rotation(SqlSealedValues(database), files, NEW)
    told: list[tuple[str, int, int]] = []
    assert await rotation.left() == 7 + len(PLACES) - 1 + 1

    outcome = await rotation.reseal(3, lambda *step: told.append(step))

    assert (outcome.done, outcome.unreadable) == (14, 0)
    assert told[:3] == [("cameras", 3, 7), ("cameras", 6, 7), ("cameras", 7, 7)]
    assert await rotation.left() == 0
    alone = Vault(b"n" * 32)
    store = SqlCameraStore(database)
    for index, camera_id in enumerate(cameras):
        stored = await store.get(camera_id, Scope.all())
        assert stored is not None
        assert stored.camera.version == 1
        assert alone.open_credentials(camera_id, stored.sealed).password == f"secret {index}"
    async with database.read() as connection:
        account = (await connection.execute(sa.select(accounts))).one()
        token = (await connection.execute(sa.select(sessions.c.sealed))).scalar_one()
        row = (await connection.execute(sa.select(import_rows.c.sealed))).scalar_one()
        pending = (await connection.execute(sa.select(password_rows.c.sealed))).scalar_one()
        shared = (await connection.execute(sa.select(shared_credentials.c.sealed))).scalar_one()
    assert alone.open(bound["account"], "totp", account.totp_sealed) == b"second"
    assert alone.open(bound["account"], "totp", account.totp_pending) == b"begun"
    assert alone.open(bound["account"], "oidc id token", token) == b"token"
    assert alone.open(bound["row"], CREDENTIALS, row) == b"row"
    assert alone.open(bound["row"], CREDENTIALS, shared) == b"shared"
    assert alone.open(bound["row"], PENDING, pending) == b"pending"
    assert alone.open(
        bound["import"], FILE_PURPOSE, await files.get(blob_key(bound["import"]))
    ) == (b"file")


class WatchedFiles:
    """Files that say what was read whole and what was written, in the order of both."""

    def __init__(self, files: BlobStore) -> None:
        self._files = files
        self.said: list[tuple[str, str]] = []

    async def start(self, key: str, length: int) -> bytes:
        assert length == HEAD_BYTES
        return await self._files.start(key, length)

    async def get(self, key: str) -> bytes:
        self.said.append(("read", key))
        return await self._files.get(key)

    async def put(self, key: str, data: bytes) -> None:
        self.said.append(("written", key))
        await self._files.put(key, data)

    async def delete(self, key: str) -> None:
        await self._files.delete(key)


async def add_files(database: Database, files: BlobStore, vaults: Sequence[Vault]) -> list[str]:
    """Make an import for each vault with a file that it seals; return their ids."""
    texts = {key: value for key, value in BARE.items() if key in imports.c}
    ids = sorted(new_id(SystemClock().utc_us()) for _ in vaults)
    times = {"total": 1, "done": 1, "cancel": False, "created_us": 1, "updated_us": 1}
    lists: dict[str, object] = {"headings": [], "mapping": {}}
    rows = [
        {"id": each, "owner_id": each, "bytes": 1, "state": "checked", **lists, **times, **texts}
        for each in ids
    ]
    async with database.write() as connection:
        await connection.execute(imports.insert(), rows)
    for each, vault in zip(ids, vaults, strict=True):
        await files.put(blob_key(each), vault.seal(each, FILE_PURPOSE, each.encode() * 10_000))
    return ids


async def test_of_files_only_those_are_read_whole_that_are_sealed_again_one_at_a_time(
    database: Database, tmp_path: Path
) -> None:
    blobs = BlobStore.open(str(tmp_path / "blobs"))
    lost = Vault(b"x" * 32)
    ids = await add_files(database, blobs, [OLD, NEW, OLD, lost, OLD, OLD, NEW])
    await blobs.delete(blob_key(ids[4]))  # applied: its file is no longer kept
    files = WatchedFiles(blobs)
    rotation = Rotation(SqlSealedValues(database), files, NEW)
    counted = (await rotation.counts())[FILES]
    assert counted == {OLD.head: 3, NEW.head: 2, lost.head: 1}
    assert await rotation.left() == 4
    assert files.said == []

    told: list[tuple[str, int, int]] = []
    outcome = await rotation.reseal(2, lambda *step: told.append(step))

    assert (outcome.done, outcome.unreadable) == (3, 1)
    assert told == [(FILES, 1, 4), (FILES, 2, 4), (FILES, 4, 4)]
    first, second, unknown, last = (blob_key(ids[n]) for n in (0, 2, 3, 5))
    assert files.said == [
        *[("read", first), ("written", first)],
        *[("read", second), ("written", second)],
        ("read", unknown),
        *[("read", last), ("written", last)],
    ]
    assert (await rotation.counts())[FILES] == {NEW.head: 5, lost.head: 1}
    alone = Vault(b"n" * 32)
    for each in (ids[0], ids[1], ids[2], ids[5], ids[6]):
        opened = alone.open(each, FILE_PURPOSE, await blobs.get(blob_key(each)))
        assert opened == each.encode() * 10_000


async def test_a_value_that_was_changed_meanwhile_is_left_alone(
    database: Database, tmp_path: Path
) -> None:
    camera_id = await add_camera(database, OLD, "before")
    values = SqlSealedValues(database)
    (seen,) = await values.under_others("cameras", NEW.head, None, 10)
    newer = OLD.seal_credentials(camera_id, Credentials("viewer", "after"))
    again = await values.under_others("cameras", NEW.head, None, 10)
    assert await values.replace("cameras", [(again[0], newer)]) == 1
    late = NEW.reseal(seen.bound_to, CREDENTIALS, seen.value)
    assert await values.replace("cameras", [(seen, late)]) == 0
    stored = await SqlCameraStore(database).get(camera_id, Scope.all())
    assert stored is not None
    assert OLD.open_credentials(camera_id, stored.sealed).password == "after"


async def test_a_value_of_an_unknown_key_is_told_and_does_not_stop_the_rest(
    database: Database, tmp_path: Path
) -> None:
    await add_camera(database, Vault(b"x" * 32), "lost")
    await add_camera(database, OLD, "kept")
    rotation = Rotation(SqlSealedValues(database), BlobStore.open(str(tmp_path / "blobs")), NEW)
    outcome = await rotation.reseal(1, lambda *_: None)
    assert (outcome.done, outcome.unreadable) == (1, 1)
    assert await rotation.left() == 1


def test_every_column_of_bytes_is_a_known_place() -> None:
    """A new sealed column that the rotation would leave behind fails here."""
    named = {
        column
        for table in metadata.tables.values()
        for column in table.columns
        if "seal" in column.name or column.name == "totp_pending"
    }
    assert named == {place.column for place in PLACES}


def test_the_command_loads_neither_bus_nor_server_nor_workbooks() -> None:
    """On a busy machine loading what it does not use took longer than all its work."""
    program = (
        "import sys, ioc_api.cli.vault; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    ).stdout.split()
    assert "sqlalchemy" in loaded
    assert not {"nats", "aiohttp", "fastapi", "openpyxl", "av"} & set(loaded)


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CAMHUB_")}
    return {**plain, "PYTHONUNBUFFERED": "1", **extra}


def _vault(
    data: Path, *words: str, check: bool = True, **extra: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CAMHUB, "vault", *words, "--data", str(data)],
        capture_output=True,
        text=True,
        check=check,
        timeout=120,
        env=_environment(extra),
    )


async def test_a_rotation_that_is_killed_goes_on_later(
    own_database: Database, tmp_path: Path
) -> None:
    database = own_database
    running = open_vault(load(data=tmp_path))
    first = running.head
    ids = [await add_camera(database, running, f"secret {index}") for index in range(60)]

    process = await asyncio.create_subprocess_exec(
        *CAMHUB,
        "vault",
        "rotate",
        "--batch",
        "1",
        "--data",
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        env=_environment({}),
    )
    assert process.stdout is not None
    lines = [line async for line in _until(process.stdout, b"cameras: 5 of 60")]
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert b"seals from now on" in lines[0]

    counts = await SqlSealedValues(database).counts("cameras")
    assert 5 <= counts[running.head] < 60
    assert counts[first] == 60 - counts[running.head]
    store = SqlCameraStore(database)
    for index, camera_id in enumerate(ids):  # what runs meanwhile opens all of them
        stored = await store.get(camera_id, Scope.all())
        assert stored is not None
        assert running.open_credentials(camera_id, stored.sealed).password == f"secret {index}"

    refused = _vault(tmp_path, "prune", check=False)
    assert refused.returncode != 0
    assert "still under an older master key" in refused.stderr
    again = _vault(tmp_path, "rotate")
    assert "goes on with the rotation" in again.stdout
    assert await SqlSealedValues(database).counts("cameras") == {running.head: 60}
    assert running.heads == (running.head, first)
    status = _vault(tmp_path, "status").stdout
    assert f"key {running.head[1:].hex()}  present        60 values" in status
    assert f"key {first[1:].hex()}  older          0 values" in status

    early = _vault(tmp_path, "prune", check=False)
    assert "on their way" in early.stderr
    key_file = tmp_path / "vault.key"
    past = key_file.stat().st_mtime - 1000
    os.utime(key_file, (past, past))
    assert "1 older keys dropped" in _vault(tmp_path, "prune").stdout
    assert first not in running.heads


async def test_keys_from_the_environment_are_rotated_to_the_first(
    own_database: Database, tmp_path: Path
) -> None:
    database, old, new = own_database, b"o" * 32, b"n" * 32
    camera_id = await add_camera(database, Vault(old), "s3cret")
    done = _vault(tmp_path, "rotate", CAMHUB_VAULT_KEY=f"{new.hex()},{old.hex()}")
    assert "1 values are sealed again" in done.stdout
    stored = await SqlCameraStore(database).get(camera_id, Scope.all())
    assert stored is not None
    assert Vault(new).open_credentials(camera_id, stored.sealed).password == "s3cret"
    assert stored.sealed[:HEAD_BYTES] == Vault(new).head
    assert not (tmp_path / "vault.key").exists()
    assert new.hex() not in done.stdout + done.stderr


async def _until(stream: asyncio.StreamReader, wanted: bytes) -> AsyncIterator[bytes]:
    async for line in stream:
        yield line
        if line.strip() == wanted:
            return
    raise AssertionError(f"{wanted!r} was never said")

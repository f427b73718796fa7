"""A place for whole imports on a real database, for the tests of this room."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from camera_registry.adapters.areas_sql import SqlAreaStore
from camera_registry.adapters.blobs import BlobStore
from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.base.clock import SystemClock
from camera_registry.imports.model import (
    Import,
    Mode,
)
from camera_registry.imports.service import Imports
from camera_registry.model import Actor, Camera
from camera_registry.naming import CodeScheme
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.unit_areas import UnitAreas
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from camera_registry.weak import WeakCredentials
from ioc_api.compose.imports import make_imports
from ioc_api.migrations import DIRECTORY
from tests.databases import migrated_url

CITY = Scope.all()
ANNA, BAO = Actor("u-anna", "anna"), Actor("u-bao", "bao")
CANARY = "c4nary-Passw0rd"
GROUPS = ("cho", "cau", "ben xe")


class SlowClock(SystemClock):
    """The machine's clock, which a test can put forward."""

    ahead_us = 0

    def utc_us(self) -> int:
        return super().utc_us() + self.ahead_us


@dataclass
class Rig:
    imports: Imports
    registry: CameraRegistry
    database: Database
    clock: SlowClock
    directory: Path
    vault: Vault

    async def upload(self, text: str, by: Actor = ANNA) -> Import:
        path = self.directory / "upload.csv"
        path.write_text(text, encoding="utf-8")
        return await self.imports.upload(path, "C:\\x\\cameras.csv", by)

    async def checked(self, text: str, scope: Scope = CITY) -> Import:
        record = await self.upload(text)
        await self.imports.check(record, scope)
        return await self.settled(record)

    async def settled(self, record: Import) -> Import:
        while True:
            now = await self.imports.get(record.id, None)
            if not now.state.at_work:
                return now
            await asyncio.sleep(0.01)

    async def applied(self, record: Import, mode: Mode = Mode.GOOD_ROWS) -> Import:
        await self.imports.apply(record, mode, CITY, record.owner)
        return await self.settled(record)

    async def cameras(self) -> list[Camera]:
        return list(await self.registry.list(CITY, limit=1000))


@pytest.fixture
async def rig(tmp_path: Path, engine: str) -> AsyncIterator[Rig]:
    database = Database(await migrated_url(tmp_path), DIRECTORY)
    clock, vault, units, policy = SlowClock(), Vault(os.urandom(32)), Units.load(), UrlPolicy()
    registry = CameraRegistry(SqlCameraStore(database), vault, units, policy, clock, None)
    imports = make_imports(
        database,
        registry,
        vault,
        units,
        policy,
        BlobStore.open(str(tmp_path / "blobs")),
        clock,
        CodeScheme(),
        UnitAreas(SqlAreaStore(database), units, clock),
        WeakCredentials.load(),
    )
    yield Rig(imports, registry, database, clock, tmp_path, vault)
    await imports.close()
    await database.close()


def table(*rows: str, heading: str = "name,unit,url,serial") -> str:
    return "\n".join([heading, *rows]) + "\n"


def many(count: int) -> str:
    return table(
        *(f"Camera {i},26740,rtsp://10.1.{i // 250}.{i % 250}/s,SN{i}" for i in range(count))
    )


def counts(record: Import) -> dict[str, int]:
    return {state.value: number for state, number in record.counts.items()}

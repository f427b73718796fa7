"""A whole api on a database of its own: real stores, real services, a bus that the test chooses."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI

from camera_registry.adapters.blobs import BlobStore
from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock, SystemClock
from camera_registry.mirror import Mirror
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from ioc_api.accounts import Accounts, SetupLinks, Tokens
from ioc_api.adapters.accounts_sql import SqlAccountStore
from ioc_api.adapters.counts_sql import SqlCountStore
from ioc_api.adapters.events_sql import SqlEventStore
from ioc_api.app import create_app
from ioc_api.auth import Authenticator, SessionPolicy
from ioc_api.deps import ApiDeps, PublicConfig
from ioc_api.migrations import DIRECTORY
from ioc_api.passwords import Passwords
from ioc_api.push import PushHub, PushLimits
from ioc_api.rbac import Grant, Role
from ioc_api.state_cache import StateCache
from tests.databases import fresh_url

PASSWORD = "five quiet herons"
UNIT_A, UNIT_B, UNIT_C = "25747", "25750", "25760"

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Argon2id at a cost that a test can afford a hundred times."""


@dataclass
class Hub:
    """The parts, and the application over them."""

    database: Database
    deps: ApiDeps
    store: SqlAccountStore
    events: SqlEventStore
    blobs: BlobStore
    vault: Vault
    app: FastAPI

    def client(self, token: str = "") -> httpx.AsyncClient:
        """Return a client of the application, with a bearer token if one is given."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers)

    async def token(self, role: Role, units: Scope | None = None) -> str:
        """Return the secret of a new token with one grant; ``units`` None means all."""
        grant = Grant(role, units or Scope.all())
        _, secret = await self.deps.tokens.create("test", [grant], Scope.all())
        return secret


@asynccontextmanager
async def hub(
    directory: Path,
    bus: Bus,
    *,
    clock: Clock | None = None,
    mirror: bool = True,
    session: SessionPolicy | None = None,
    limits: PushLimits | None = None,
    wall: Path | None = None,
) -> AsyncIterator[Hub]:
    """Build everything over ``directory``; nothing that talks to the bus is started."""
    clock = clock or SystemClock()
    directory.mkdir(parents=True, exist_ok=True)
    database = Database(await fresh_url(directory), DIRECTORY)
    await database.migrate()
    units, vault = Units.load(), Vault(os.urandom(32))
    store, events = SqlAccountStore(database), SqlEventStore(database)
    blobs = BlobStore.open(str(directory / "blobs"))
    registry = CameraRegistry(
        SqlCameraStore(database),
        vault,
        units,
        UrlPolicy(),
        clock,
        Mirror(bus) if mirror else None,
    )
    authenticator = Authenticator(store, clock, session)
    accounts = Accounts(store, Passwords(CHEAP), units, clock)
    states = StateCache(bus, clock)
    push = PushHub(bus, events, registry, states, authenticator, clock, limits)
    deps = ApiDeps(
        authenticator=authenticator,
        accounts=accounts,
        setup=SetupLinks(store, accounts, clock),
        tokens=Tokens(store, accounts, clock),
        registry=registry,
        units=units,
        events=events,
        counts=SqlCountStore(database),
        blobs=blobs,
        states=states,
        push=push,
        config=PublicConfig("1.2.3"),
        readiness=lambda: {"bus": bus.connected},
        wall=wall,
    )
    try:
        yield Hub(database, deps, store, events, blobs, vault, create_app(deps))
    finally:
        await database.close()

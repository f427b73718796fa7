"""A whole api on a database of its own: real stores, real services, a bus that the test chooses."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI

from camera_registry.adapters.areas_sql import SqlAreaStore
from camera_registry.adapters.blobs import BlobStore
from camera_registry.adapters.cameras_bulk import BulkCameras
from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.adapters.edits_sql import SqlEditStore
from camera_registry.adapters.groups_sql import SqlGroupStore
from camera_registry.adapters.health_sql import SqlHealthStore
from camera_registry.adapters.likely_cameras_sql import SqlLikelyCameras
from camera_registry.adapters.map_sql import SqlMapStore
from camera_registry.adapters.passwords_sql import SqlPasswordStore
from camera_registry.adapters.shared_sql import SqlSharedStore
from camera_registry.adapters.windows_sql import SqlWindowStore
from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock, SystemClock
from camera_registry.edits.service import Edits
from camera_registry.groups import CameraGroups
from camera_registry.jobs import JobDesk
from camera_registry.mirror import Mirror
from camera_registry.naming import CodeScheme
from camera_registry.passwords.service import PasswordChanges
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.shared_credentials import SharedCredentials
from camera_registry.unit_areas import UnitAreas
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from camera_registry.weak import WeakCredentials
from ioc_api.access.accounts import Accounts
from ioc_api.access.auth import Authenticator, SessionPolicy
from ioc_api.access.brake import Brake, BrakePolicy
from ioc_api.access.grant_rules import GrantRules
from ioc_api.access.log import AccessLog
from ioc_api.access.login import Login
from ioc_api.access.oidc import Oidc
from ioc_api.access.oidc_model import Provider
from ioc_api.access.passwords import Passwords
from ioc_api.access.rbac import Grant, Role
from ioc_api.access.second_step import SecondStep
from ioc_api.access.services import Access
from ioc_api.access.setup_links import SetupLinks
from ioc_api.access.tokens import Tokens
from ioc_api.adapters.access_sql import SqlAccessLogStore, SqlAttemptStore, SqlTotpStore
from ioc_api.adapters.accounts_sql import SqlAccountStore
from ioc_api.adapters.counts_sql import SqlCountStore
from ioc_api.adapters.credentials_sql import SqlCredentialStore
from ioc_api.adapters.events_sql import SqlEventStore
from ioc_api.adapters.grants_sql import SqlGroupNames
from ioc_api.adapters.models_sql import SqlModelStore
from ioc_api.adapters.setup_sql import SqlSetupStore
from ioc_api.app import create_app
from ioc_api.basemap import Basemap
from ioc_api.compose.imports import make_imports
from ioc_api.compose.model_desk import ModelService, make_models
from ioc_api.compose.quality import make_quality
from ioc_api.dry_runs.clips import BusClips
from ioc_api.dry_runs.desk import Analyse, DryRuns
from ioc_api.dry_runs.model import Run
from ioc_api.events.push import PushHub, PushLimits
from ioc_api.health.maintenance import Maintenance
from ioc_api.migrations import DIRECTORY
from ioc_api.models.keeper import ModelKeeper
from ioc_api.ptz_bus import BusPtz
from ioc_api.routes.deps import ApiDeps, PublicConfig
from ioc_api.settings import Settings
from ioc_api.state_cache import StateCache
from ioc_api.stills import BusStills
from tests.databases import migrated_url

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
    credentials: SqlCredentialStore
    events: SqlEventStore
    blobs: BlobStore
    vault: Vault
    models: ModelService
    directory: Path
    app: FastAPI

    @property
    def models_blobs(self) -> Path:
        """Directory of the blobs that the jobs of models use."""
        return self.directory / "blobs"

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


async def _no_analysis(run: Run, on_message: Callable[[dict[str, Any]], None]) -> None:
    """Nothing of this hub runs dry runs: only their routes are asked."""
    raise AssertionError(f"dry run {run.id} was to be worked on by {on_message}")


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
    analyse: Analyse | None = None,
    brake: BrakePolicy | None = None,
    detectors: dict[str, Any] | None = None,
    providers: Sequence[Provider] = (),
    policy: UrlPolicy | None = None,
    map_tiles: str = "",
) -> AsyncIterator[Hub]:
    """Build everything over ``directory``; nothing that talks to the bus is started."""
    clock = clock or SystemClock()
    directory.mkdir(parents=True, exist_ok=True)
    database = Database(await migrated_url(directory), DIRECTORY)
    units, vault = Units.load(), Vault(os.urandom(32))
    store, events = SqlAccountStore(database), SqlEventStore(database)
    credentials = SqlCredentialStore(database)
    blobs = BlobStore.open(str(directory / "blobs"))
    registry = CameraRegistry(
        SqlCameraStore(database),
        vault,
        units,
        policy or UrlPolicy(),
        clock,
        Mirror(bus) if mirror else None,
    )
    authenticator = Authenticator(credentials, clock, session)
    rules, passwords = GrantRules(units, SqlGroupNames(database)), Passwords(CHEAP)
    accounts = Accounts(store, passwords, rules, clock)
    brake_ = Brake(SqlAttemptStore(database), clock, brake)
    second = SecondStep(SqlTotpStore(database), vault, clock)
    access_log = AccessLog(SqlAccessLogStore(database), clock)
    login = Login(store, passwords, second, brake_, access_log, clock)
    oidc = Oidc(providers, store, authenticator, vault, units, access_log, clock)
    states = StateCache(bus, clock)
    groups = CameraGroups(SqlGroupStore(database), registry, units, clock)
    maintenance = Maintenance(SqlWindowStore(database), registry, groups, units, clock)
    push = PushHub(bus, events, registry, states, authenticator, maintenance, clock, limits)
    settings = Settings(data=directory, **{"detector_limit_ms": 60_000, **(detectors or {})})
    keeper = ModelKeeper(SqlModelStore(database), blobs, clock)
    models = make_models(settings, keeper, bus, vault, clock, lambda: None)
    imports = make_imports(
        database,
        registry,
        vault,
        units,
        UrlPolicy(),
        blobs,
        clock,
        CodeScheme(),
        UnitAreas(SqlAreaStore(database), units, clock),
        WeakCredentials.load(),
    )
    bulk = BulkCameras(database, CodeScheme(), units)
    edits = Edits(SqlEditStore(database, bulk), registry, groups, clock)
    areas = UnitAreas(SqlAreaStore(database), units, clock)
    health, jobs = SqlHealthStore(database), JobDesk(bus, vault, clock)
    deps = ApiDeps(
        authenticator=authenticator,
        accounts=accounts,
        setup=SetupLinks(SqlSetupStore(database), accounts, clock),
        tokens=Tokens(credentials, rules, clock),
        access=Access(login, second, brake_, access_log, oidc),
        registry=registry,
        groups=groups,
        credentials=SharedCredentials(SqlSharedStore(database), registry, vault, units, clock),
        passwords=PasswordChanges(
            SqlPasswordStore(database), registry, SqlLikelyCameras(database), vault, clock
        ),
        areas=areas,
        maps=SqlMapStore(database),
        imports=imports,
        edits=edits,
        health=health,
        maintenance=maintenance,
        quality=make_quality(
            settings, database, bus, registry, areas, units, health, states, jobs, clock
        ),
        units=units,
        events=events,
        counts=SqlCountStore(database),
        blobs=blobs,
        states=states,
        push=push,
        models=models.desk,
        stills=BusStills(bus),
        dry_runs=DryRuns(directory / "dry-runs", BusClips(bus), analyse or _no_analysis, clock),
        jobs=jobs,
        likely=SqlLikelyCameras(database),
        policy=policy or UrlPolicy(),
        ptz=BusPtz(bus),
        config=PublicConfig("1.2.3"),
        readiness=lambda: {"bus": bus.connected},
        wall=wall,
        basemap=Basemap.parse(map_tiles),
    )
    try:
        yield Hub(
            database,
            deps,
            store,
            credentials,
            events,
            blobs,
            vault,
            models,
            directory,
            create_app(deps),
        )
    finally:
        await imports.close()
        await edits.close()
        await database.close()

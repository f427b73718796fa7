"""What the api's routes are made of, handed over by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

from fastapi import Depends, Request

from camera_registry.base.clock import SystemClock
from camera_registry.edits.service import Edits
from camera_registry.groups import CameraGroups
from camera_registry.health.ports import HealthStore
from camera_registry.imports.service import Imports
from camera_registry.jobs import JobDesk
from camera_registry.likeness import LikelyCameras
from camera_registry.map_view import MapStore
from camera_registry.passwords.service import PasswordChanges
from camera_registry.registry import CameraRegistry
from camera_registry.shared_credentials import SharedCredentials
from camera_registry.unit_areas import UnitAreas
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from ioc_api.access.accounts import Accounts
from ioc_api.access.auth import Authenticator
from ioc_api.access.credentials import Client
from ioc_api.access.services import Access
from ioc_api.access.setup_links import SetupLinks
from ioc_api.access.tokens import Tokens
from ioc_api.basemap import NO_BASEMAP, Basemap
from ioc_api.dry_runs.desk import DryRuns
from ioc_api.events.count_recorder import CountStore
from ioc_api.events.push import PushHub
from ioc_api.events.records import EventStore
from ioc_api.health.maintenance import Maintenance
from ioc_api.models.desk import ModelDesk
from ioc_api.ptz_bus import Ptz
from ioc_api.quality.service import QualityService
from ioc_api.state_cache import StateCache
from ioc_api.stills import Stills


class BlobReader(Protocol):
    """Where snapshots are read from."""

    async def get(self, key: str) -> bytes:
        """Return a blob. Raises NotFoundError where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class PublicConfig:
    """What the wall has to know before anybody signed in."""

    version: str
    time_zone: str = "Asia/Ho_Chi_Minh"
    default_language: str = "vi"


@dataclass(frozen=True, slots=True)
class ApiDeps:
    """Everything that the routes use. ``wall`` is the directory of the built wall, if any.

    ``readiness`` says of each thing that the api needs whether it can be used now.
    """

    authenticator: Authenticator
    accounts: Accounts
    setup: SetupLinks
    tokens: Tokens
    access: Access
    registry: CameraRegistry
    groups: CameraGroups
    credentials: SharedCredentials
    passwords: PasswordChanges
    areas: UnitAreas
    maps: MapStore
    imports: Imports
    edits: Edits
    health: HealthStore
    maintenance: Maintenance
    quality: QualityService
    units: Units
    events: EventStore
    counts: CountStore
    blobs: BlobReader
    states: StateCache
    push: PushHub
    stills: Stills
    models: ModelDesk
    dry_runs: DryRuns
    jobs: JobDesk
    likely: LikelyCameras
    policy: UrlPolicy
    ptz: Ptz
    config: PublicConfig
    readiness: Callable[[], Mapping[str, bool]]
    wall: Path | None = None
    basemap: Basemap = NO_BASEMAP
    map_attribution: str = ""
    now_us: Callable[[], int] = SystemClock().utc_us


def _deps(request: Request) -> ApiDeps:
    deps: ApiDeps = request.app.state.deps
    return deps


def _visitor(request: Request) -> Client:
    address = request.client.host if request.client else ""
    return Client(address, request.headers.get("user-agent", "")[:256])


Deps = Annotated[ApiDeps, Depends(_deps)]
Visitor = Annotated[Client, Depends(_visitor)]
"""Where the request came from."""

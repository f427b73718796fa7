"""What the api's routes are made of, handed over by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

from fastapi import Depends, Request

from camera_registry.base.clock import SystemClock
from camera_registry.registry import CameraRegistry
from camera_registry.units import Units
from ioc_api.accounts import Accounts, SetupLinks, Tokens
from ioc_api.auth import Authenticator
from ioc_api.count_recorder import CountStore
from ioc_api.push import PushHub
from ioc_api.records import EventStore
from ioc_api.state_cache import StateCache


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
    registry: CameraRegistry
    units: Units
    events: EventStore
    counts: CountStore
    blobs: BlobReader
    states: StateCache
    push: PushHub
    config: PublicConfig
    readiness: Callable[[], Mapping[str, bool]]
    wall: Path | None = None
    now_us: Callable[[], int] = SystemClock().utc_us


def _deps(request: Request) -> ApiDeps:
    deps: ApiDeps = request.app.state.deps
    return deps


Deps = Annotated[ApiDeps, Depends(_deps)]

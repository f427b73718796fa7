"""The services over the database: the same for the api and for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from camera_registry.mirror import Mirror
from camera_registry.registry import CameraRegistry
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from ioc_api.accounts import Accounts, SetupLinks, Tokens
from ioc_api.adapters.accounts_sql import SqlAccountStore
from ioc_api.auth import Authenticator, SessionPolicy
from ioc_api.compose.common import open_vault
from ioc_api.passwords import Passwords
from ioc_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Accounts, access and the registry on one database."""

    units: Units
    accounts: Accounts
    setup: SetupLinks
    tokens: Tokens
    authenticator: Authenticator
    registry: CameraRegistry


def authenticator(settings: Settings, database: Database, clock: Clock) -> Authenticator:
    """Make what proves who somebody is."""
    policy = SessionPolicy(
        absolute_s=int(timedelta(hours=settings.session_hours).total_seconds()),
        idle_s=int(timedelta(hours=settings.session_idle_hours).total_seconds()),
    )
    return Authenticator(SqlAccountStore(database), clock, policy)


def make_services(
    settings: Settings, database: Database, clock: Clock, bus: Bus | None
) -> Services:
    """Make the services; without a bus, changes of cameras reach the workers through the api."""
    units = Units.load()
    store = SqlAccountStore(database)
    accounts = Accounts(store, Passwords(), units, clock)
    registry = CameraRegistry(
        SqlCameraStore(database),
        open_vault(settings),
        units,
        UrlPolicy.parse(settings.camera_networks, loopback=settings.loopback),
        clock,
        Mirror(bus) if bus is not None else None,
    )
    return Services(
        units=units,
        accounts=accounts,
        setup=SetupLinks(store, accounts, clock),
        tokens=Tokens(store, accounts, clock),
        authenticator=authenticator(settings, database, clock),
        registry=registry,
    )

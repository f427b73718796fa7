"""The services over the database: the same for the api and for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from camera_registry.adapters.areas_sql import SqlAreaStore
from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.adapters.groups_sql import SqlGroupStore
from camera_registry.adapters.likely_cameras_sql import SqlLikelyCameras
from camera_registry.adapters.map_sql import SqlMapStore
from camera_registry.adapters.passwords_sql import SqlPasswordStore
from camera_registry.adapters.shared_sql import SqlSharedStore
from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from camera_registry.groups import CameraGroups
from camera_registry.map_view import MapStore
from camera_registry.mirror import Mirror
from camera_registry.naming import CodeScheme
from camera_registry.passwords.service import PasswordChanges
from camera_registry.registry import CameraRegistry
from camera_registry.shared_credentials import SharedCredentials
from camera_registry.unit_areas import UnitAreas
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from ioc_api.access.accounts import Accounts
from ioc_api.access.auth import Authenticator, SessionPolicy
from ioc_api.access.brake import Brake
from ioc_api.access.grant_rules import GrantRules
from ioc_api.access.log import AccessLog
from ioc_api.access.login import Login
from ioc_api.access.oidc import Oidc
from ioc_api.access.passwords import Passwords
from ioc_api.access.second_step import SecondStep
from ioc_api.access.services import Access
from ioc_api.access.setup_links import SetupLinks
from ioc_api.access.tokens import Tokens
from ioc_api.adapters.access_sql import SqlAccessLogStore, SqlAttemptStore, SqlTotpStore
from ioc_api.adapters.accounts_sql import SqlAccountStore
from ioc_api.adapters.credentials_sql import SqlCredentialStore
from ioc_api.adapters.grants_sql import SqlGroupNames
from ioc_api.adapters.setup_sql import SqlSetupStore
from ioc_api.compose.common import open_vault, open_weak
from ioc_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Accounts, access and the registry on one database."""

    units: Units
    accounts: Accounts
    setup: SetupLinks
    tokens: Tokens
    access: Access
    authenticator: Authenticator
    registry: CameraRegistry
    groups: CameraGroups
    credentials: SharedCredentials
    passwords: PasswordChanges
    areas: UnitAreas
    maps: MapStore


def authenticator(settings: Settings, database: Database, clock: Clock) -> Authenticator:
    """Make what proves who somebody is."""
    policy = SessionPolicy(
        absolute_s=int(timedelta(hours=settings.session_hours).total_seconds()),
        idle_s=int(timedelta(hours=settings.session_idle_hours).total_seconds()),
        totp_for_administrators=settings.totp_for_administrators,
    )
    return Authenticator(SqlCredentialStore(database), clock, policy)


def make_services(
    settings: Settings, database: Database, clock: Clock, bus: Bus | None
) -> Services:
    """Make the services; without a bus, changes of cameras reach the workers through the api."""
    units = Units.load()
    vault = open_vault(settings)
    store, passwords = SqlAccountStore(database), Passwords()
    rules = GrantRules(units, SqlGroupNames(database))
    accounts = Accounts(store, passwords, rules, clock)
    brake = Brake(SqlAttemptStore(database), clock)
    second = SecondStep(SqlTotpStore(database), vault, clock)
    access_log = AccessLog(SqlAccessLogStore(database), clock)
    login = Login(store, passwords, second, brake, access_log, clock)
    auth = authenticator(settings, database, clock)
    providers = [each.provider() for each in settings.oidc]
    oidc = Oidc(providers, store, auth, vault, units, access_log, clock)
    weak = open_weak(settings)
    registry = CameraRegistry(
        SqlCameraStore(database, CodeScheme(settings.camera_code_scheme), units),
        vault,
        units,
        UrlPolicy.parse(settings.camera_networks, loopback=settings.loopback),
        clock,
        Mirror(bus) if bus is not None else None,
        weak,
    )
    return Services(
        units=units,
        accounts=accounts,
        setup=SetupLinks(SqlSetupStore(database), accounts, clock),
        tokens=Tokens(SqlCredentialStore(database), rules, clock),
        access=Access(login, second, brake, access_log, oidc),
        authenticator=auth,
        registry=registry,
        groups=CameraGroups(SqlGroupStore(database), registry, units, clock),
        credentials=SharedCredentials(
            SqlSharedStore(database), registry, vault, units, clock, weak
        ),
        passwords=PasswordChanges(
            SqlPasswordStore(database), registry, SqlLikelyCameras(database), vault, clock
        ),
        areas=UnitAreas(SqlAreaStore(database), units, clock),
        maps=SqlMapStore(database),
    )

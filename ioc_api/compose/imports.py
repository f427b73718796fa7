"""Puts the bulk import together."""

from __future__ import annotations

from camera_registry.adapters.cameras_bulk import BulkCameras
from camera_registry.adapters.database import Database
from camera_registry.adapters.imports_sql import SqlImportStore
from camera_registry.base.clock import Clock
from camera_registry.imports.files import Files
from camera_registry.imports.service import ImportParts, Imports
from camera_registry.naming import CodeScheme
from camera_registry.registry import CameraRegistry
from camera_registry.unit_areas import UnitAreas
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from camera_registry.weak import WeakCredentials
from ioc_api.compose.common import open_vault, open_weak
from ioc_api.compose.services import Services
from ioc_api.settings import Settings


def make_imports(
    database: Database,
    registry: CameraRegistry,
    vault: Vault,
    units: Units,
    policy: UrlPolicy,
    files: Files,
    clock: Clock,
    scheme: CodeScheme,
    areas: UnitAreas,
    weak: WeakCredentials,
) -> Imports:
    """Make the imports over one database."""

    return Imports(
        ImportParts(
            store=SqlImportStore(database, BulkCameras(database, scheme, units)),
            files=files,
            registry=registry,
            vault=vault,
            units=units,
            policy=policy,
            clock=clock,
            boundaries=areas.areas,
            weak=weak.is_weak,
        )
    )


def imports_of(
    settings: Settings, services: Services, database: Database, files: Files, clock: Clock
) -> Imports:
    """Make the imports of an api."""
    return make_imports(
        database,
        services.registry,
        open_vault(settings),
        services.units,
        UrlPolicy.parse(settings.camera_networks, loopback=settings.loopback),
        files,
        clock,
        CodeScheme(settings.camera_code_scheme),
        services.areas,
        open_weak(settings),
    )

"""Puts the bulk edits together."""

from __future__ import annotations

from camera_registry.adapters.cameras_bulk import BulkCameras
from camera_registry.adapters.database import Database
from camera_registry.adapters.edits_sql import SqlEditStore
from camera_registry.base.clock import Clock
from camera_registry.edits.service import Edits
from camera_registry.naming import CodeScheme
from ioc_api.compose.services import Services
from ioc_api.settings import Settings


def edits_of(settings: Settings, services: Services, database: Database, clock: Clock) -> Edits:
    """Make the bulk edits of an api or of a command."""
    bulk = BulkCameras(database, CodeScheme(settings.camera_code_scheme), services.units)
    return Edits(SqlEditStore(database, bulk), services.registry, services.groups, clock)

"""Puts the keeping of quality together."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from camera_registry.adapters.database import Database
from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from camera_registry.health.ports import HealthStore
from camera_registry.jobs import JobDesk
from camera_registry.naming import CodeScheme
from camera_registry.quality.score import Judge
from camera_registry.quality.standard import Standard
from camera_registry.registry import CameraRegistry
from camera_registry.unit_areas import UnitAreas
from camera_registry.units import Units
from ioc_api.adapters.quality_sql import SqlQualityStore
from ioc_api.quality.desk import QualityDesk
from ioc_api.quality.keeper import QualityKeeper
from ioc_api.quality.measuring import Measuring
from ioc_api.quality.service import QualityService
from ioc_api.quality.uses import UseCounter
from ioc_api.settings import Settings
from ioc_api.state_cache import StateCache


def make_quality(
    settings: Settings,
    database: Database,
    bus: Bus,
    registry: CameraRegistry,
    areas: UnitAreas,
    units: Units,
    health: HealthStore,
    states: StateCache,
    jobs: JobDesk,
    clock: Clock,
) -> QualityService:
    """Make what keeps the quality of cameras. Raises ConfigError for a broken standard."""
    own = Path(settings.quality_standard) if settings.quality_standard else None
    scheme = CodeScheme(settings.camera_code_scheme)
    judge = Judge(Standard.load(own), scheme, units.__contains__)
    store = SqlQualityStore(database)
    zone = ZoneInfo(settings.time_zone)
    desk = QualityDesk(store, health, areas, states, judge, zone, clock)
    return QualityService(
        desk,
        QualityKeeper(desk, settings.quality_days, clock),
        UseCounter(bus, store, desk.now, clock),
        Measuring(jobs, registry, store, desk.now, clock, settings.quality_probe_days),
    )

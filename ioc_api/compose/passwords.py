"""Puts together what changes passwords: by workers where there is a desk for jobs."""

from __future__ import annotations

from camera_registry.adapters.database import Database
from camera_registry.adapters.passwords_sql import SqlPasswordStore
from camera_registry.base.clock import Clock
from camera_registry.jobs import JobDesk
from camera_registry.passwords.runner import PasswordRunner
from ioc_api.compose.common import open_vault
from ioc_api.compose.services import Services
from ioc_api.settings import Settings


def make_password_runner(
    settings: Settings, database: Database, services: Services, jobs: JobDesk | None, clock: Clock
) -> PasswordRunner:
    """Return the runner; without ``jobs`` it changes the vault only."""
    return PasswordRunner(
        services.passwords,
        SqlPasswordStore(database),
        services.registry,
        open_vault(settings),
        jobs,
        clock,
    )

"""What the commands of the registry run in: a database of their own, and no bus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from camera_registry.base.clock import SystemClock
from camera_registry.registry import CameraRegistry
from ioc_api.cli.base import run_tool
from ioc_api.compose.database import opened_database
from ioc_api.compose.services import Services, make_services
from ioc_api.settings import Settings


def run_registry(settings: Settings, work: Callable[[CameraRegistry], Awaitable[None]]) -> None:
    """Run something on the registry."""
    run_services(settings, lambda services: work(services.registry))


def run_services(settings: Settings, work: Callable[[Services], Awaitable[None]]) -> None:
    """Run something on all services of the registry."""

    async def opened() -> None:
        async with opened_database(settings, migrate=True) as database:
            await work(make_services(settings, database, SystemClock(), None))

    run_tool(opened(), settings)

"""The connection of a role to the bus; commands that need none do without its libraries."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.errors import ConfigError
from ioc_api.settings import Settings


@contextlib.asynccontextmanager
async def connected_bus(settings: Settings, name: str) -> AsyncIterator[NatsBus]:
    """Connect to NATS for the time of the block. Raises ConfigError, UnavailableError."""
    url = settings.nats_url.get_secret_value()
    if not url:
        raise ConfigError(
            "CAMHUB_NATS_URL is not set",
            hint="give nats://token@host:4222, or run everything with `camhub up`",
            code="nats_url",
        )
    bus = await NatsBus.connect(url, name=name, replicas=settings.nats_replicas)
    try:
        yield bus
    finally:
        await bus.close()

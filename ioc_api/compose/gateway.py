"""Puts a gateway together: the only role that browsers get media from."""

from __future__ import annotations

import asyncio
import os
import socket

from camera_registry.base.clock import SystemClock
from ioc_api.compose.bus import connected_bus
from ioc_api.compose.common import run_until, stop_requested
from ioc_api.compose.database import opened_database
from ioc_api.compose.http import serve
from ioc_api.compose.services import authenticator
from ioc_api.live.app import GatewayDeps, create_gateway_app
from ioc_api.live.directory import SpecDirectory
from ioc_api.live.hub import LiveHub
from ioc_api.settings import Settings
from ioc_api.state_cache import StateCache
from ioc_api.web.ops_routes import add_ops_routes


async def run_gateway(settings: Settings) -> None:
    """Serve live video until SIGTERM."""
    clock = SystemClock()
    stop = stop_requested()
    async with (
        connected_bus(settings, "gateway") as bus,
        opened_database(settings, migrate=False) as database,
        LiveHub(bus, clock, f"{socket.gethostname()}-{os.getpid()}") as hub,
    ):
        directory = SpecDirectory(bus)
        states = StateCache(bus, clock)
        await directory.start()
        await states.start()
        app = create_gateway_app(
            GatewayDeps(
                hub=hub,
                auth=authenticator(settings, database, clock),
                directory=directory,
                states=states,
                clock=clock,
                allowed_origins=settings.allowed_origins,
            )
        )
        add_ops_routes(app, lambda: {"bus": bus.connected, "live": hub.healthy})
        try:
            await run_until(asyncio.Event(), serve(app, settings, stop), states.run())
        finally:
            await states.stop()
            await directory.stop()

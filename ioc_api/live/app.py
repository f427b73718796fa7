"""The gateway's web application: what it is made of and its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI
from starlette.websockets import WebSocket

from camera_registry.base.clock import Clock
from ioc_api.live.hub import LiveHub
from ioc_api.live.ports import Authentication, CameraDirectory, StateSource
from ioc_api.live.wall_socket import SocketLimits
from ioc_api.live.ws import WallService


@dataclass(frozen=True, slots=True)
class GatewayDeps:
    """What the composition root hands over. ``hub`` is started and ended by it, not here."""

    hub: LiveHub
    auth: Authentication
    directory: CameraDirectory
    states: StateSource
    clock: Clock
    allowed_origins: Collection[str] = ()
    socket_limits: SocketLimits = field(default_factory=SocketLimits)


def create_gateway_app(deps: GatewayDeps) -> FastAPI:
    """Build the application; ``/metrics`` and health are added by the composition root."""
    wall = WallService(
        deps.hub,
        deps.auth,
        deps.directory,
        deps.states,
        deps.clock,
        allowed_origins=deps.allowed_origins,
        limits=deps.socket_limits,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    app = FastAPI(title="camhub gateway", docs_url=None, redoc_url=None, lifespan=lifespan)

    @app.websocket("/live/ws")
    async def live_ws(websocket: WebSocket) -> None:
        await wall.serve(websocket)

    return app

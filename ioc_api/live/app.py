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
from ioc_api.live.routes import whep_router
from ioc_api.live.wall_socket import SocketLimits
from ioc_api.live.whep import WhepLimits, WhepService
from ioc_api.live.whep_session import IceOptions
from ioc_api.live.ws import WallService
from ioc_api.web import problems
from ioc_api.web.middleware import ProtectiveHeaders
from ioc_api.web.openapi import describe, document_router


@dataclass(frozen=True, slots=True)
class GatewayDeps:
    """What the composition root hands over, and itself starts and ends."""

    hub: LiveHub
    auth: Authentication
    directory: CameraDirectory
    states: StateSource
    clock: Clock
    allowed_origins: Collection[str] = ()
    ice: IceOptions = field(default_factory=IceOptions)
    socket_limits: SocketLimits = field(default_factory=SocketLimits)
    whep_limits: WhepLimits = field(default_factory=WhepLimits)


def create_gateway_app(deps: GatewayDeps) -> FastAPI:
    """Build the application. Metrics and health are added by whoever serves it."""
    wall = WallService(
        deps.hub,
        deps.auth,
        deps.directory,
        deps.states,
        deps.clock,
        allowed_origins=deps.allowed_origins,
        limits=deps.socket_limits,
    )
    whep = WhepService(
        deps.hub,
        deps.auth,
        deps.directory,
        deps.clock,
        ice=deps.ice,
        limits=deps.whep_limits,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await whep.close()

    app = FastAPI(
        title="camhub gateway", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    app.state.authenticator = deps.auth
    problems.install(app)
    describe(app)
    app.include_router(whep_router(whep))
    app.include_router(document_router("/live/openapi.json"))

    app.add_middleware(ProtectiveHeaders)

    @app.websocket("/live/ws")
    async def live_ws(websocket: WebSocket) -> None:
        # Declares nothing: OpenAPI knows no WebSockets. WallService enforces rights.ACTION.
        await wall.serve(websocket)

    return app

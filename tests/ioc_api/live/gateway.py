"""A gateway on a real socket for the tests, with accounts that a test changes by hand."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import uvicorn

from camera_registry.base.bus import Bus
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import UnauthenticatedError
from camera_registry.base.ids import new_id
from camera_registry.scope import Scope
from ioc_api.access.auth import SESSION_COOKIE
from ioc_api.access.rbac import Grant, Principal, Role
from ioc_api.live.app import GatewayDeps, create_gateway_app
from ioc_api.live.directory import SpecDirectory
from ioc_api.live.feed import HubLimits
from ioc_api.live.hub import LiveHub
from ioc_api.live.ports import Authentication
from ioc_api.live.queues import QueueLimits
from ioc_api.live.wall_socket import SocketLimits
from ioc_api.live.whep import WhepLimits
from ioc_api.state_cache import StateCache

UNIT, OTHER_UNIT = "26734", "26740"
TOKEN = "chb_test"
HUB = HubLimits(demand_every_s=0.2, silence_s=1.0, starved_s=0.2, linger_s=0.5)
LIMITS = SocketLimits(
    tiles=4,
    sockets_per_principal=8,
    recheck_s=0.2,
    burst=40,
    rate=20,
    queue=QueueLimits(tile_bytes=24 << 20, viewer_bytes=64 << 20, seconds=3.0),
)
WHEP = WhepLimits(sessions_per_principal=3, picture_s=2.0, connect_s=15.0, recheck_s=0.2)


@dataclass
class Accounts:
    """One operator of one unit, by bearer token or cookie; ``valid`` and ``units`` may change."""

    valid: bool = True
    units: frozenset[str] = frozenset({UNIT})
    role: Role = Role.OPERATOR
    asked: int = 0

    async def from_request(
        self, headers: Mapping[str, str], cookies: Mapping[str, str], *, method: str = "GET"
    ) -> Principal:
        if headers.get("authorization") == f"Bearer {TOKEN}":
            return self._principal(by_cookie=False)
        if cookies.get(SESSION_COOKIE) == TOKEN:
            return self._principal(by_cookie=True)
        raise UnauthenticatedError("Nobody is signed in")

    async def recheck(self, principal: Principal) -> Principal | None:
        self.asked += 1
        if not self.valid:
            return None
        return replace(principal, grants=self._principal(by_cookie=False).grants)

    def _principal(self, *, by_cookie: bool) -> Principal:
        grants = (Grant(self.role, Scope.of(self.units)),)
        return Principal("u1", "operator", "Operator", grants, "c1", by_cookie)


@dataclass
class Gateway:
    """A running gateway."""

    port: int
    hub: LiveHub
    directory: SpecDirectory
    states: StateCache
    accounts: Accounts = field(default_factory=Accounts)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


@asynccontextmanager
async def running(
    bus: Bus,
    limits: SocketLimits = LIMITS,
    whep: WhepLimits = WHEP,
    auth: Authentication | None = None,
) -> AsyncIterator[Gateway]:
    """Serve a gateway on a free port of the loopback address."""
    clock = SystemClock()
    accounts = Accounts()
    directory, states = SpecDirectory(bus), StateCache(bus, clock)
    await directory.start()
    await states.start()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    async with LiveHub(bus, clock, f"gw{new_id(1)}", HUB) as hub:
        app = create_gateway_app(
            GatewayDeps(
                hub,
                auth or accounts,
                directory,
                states,
                clock,
                allowed_origins=("https://wall.example",),
                socket_limits=limits,
                whep_limits=whep,
            )
        )
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, ws_per_message_deflate=False, lifespan="on")
        )
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield Gateway(listener.getsockname()[1], hub, directory, states, accounts)
        server.should_exit = True
        await serving
    await states.stop()
    await directory.stop()

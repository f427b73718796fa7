"""The gateway with real accounts: every role and scope on the WebSocket, sessions that end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from camera_registry.base.bus import Bus
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from camera_registry.scope import Scope
from ioc_api.access.auth import CSRF_HEADER, SESSION_COOKIE, csrf_token
from ioc_api.access.rbac import ROLE_ACTIONS, Action, Grant, Role
from tests.ioc_api.hub import PASSWORD, UNIT_A, UNIT_B, Hub
from tests.ioc_api.live.gateway import Gateway, running
from tests.ioc_api.live.studio import Studio, clip, register
from tests.waiting import eventually


@dataclass
class Site:
    api: Hub
    gateway: Gateway
    studio: Studio

    async def ask(self, socket: ClientConnection) -> dict[str, Any] | int:
        """Watch the camera; return the first thing that is said, or the close code."""
        tiles = [{"tile": 0, "camera": self.studio.camera_id}]
        try:
            await socket.send(json.dumps({"type": "watch", "tiles": tiles}))
            told: dict[str, Any] = json.loads(await socket.recv())
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else 0
        return told

    async def session(self) -> str:
        """Sign an operator of the camera's unit in."""
        grants = [Grant(Role.OPERATOR, Scope.of([UNIT_A]))]
        account = await self.api.deps.accounts.create("opa", PASSWORD, "", grants, Scope.all())
        return await self.api.deps.authenticator.open_session(account.id)

    def open(self, **headers: str) -> Any:
        return connect(
            f"ws://{self.gateway.host}/live/ws", additional_headers=headers, max_size=None
        )


@pytest.fixture
async def site(bus: Bus, api: Hub) -> AsyncIterator[Site]:
    camera = new_id(SystemClock().utc_us())
    studio = Studio(bus, camera)
    studio.hold = clip(3)
    await register(bus, camera, UNIT_A)
    await studio.start()
    async with running(bus, auth=api.deps.authenticator) as gateway:
        await eventually(lambda: gateway.directory.unit_of(camera) == UNIT_A)
        yield Site(api, gateway, studio)
    await studio.stop()


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    ("scope", "reaches"),
    [(Scope.all(), True), (Scope.of([UNIT_A]), True), (Scope.of([UNIT_B]), False)],
    ids=["city", "own", "other"],
)
async def test_every_role_in_every_scope(
    site: Site, role: Role, scope: Scope, reaches: bool
) -> None:
    token = await site.api.token(role, scope)
    async with site.open(Authorization=f"Bearer {token}") as socket:
        told = await site.ask(socket)
    if Action.LIVE_VIEW not in ROLE_ACTIONS[role]:
        assert told == 4403
    else:
        assert isinstance(told, dict)
        assert told["type"] == ("tile" if reaches else "denied")


async def test_signing_out_closes_the_wall(site: Site) -> None:
    secret = await site.session()
    cookie = {"Cookie": f"{SESSION_COOKIE}={secret}", "Origin": f"http://{site.gateway.host}"}
    async with site.open(**cookie) as socket:
        told = await site.ask(socket)
        assert isinstance(told, dict)
        assert told["type"] == "tile"
        principal = await site.api.deps.authenticator.from_request({}, {SESSION_COOKIE: secret})
        await site.api.deps.authenticator.close_session(principal)
        async with asyncio.timeout(60):
            await socket.wait_closed()
        assert socket.close_code == 4401
    async with site.open(**cookie) as socket:
        assert await site.ask(socket) == 4401


async def test_a_revoked_token_closes_the_wall(site: Site) -> None:
    tokens = site.api.deps.tokens
    grants = [Grant(Role.OPERATOR, Scope.all())]
    token, secret = await tokens.create("wall", grants, Scope.all())
    async with site.open(Authorization=f"Bearer {secret}") as socket:
        await site.ask(socket)
        await tokens.revoke(token.id, Scope.all())
        async with asyncio.timeout(60):
            await socket.wait_closed()
        assert socket.close_code == 4401


async def test_whep_by_cookie_needs_the_csrf_token(site: Site) -> None:
    secret = await site.session()
    path = f"http://{site.gateway.host}/live/whep/{site.studio.camera_id}"
    headers = {"Content-Type": "application/sdp", "Cookie": f"{SESSION_COOKIE}={secret}"}
    async with httpx.AsyncClient() as http:
        without = await http.post(path, content="no offer", headers=headers)
        headers[CSRF_HEADER] = csrf_token(secret)
        with_token = await http.post(path, content="no offer", headers=headers)
    assert (without.status_code, without.json()["code"]) == (403, "csrf")
    assert (with_token.status_code, with_token.json()["code"]) == (422, "bad_offer")

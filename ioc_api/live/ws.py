"""GET /live/ws: who may open it, how many, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Collection

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, ForbiddenError, UnauthenticatedError
from ioc_api.access.rbac import Principal
from ioc_api.live import metrics
from ioc_api.live.hub import LiveHub
from ioc_api.live.origin import origin_allowed
from ioc_api.live.ports import Authentication, CameraDirectory, StateSource
from ioc_api.live.rights import Rights
from ioc_api.live.wall_socket import ClosedError, SocketLimits, WallSocket

log = structlog.get_logger(__name__)

_CLOSE_TIMEOUT_S = 5.0


class WallService:
    """Opens and counts the WebSockets of this gateway."""

    def __init__(
        self,
        hub: LiveHub,
        auth: Authentication,
        directory: CameraDirectory,
        states: StateSource,
        clock: Clock,
        *,
        allowed_origins: Collection[str] = (),
        limits: SocketLimits | None = None,
    ) -> None:
        self._hub = hub
        self._auth = auth
        self._directory = directory
        self._states = states
        self._clock = clock
        self._allowed_origins = frozenset(allowed_origins)
        self._limits = limits or SocketLimits()
        self._open: Counter[str] = Counter()

    async def serve(self, websocket: WebSocket) -> None:
        """Handle one connection from its handshake to its end.

        A wrong origin is refused in the handshake (HTTP 403). Everything else is told by a close
        code after it, because a browser shows its script nothing of a refused handshake.
        """
        origin = websocket.headers.get("origin", "")
        host = websocket.headers.get("host", "")
        if origin and not origin_allowed(origin, host, self._allowed_origins):
            log.warning("live_origin_refused", origin=origin[:200], host=host[:200])
            await websocket.close()
            return
        try:
            principal = await self._auth.from_request(websocket.headers, websocket.cookies)
            if principal.by_cookie and not origin:
                # Every browser names the page's origin: this cookie came by another way.
                await websocket.close()
                return
            rights = Rights(self._auth, self._directory, self._clock, principal)
        except CamhubError as error:
            await websocket.accept()
            await self._end(websocket, _closing(error))
            return
        await websocket.accept()
        ended = await self._run(websocket, principal, rights)
        if ended is not None:
            await self._end(websocket, ended)

    async def _run(
        self, websocket: WebSocket, principal: Principal, rights: Rights
    ) -> ClosedError | None:
        if (
            self._open.total() >= self._limits.sockets
            or self._open[principal.id] >= self._limits.sockets_per_principal
        ):
            return ClosedError(1013, "too many live connections")
        self._open[principal.id] += 1
        metrics.SOCKETS.inc()
        log.info("wall_opened", principal=principal.id)
        try:
            return await WallSocket(
                websocket, rights, self._hub, self._states, self._clock, self._limits
            ).run()
        finally:
            self._open[principal.id] -= 1
            if not self._open[principal.id]:
                del self._open[principal.id]
            metrics.SOCKETS.dec()
            log.info("wall_closed", principal=principal.id)

    async def _end(self, websocket: WebSocket, ended: ClosedError) -> None:
        # A client that does not read would keep the close waiting; then the server cuts it off.
        with contextlib.suppress(WebSocketDisconnect, TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await websocket.close(ended.code, ended.reason)


def _closing(error: CamhubError) -> ClosedError:
    if isinstance(error, UnauthenticatedError):
        return ClosedError(4401, error.message)
    if isinstance(error, ForbiddenError):
        return ClosedError(4403, error.message)
    return ClosedError(1013, error.message)

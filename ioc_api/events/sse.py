"""The HTTP answer that carries a push client's frames."""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from camera_registry.base.errors import CamhubError
from ioc_api.events.push import PushClient

log = structlog.get_logger(__name__)


class StreamResponse(Response):
    """Sends a client's frames; a client that takes nothing for ``send_s`` is let go."""

    media_type = "text/event-stream"

    def __init__(self, client: PushClient) -> None:
        super().__init__()
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run until either side ends."""
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_disconnect(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            done = await asyncio.gather(sending, leaving, return_exceptions=True)
        if isinstance(done[0], Exception):
            raise done[0]

    async def _send(self, send: Send) -> None:
        try:
            async with contextlib.aclosing(self._client.frames()) as frames:
                async for frame in frames:
                    async with asyncio.timeout(self._client.send_s):
                        await send({"type": "http.response.body", "body": frame, "more_body": True})
        except TimeoutError:
            # Returning without the last chunk makes the server drop the connection.
            log.info("push_client_too_slow")
            return
        except CamhubError as error:
            log.warning("push_ended", reason=error.message)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

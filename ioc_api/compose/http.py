"""Runs an ASGI application on uvicorn under our own signals, and says clearly when it cannot."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import ConfigError
from ioc_api.hosting.tls import load_tls
from ioc_api.settings import Settings

_GRACE_S = 2
_BACKLOG = 512
_UNSENT_MS = 30_000


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the role, which has more than HTTP to stop."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket. Raises ConfigError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise ConfigError(
            f"port {port} on {host} cannot be used: {error.strerror}",
            hint="stop what uses it, or choose another with --port",
            code="port_in_use",
        ) from error
    # inherited by each connection: a client that takes nothing any more must not keep it for ever
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNSENT_MS)
    made.listen(_BACKLOG)
    return made


async def serve(app: FastAPI, settings: Settings, stop: asyncio.Event) -> None:
    """Serve until ``stop``; open streams get two seconds to end."""
    listening = listen(settings.host, settings.port)
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=_GRACE_S,
        ws_max_size=64 * 1024,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=64 * 1024,
    )
    tls = load_tls(settings.tls_cert, settings.tls_key)
    if tls is not None:
        config.load()
        config.ssl = tls.context
    server = _Server(config)

    async def end() -> None:
        await stop.wait()
        server.should_exit = True

    tasks = [asyncio.create_task(end())]
    if tls is not None:
        tasks.append(asyncio.create_task(tls.watch(SystemClock())))
    try:
        await server.serve(sockets=[listening])
    finally:
        for task in tasks:
            task.cancel()
        listening.close()

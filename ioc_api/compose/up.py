"""`camhub up`: the whole hub on one machine, as child processes of this one."""

from __future__ import annotations

import asyncio
import json
import math
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from camera_registry.base.clock import Clock, SystemClock
from camera_registry.base.errors import ConfigError, StorageError
from ioc_api.compose.common import run_until, stop_requested
from ioc_api.compose.database import opened_database
from ioc_api.compose.demo import register_demo
from ioc_api.compose.services import make_services
from ioc_api.hosting.edge import Edge
from ioc_api.hosting.nats_embedded import free_port, prepare
from ioc_api.hosting.supervisor import Role, Supervisor
from ioc_api.hosting.tls import load_tls
from ioc_api.settings import Settings

log = structlog.get_logger(__name__)

_PROBE_TIMEOUT_S = 2.0
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What only `camhub up` is asked: demo cameras, the ready file, and where to say things."""

    demo: int
    ready_file: Path | None
    say: Callable[[str], None]


async def run_up(settings: Settings, options: UpOptions) -> None:
    """Start everything, say where it is, and keep it running until SIGINT or SIGTERM.

    Raises ConfigError, StorageError or ChildFailedError, with nothing left running.
    """
    clock = SystemClock()
    stop = stop_requested()
    if options.ready_file is not None:
        options.ready_file.unlink(missing_ok=True)
    if options.demo:
        settings = settings.model_copy(update={"camera_loopback": True})
    _claim(settings.data)
    hub = _Hub(settings, options, clock)
    try:
        await _unless(stop, hub.start())
        if not stop.is_set():
            await run_until(stop, hub.keep())
    finally:
        options.say("stopping …")
        await hub.stop()


def worker_width(settings: Settings, cores: int) -> tuple[int, int]:
    """Return how many workers run and how many analysis threads each has: all cores together.

    A worker per core, each as wide as its core, unless the settings say otherwise.
    """
    workers = settings.workers or cores
    return workers, settings.worker_threads or max(1, math.ceil(cores / workers))


class _Hub:
    def __init__(self, settings: Settings, options: UpOptions, clock: Clock) -> None:
        self._settings = settings
        self._options = options
        self._clock = clock
        self._supervisor = Supervisor(settings.data / "logs", clock, on_start=self._write_ready)
        self._ready: dict[str, str | None] = {}
        self._api_port = free_port()
        self._gateway_port = free_port()
        self._ops = {"api": self._api_port, "gateway": self._gateway_port}
        self._tls = load_tls(settings.tls_cert, settings.tls_key)
        self._edge = Edge(
            (_LOOPBACK, self._api_port),
            (_LOOPBACK, self._gateway_port),
            tls=self._tls.context if self._tls else None,
            trusted=settings.trusted_proxies,
        )

    async def start(self) -> None:
        settings = self._settings
        # the port is taken first: a hub that cannot be reached must not start anything
        port = await self._edge.start(settings.host, settings.port)
        setup = await self._prepare_database()
        environment = {}
        if not settings.nats_url.get_secret_value():
            embedded = prepare(settings.data)
            await self._supervisor.start(
                Role("nats", tuple(embedded.command()), _tcp(embedded.port))
            )
            environment["CAMHUB_NATS_URL"] = embedded.url
        # decided here, by the address that people reach: the roles behind the edge are on loopback
        environment["CAMHUB_CAMERA_LOOPBACK"] = str(settings.loopback)
        # https and the proxies in front end at the edge, which is the only proxy of the roles
        environment |= {
            "CAMHUB_TLS_CERT": "",
            "CAMHUB_TLS_KEY": "",
            "CAMHUB_TRUSTED_PROXIES": _LOOPBACK,
        }
        environment = {**settings.for_child(), **environment}
        await self._start_demo(environment)
        await self._supervisor.start(
            self._api(environment), self._gateway(environment), *self._workers(environment)
        )
        url = f"{'https' if self._tls else 'http'}://{_shown(settings.host)}:{port}"
        link = f"{url}/#/setup/{setup}" if setup else None
        self._announce(url, link)
        self._ready = {"url": url, "setup_link": link}
        self._write_ready()
        self._options.say("Ctrl-C stops everything.")

    async def keep(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._supervisor.keep())
            if self._tls is not None:
                group.create_task(self._tls.watch(self._clock))

    async def stop(self) -> None:
        await self._edge.stop()
        await self._supervisor.stop()
        if self._options.ready_file is not None:
            self._options.ready_file.unlink(missing_ok=True)

    async def _prepare_database(self) -> str | None:
        """Migrate, and return the token of a set-up link where nobody has an account yet."""
        async with opened_database(self._settings, migrate=True) as database:
            services = make_services(self._settings, database, self._clock, None)
            return await services.setup.create()

    async def _start_demo(self, environment: dict[str, str]) -> None:
        """Run the demo's cameras, and take out what an earlier run had more of them."""
        port, control = free_port(), free_port()
        if self._options.demo:
            await self._start_simulator(port, control, environment)
        async with opened_database(self._settings, migrate=False) as database:
            services = make_services(self._settings, database, self._clock, None)
            await register_demo(services.registry, self._options.demo, port)

    async def _start_simulator(self, port: int, control: int, environment: dict[str, str]) -> None:
        self._options.say("starting the demo cameras; new scenes are drawn first, see the log …")
        await self._supervisor.start(
            Role(
                "simulator",
                _camhub(
                    "simulate",
                    "--demo",
                    str(self._options.demo),
                    "--port",
                    str(port),
                    "--control-port",
                    str(control),
                ),
                _tcp(port),
                environment,
            )
        )

    def _api(self, environment: dict[str, str]) -> Role:
        return Role(
            "api",
            _camhub("api"),
            _http(self._api_port),
            {**environment, "CAMHUB_HOST": _LOOPBACK, "CAMHUB_PORT": str(self._api_port)},
        )

    def _gateway(self, environment: dict[str, str]) -> Role:
        return Role(
            "gateway",
            _camhub("gateway"),
            _http(self._gateway_port),
            {**environment, "CAMHUB_HOST": _LOOPBACK, "CAMHUB_PORT": str(self._gateway_port)},
        )

    def _workers(self, environment: dict[str, str]) -> list[Role]:
        roles = []
        workers, threads = worker_width(self._settings, os.cpu_count() or 1)
        for number in range(workers):
            ops_port = self._ops[f"worker-{number}"] = free_port()
            mine = {
                "CAMHUB_HOST": _LOOPBACK,
                "CAMHUB_OPS_PORT": str(ops_port),
                "CAMHUB_WORKER_NAME": f"worker-{number}",
                "CAMHUB_WORKER_THREADS": str(threads),
            }
            roles.append(
                Role(
                    f"worker-{number}",
                    _camhub("worker"),
                    _http(ops_port),
                    {**environment, **mine},
                )
            )
        return roles

    def _write_ready(self) -> None:
        """Write the ready file, also after a restart: the pids in it are those of now."""
        if self._options.ready_file is not None and self._ready:
            body = {
                **self._ready,
                "roles": self._supervisor.pids(),
                "metrics": {
                    name: f"http://{_LOOPBACK}:{port}/metrics" for name, port in self._ops.items()
                },
            }
            _write_whole(self._options.ready_file, json.dumps(body, indent=2) + "\n")

    def _announce(self, url: str, link: str | None) -> None:
        self._options.say("")
        self._options.say(f"  camhub is ready:  {url}")
        if link:
            self._options.say(
                f"  Open this link once to make the first administrator:\n\n    {link}\n"
            )
        else:
            self._options.say("  Sign in with the account that you have made.")
        self._options.say(f"  logs: {self._settings.data / 'logs'}")


async def _unless(stop: asyncio.Event, work: Awaitable[None]) -> None:
    """Do ``work``, but give up as soon as ``stop`` is set."""
    task = asyncio.ensure_future(work)
    waiter = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
    finally:
        for each in (task, waiter):
            each.cancel()
        await asyncio.gather(task, waiter, return_exceptions=True)


def _camhub(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "ioc_api.cli", *arguments)


def _shown(host: str) -> str:
    return socket.gethostname() if host in {"0.0.0.0", "::"} else host


def _tcp(port: int) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        try:
            _, writer = await asyncio.wait_for(
                asyncio.open_connection(_LOOPBACK, port), _PROBE_TIMEOUT_S
            )
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    return ready


def _http(port: int) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(_LOOPBACK, port)
                try:
                    writer.write(b"GET /readyz HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n")
                    return b" 200 " in await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False

    return ready


def _claim(data: Path) -> None:
    """Make the data directory. Raises StorageError."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        probe = data / ".writable"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        raise StorageError(
            f"the data directory {data} cannot be written: {error.strerror}",
            hint="free some space, mend its rights, or choose another with --data",
            code="data_unwritable",
        ) from error


def _write_whole(path: Path, text: str) -> None:
    """Let the file appear whole: who waits for it must not read half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o600)
        draft.rename(path)
    except OSError as error:
        raise ConfigError(
            f"the ready file {path} cannot be written: {error.strerror}",
            hint="choose another with --ready-file",
        ) from error

"""Child processes of `camhub up`: started in order, restarted with back-off, all stopped."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, ConfigError, Kind
from camera_registry.base.tasks import Backoff

log = structlog.get_logger(__name__)

Ready = Callable[[], Awaitable[bool]]

_PR_SET_PDEATHSIG = 1
_LOG_BYTES = 10 * 2**20
_TERM_GRACE_S = 5.0
_POLL_S = 0.1


class ChildFailedError(CamhubError):
    """A child keeps dying; the whole has to stop."""

    kind = Kind.CONFIG


@dataclass(frozen=True, slots=True)
class Role:
    """A process to keep alive. ``environment`` is added to this process's own and may hold secrets;
    ``command`` never does. ``ready`` says whether it answers.
    """

    name: str
    command: tuple[str, ...]
    ready: Ready
    environment: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """When a child counts as one that keeps dying: ``deaths`` within ``window_s`` seconds."""

    deaths: int = 6
    window_s: float = 60.0
    start_timeout_s: float = 60.0


class _Child:
    """One role's process, over all its lives."""

    def __init__(
        self, role: Role, logs: Path, clock: Clock, limits: Limits, on_start: Callable[[], None]
    ) -> None:
        self.role = role
        self._on_start = on_start
        self._clock = clock
        self._limits = limits
        self._process: asyncio.subprocess.Process | None = None
        self._deaths: deque[float] = deque(maxlen=limits.deaths)
        self._tail: deque[str] = deque(maxlen=12)
        self._backoff = Backoff(base_s=0.3, cap_s=10.0)
        self._log = RotatingFileHandler(
            logs / f"{role.name}.log", maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8"
        )
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """Process id, or None while it is down."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start it and wait until it answers. Raises ChildFailedError."""
        await self._spawn()
        deadline = self._clock.monotonic() + self._limits.start_timeout_s
        while not await self.role.ready():
            if self.pid is None:
                raise self._failed(f"{self.role.name} ended while it was starting")
            if self._clock.monotonic() > deadline:
                raise self._failed(
                    f"{self.role.name} did not answer within {self._limits.start_timeout_s:g} s"
                )
            await self._clock.sleep(_POLL_S)

    async def keep(self) -> None:
        """Restart it whenever it ends. Raises ChildFailedError when it keeps ending."""
        while True:
            if self._process is None:
                raise RuntimeError("keep() before start()")
            code = await self._process.wait()
            if self._ending():
                return
            now = self._clock.monotonic()
            self._deaths.append(now)
            full = len(self._deaths) == self._limits.deaths
            if full and now - self._deaths[0] < self._limits.window_s:
                raise self._failed(
                    f"{self.role.name} ended {self._limits.deaths} times within "
                    f"{self._limits.window_s:g} s"
                )
            if len(self._deaths) > 1 and now - self._deaths[-2] > self._limits.window_s:
                self._backoff.reset()
            delay = self._backoff.next_delay()
            log.warning("role_ended", name=self.role.name, code=code, restart_in_s=round(delay, 1))
            await self._clock.sleep(delay)
            if self._ending():
                return
            await self._spawn()
            self._on_start()

    async def stop(self) -> None:
        """Ask it to end, and after five seconds make it."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _TERM_GRACE_S)
            except TimeoutError:
                log.warning("role_killed", name=self.role.name)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        self._log.close()

    def _ending(self) -> bool:
        # read anew each time: stop() runs while keep() waits
        return self._stopping

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self.role.command,
            env={**os.environ, **self.role.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=256 * 1024,
            # a Ctrl-C goes to the supervisor alone, which stops the roles in the right order
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        log.info("role_started", name=self.role.name, pid=self._process.pid)
        if self._process.stdout is not None:
            self._reading = asyncio.create_task(self._copy_log(self._process.stdout))

    _reading: asyncio.Task[None] | None = None

    async def _copy_log(self, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                continue  # a line over the limit: readline has dropped it
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            self._tail.append(text)
            self._log.emit(logging.makeLogRecord({"msg": text}))

    def _failed(self, what: str) -> ChildFailedError:
        last = next((line for line in reversed(self._tail) if line.strip()), "it said nothing")
        return ChildFailedError(
            f"{what}; its last words: {last[-400:]}",
            hint=f"see the log {self._log.baseFilename}",
            code="role_failed",
        )


class Supervisor:
    """Starts roles one after another, keeps them alive, and stops them in the reverse order.

    ``on_start`` is called after each restart of a role.
    """

    def __init__(
        self,
        logs: Path,
        clock: Clock,
        limits: Limits | None = None,
        on_start: Callable[[], None] = lambda: None,
    ) -> None:
        try:
            logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"the directory {logs} cannot be made: {error.strerror}",
                hint="choose another with --data",
            ) from error
        self._logs = logs
        self._clock = clock
        self._limits = limits or Limits()
        self._on_start = on_start
        self._children: list[_Child] = []

    def pids(self) -> dict[str, int]:
        """Return the process id of every role that runs now."""
        return {child.role.name: child.pid for child in self._children if child.pid is not None}

    async def start(self, *roles: Role) -> None:
        """Start roles side by side and wait until all of them answer."""
        children = [
            _Child(role, self._logs, self._clock, self._limits, self._on_start) for role in roles
        ]
        self._children.extend(children)
        await asyncio.gather(*(child.start() for child in children))

    async def keep(self) -> None:
        """Keep every role alive until cancelled. Raises ChildFailedError."""
        tasks = [asyncio.create_task(child.keep()) for child in self._children]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Stop everything; the first role started (the bus) ends last."""
        if self._children:
            first, *others = self._children
            await asyncio.gather(*(child.stop() for child in others))
            await first.stop()


def _die_with_parent() -> None:
    """Between fork and exec: the kernel ends this child when the supervisor dies in any way."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

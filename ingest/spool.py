"""Events on their way out: written to this machine's disk first, removed when the stream has them.

A worker that cannot reach the bus goes on, and a worker that is killed leaves its files to the next
one. The message id makes a second sending harmless.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec
import structlog
from prometheus_client import Counter, Gauge

from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from camera_registry.base.errors import StorageError, UnavailableError
from camera_registry.base.ids import is_id

log = structlog.get_logger(__name__)

PENDING = Gauge("camhub_spool_pending", "Events on disk that the stream does not have yet")
SENT = Counter("camhub_spool_sent_total", "Events handed to the stream")
FAILED = Counter("camhub_spool_failed_total", "Events that could not be kept", ["reason"])

_RETRY_S = 1.0
_SUFFIX = ".event"
_OPEN = ".open"
"""What its writer still adds to: sent only where that writer has died."""


class _Record(msgspec.Struct, frozen=True, array_like=True):
    subject: str
    data: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Record).decode


class Spool:
    """A directory of events for one worker. ``max_bytes`` bounds it.

    ``put`` is called from any thread; ``run`` drains in the loop that made the spool.
    """

    def __init__(self, directory: Path, bus: Bus, clock: Clock, *, max_bytes: int) -> None:
        self._directory = directory
        self._bus = bus
        self._clock = clock
        self._max_bytes = max_bytes
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._bytes = 0
        self._healthy = True
        self._bytes_guard = threading.Lock()
        self._lock: IO[bytes] | None = None

    @property
    def healthy(self) -> bool:
        """Whether the last event that was to be kept is kept."""
        return self._healthy

    def open(self) -> None:
        """Take the directory for this process alone and count what an earlier one left.

        Raises StorageError when it cannot be written or another process has it.
        """
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = _lock(self._directory)
            self._adopt()
            if self._lock is not None:
                self._close_what_was_open()
            for path in self._directory.glob("*.part"):
                path.unlink()
            self._bytes = sum(path.stat().st_size for path in self._files())
        except OSError as error:
            raise StorageError(
                f"the event spool {self._directory} cannot be used: {error.strerror}",
                hint="check space and rights of the data directory",
                code="spool_unusable",
            ) from error
        if self._lock is None:
            raise StorageError(
                f"the event spool {self._directory} is in use by another worker",
                hint="give each worker a name of its own (--name)",
                code="spool_in_use",
            )
        PENDING.set(len(self._files()))

    def close(self) -> None:
        """Let go of the directory."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def put(self, event_id: str, subject: str, data: bytes) -> None:
        """Keep an event until the stream has it; on disk before this returns.

        Raises StorageError when the disk is full or the bound is reached; the event is then lost,
        counted and logged, and the camera goes on.
        """
        if not is_id(event_id):
            raise ValueError("an event id is a UUID")
        body = _encode(_Record(subject, data))
        self._reserve(len(body))
        part = self._directory / f"{event_id}.part"
        try:
            with part.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            part.rename(self._directory / f"{event_id}{_SUFFIX}")
            (self._directory / f"{event_id}{_OPEN}").unlink(missing_ok=True)
        except OSError as error:
            part.unlink(missing_ok=True)
            self._account(-len(body))
            self._healthy = False
            FAILED.labels("disk").inc()
            raise StorageError(
                f"an event could not be written to disk: {error.strerror}",
                hint="free some space on the data directory",
                code="disk_full",
            ) from error
        self._healthy = True
        PENDING.inc()
        self._loop.call_soon_threadsafe(self._wake.set)

    def keep_open(self, event_id: str, subject: str, data: bytes) -> None:
        """Keep what is not finished, in place of what was kept under this id before.

        It is sent by the next worker where this one is killed; ``put`` under the same id is its
        end. A power failure may take it: it is not forced to the disk, as it is written often.
        Raises StorageError where it cannot be written.
        """
        if not is_id(event_id):
            raise ValueError("an event id is a UUID")
        part = self._directory / f"{event_id}{_OPEN}.part"
        try:
            part.write_bytes(_encode(_Record(subject, data)))
            part.rename(self._directory / f"{event_id}{_OPEN}")
        except OSError as error:
            raise StorageError(
                f"an open minute could not be written to disk: {error.strerror}",
                hint="free some space on the data directory",
                code="disk_full",
            ) from error

    async def run(self) -> None:
        """Send what is on disk, oldest first, for ever."""
        while True:
            self._wake.clear()
            for path in self._files():
                while not await self._send(path):
                    await self._clock.sleep(_RETRY_S)
            await self._wake.wait()

    async def _send(self, path: Path) -> bool:
        body = await asyncio.to_thread(path.read_bytes)
        try:
            record = _decode(body)
        except msgspec.DecodeError:
            await asyncio.to_thread(path.rename, path.with_suffix(".bad"))
            FAILED.labels("unreadable").inc()
            log.error("spool_unreadable", file=path.name)
            self._gone(len(body))
            return True
        try:
            await self._bus.append(record.subject, record.data, message_id=path.stem)
        except UnavailableError as error:
            log.warning("spool_waits", reason=error.message, pending=len(self._files()))
            return False
        await asyncio.to_thread(path.unlink)
        SENT.inc()
        self._gone(len(body))
        return True

    def _reserve(self, size: int) -> None:
        with self._bytes_guard:
            fits = self._bytes + size <= self._max_bytes
            if fits:
                self._bytes += size
        if not fits:
            self._healthy = False
            FAILED.labels("spool_full").inc()
            raise StorageError(
                f"the event spool is full ({self._max_bytes} bytes)",
                hint="bring nats-server back, or raise spool_max_bytes",
                code="spool_full",
            )

    def _account(self, change: int) -> None:
        with self._bytes_guard:
            self._bytes += change

    def _gone(self, size: int) -> None:
        self._account(-size)
        PENDING.dec()

    def _files(self) -> list[Path]:
        # ids are UUIDv7: their order by name is their order in time
        return sorted(self._directory.glob(f"*{_SUFFIX}"))

    def _adopt(self) -> None:
        """Take over what a worker that no longer runs has left beside us."""
        for other in _siblings(self._directory):
            held = _lock(other)
            if held is None:
                continue
            with held:
                for path in [*other.glob(f"*{_SUFFIX}"), *other.glob(f"*{_OPEN}")]:
                    path.rename(self._directory / path.name)

    def _close_what_was_open(self) -> None:
        """Let what a killed writer had not finished be sent, unless its end is there as well."""
        for path in self._directory.glob(f"*{_OPEN}"):
            end = path.with_suffix(_SUFFIX)
            if end.exists() or path.stat().st_size == 0:
                path.unlink()
            else:
                path.rename(end)


def _siblings(directory: Path) -> Iterator[Path]:
    for other in directory.parent.iterdir():
        if other.is_dir() and other != directory:
            yield other


def _lock(directory: Path) -> IO[bytes] | None:
    file = (directory / ".lock").open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file

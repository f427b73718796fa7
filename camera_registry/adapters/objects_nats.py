"""Files on the bus: an object store of JetStream, for what is too large for one message."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ObjectStoreConfig, StorageType
from nats.js.errors import NotFoundError as MissingError
from nats.js.object_store import ObjectStore

from camera_registry.adapters.cancellation import heeded
from camera_registry.base.errors import NotFoundError, UnavailableError

_TIMEOUT_S = 300.0


@contextlib.asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    async with asyncio.timeout(_TIMEOUT_S):
        with heeded():
            yield


class NatsObjects:
    """Files by name, on the server's disk. Made where it is missing, so after a lost disk too."""

    def __init__(self, js: JetStreamContext, bucket: str, max_bytes: int, replicas: int) -> None:
        self._js = js
        self._bucket = bucket
        self._max_bytes = max_bytes
        self._replicas = replicas

    async def names(self) -> set[str]:
        """Return the names of all files. Raises UnavailableError."""
        try:
            async with _in_time():
                found = await (await self._store()).list(ignore_deletes=True)
        except MissingError:
            return set()
        except (NatsError, TimeoutError, OSError) as error:
            raise self._unavailable(error) from error
        return {info.name for info in found if info.name}

    async def put(self, name: str, data: bytes) -> None:
        """Store a file, whole or not at all. Raises UnavailableError, also where it is full."""
        try:
            async with _in_time():
                await (await self._store()).put(name, data)
        except (NatsError, TimeoutError, OSError) as error:
            raise self._unavailable(error) from error

    async def get(self, name: str) -> bytes:
        """Return a file whose digest was compared. Raises NotFoundError, UnavailableError."""
        parts = io.BytesIO()
        try:
            async with _in_time():
                # into a file of its own: by default every part copies all that came before it
                await (await self._store()).get(name, writeinto=parts)
        except MissingError:
            raise NotFoundError(f"there is no file {name} on the bus") from None
        except (NatsError, TimeoutError, OSError) as error:
            raise self._unavailable(error) from error
        return parts.getvalue()

    async def delete(self, name: str) -> None:
        """Remove a file; a missing one is no error. Raises UnavailableError."""
        try:
            async with _in_time():
                await (await self._store()).delete(name)
        except MissingError:
            return
        except (NatsError, TimeoutError, OSError) as error:
            raise self._unavailable(error) from error

    async def _store(self) -> ObjectStore:
        try:
            return await self._js.object_store(self._bucket)
        except MissingError:
            config = ObjectStoreConfig(
                max_bytes=self._max_bytes, storage=StorageType.FILE, replicas=self._replicas
            )
            return await self._js.create_object_store(self._bucket, config)

    def _unavailable(self, error: Exception) -> UnavailableError:
        return UnavailableError(
            f"the files {self._bucket} cannot be reached: {str(error) or type(error).__name__}",
            hint="check that nats-server runs and has room on its disk",
            code="bus_unavailable",
        )

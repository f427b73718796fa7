"""A bucket on the JetStream key-value store, with watches that outlive the server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KeyValue

from camera_registry.adapters.cancellation import heeded
from camera_registry.base.bus import Entry
from camera_registry.base.errors import UnavailableError

Handler = Callable[[Entry], Awaitable[None]]


class _Watch:
    """One watch; a new server-side consumer after each reconnect."""

    def __init__(self, bucket: NatsBucket, handler: Handler) -> None:
        self._bucket = bucket
        self._handler = handler
        self._watcher: Any = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Handle all present entries, then go on in a task of its own."""
        store = await self._bucket.store()
        self._watcher = await store.watchall()
        handled, on_their_way = 0, False
        while True:
            entry = await self._watcher.updates(timeout=10)
            if entry is None:
                if handled or not await self._sent():
                    break
                # The client says that there is nothing, too, where the server's word that it has
                # sent everything came before what it has sent. The last of that has none behind it.
                on_their_way = True
                continue
            await self._handler(_entry(entry))
            handled += 1
            if on_their_way and entry.delta == 0:
                break
        self._task = asyncio.create_task(self._run(self._watcher), name="bucket-watch")

    async def _run(self, watcher: Any) -> None:
        async for entry in watcher:
            if entry is not None:
                await self._handler(_entry(entry))

    async def _sent(self) -> int:
        """Return how many entries the server has sent to this watch."""
        subscription = self._watcher._sub  # noqa: SLF001 - the client tells it nowhere else
        info = await subscription.consumer_info()
        return info.delivered.consumer_seq if info.delivered else 0

    async def restart(self) -> None:
        """Start anew on a server that may have forgotten the consumer."""
        await self._end()
        await self.start()

    async def stop(self) -> None:
        """End it; no callback runs after this returns."""
        self._bucket.watches.discard(self)
        await self._end()

    async def _end(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        if self._watcher is not None:
            with contextlib.suppress(NatsError):
                await self._watcher.stop()


def _entry(raw: KeyValue.Entry) -> Entry:
    gone = raw.operation is not None
    return Entry(raw.key, None if gone else raw.value or b"", raw.revision or 0)


class NatsBucket:
    """The last value per key; keys are ids of ours, never a caller's text."""

    def __init__(self, js: JetStreamContext, name: str) -> None:
        self._js = js
        self._name = name
        self.watches: set[_Watch] = set()

    async def store(self) -> KeyValue:
        """Look the bucket up; it may have been made anew since the last call."""
        return await self._js.key_value(self._name)

    async def get(self, key: str) -> Entry | None:
        """Return the entry, or None where there is none or it was deleted."""
        try:
            with heeded():
                return _entry(await (await self._cached()).get(key))
        except KeyNotFoundError:
            return None
        except (NatsError, TimeoutError, OSError) as error:
            raise self._unavailable(error) from error

    async def put(self, key: str, value: bytes) -> int:
        """Store a value and return its revision."""
        try:
            with heeded():
                return await (await self._cached()).put(key, value)
        except (NatsError, TimeoutError, OSError) as error:
            raise self._unavailable(error) from error

    async def delete(self, key: str) -> None:
        """Delete a key; deleting a missing key is no error."""
        try:
            with heeded():
                await (await self._cached()).delete(key)
        except (NatsError, TimeoutError, OSError) as error:
            raise self._unavailable(error) from error

    async def watch(self, handler: Handler) -> _Watch:
        """Call ``handler`` for every present entry, then for every change."""
        watch = _Watch(self, handler)
        try:
            with heeded():
                await watch.start()
        except (NatsError, TimeoutError, OSError) as error:
            raise self._unavailable(error) from error
        self.watches.add(watch)
        return watch

    async def restart_watches(self) -> None:
        """After a reconnect: every watch gets a consumer that the server knows."""
        for watch in list(self.watches):
            await watch.restart()

    async def _cached(self) -> KeyValue:
        if self._handle is None:
            self._handle = await self.store()
        return self._handle

    _handle: KeyValue | None = None

    def _unavailable(self, error: Exception) -> UnavailableError:
        reason = str(error) or type(error).__name__
        return UnavailableError(
            f"the bucket {self._name} does not answer: {reason}",
            hint="check that nats-server runs",
            code="bus_unavailable",
        )

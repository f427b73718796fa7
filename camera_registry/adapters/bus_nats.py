"""The bus on NATS JetStream: the only messaging engine, embedded or a cluster."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext

from camera_registry.adapters.buckets_nats import NatsBucket
from camera_registry.adapters.cancellation import heeded
from camera_registry.adapters.objects_nats import NatsObjects
from camera_registry.adapters.streams_nats import ensure_buckets, ensure_streams
from camera_registry.base.bus import Delivery, Message, Subscription
from camera_registry.base.errors import ConfigError, UnavailableError

log = structlog.get_logger(__name__)

_RECONNECT_WAIT_S = 0.5
_DRAIN_S = 0.25


@contextlib.asynccontextmanager
async def unavailable(what: str) -> AsyncIterator[None]:
    """Turn every NATS failure inside the block into an UnavailableError that names ``what``."""
    try:
        with heeded():
            yield
    except (NatsError, TimeoutError, ConnectionError, OSError) as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # the client answers a cancellation on a closed connection with an error of its own
            raise asyncio.CancelledError from error
        reason = str(error) or type(error).__name__
        raise UnavailableError(
            f"the message bus did not take {what}: {reason}",
            hint="check that nats-server runs and CAMHUB_NATS_URL is right",
            code="bus_unavailable",
        ) from error


class _NatsDelivery:
    """A JetStream message behind the port."""

    __slots__ = ("_message",)

    def __init__(self, message: Msg) -> None:
        self._message = message

    @property
    def subject(self) -> str:
        return self._message.subject

    @property
    def data(self) -> bytes:
        return self._message.data

    @property
    def generation(self) -> int:
        return self._message.metadata.num_delivered or 1

    @property
    def sequence(self) -> int:
        return self._message.metadata.sequence.stream

    async def ack(self) -> None:
        async with unavailable("an acknowledgement"):
            await self._message.ack()

    async def nak(self, delay_s: float = 0.0) -> None:
        async with unavailable("a negative acknowledgement"):
            await self._message.nak(delay=delay_s or None)

    async def in_progress(self) -> None:
        async with unavailable("a heartbeat"):
            await self._message.in_progress()


async def _pull(subscription: Any, batch: int, timeout_s: float) -> list[Msg]:
    """Wait for one message, then take along what the server holds besides.

    A pull of many that is answered by one message would go on waiting for the others, up to the
    whole time-out: an event that could be recorded now would lie there for half a second.
    """
    try:
        messages: list[Msg] = await subscription.fetch(1, timeout=timeout_s)
    except TimeoutError:
        return []
    waiting = min(batch - 1, messages[0].metadata.num_pending or 0)
    if waiting > 0:
        with contextlib.suppress(TimeoutError):  # another consumer was faster
            messages += await subscription.fetch(waiting, timeout=_DRAIN_S)
    return messages


class _NatsSubscription:
    """A core subscription; messages are handled one after another, in order."""

    def __init__(self, subscription: Any) -> None:
        self._subscription = subscription

    async def stop(self) -> None:
        with contextlib.suppress(NatsError):
            await self._subscription.unsubscribe()


class NatsBus:
    """A connection to NATS. Make it with :meth:`connect`, end it with :meth:`close`.

    The connection is made again for ever when it is lost; streams and buckets are then ensured
    before anything else, because the embedded server keeps its states bucket in memory only.
    """

    def __init__(self, client: Client, replicas: int) -> None:
        self._client = client
        self._js: JetStreamContext = client.jetstream(timeout=5)
        self._replicas = replicas
        self._pulls: dict[tuple[str, str], Any] = {}
        self._buckets: dict[str, NatsBucket] = {}
        self._callbacks: list[Callable[[], Awaitable[None]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def connect(
        cls, url: str, *, name: str, timeout_s: float = 15.0, replicas: int = 1
    ) -> NatsBus:
        """Connect, wait up to ``timeout_s`` for the server and ensure streams and buckets.

        ``url`` may hold a token (``nats://token@host:port``); it is never logged. Raises
        UnavailableError when no server answers and ConfigError when it refuses the token.
        """
        client = Client()
        bus: NatsBus | None = None

        async def reconnected() -> None:
            if bus is not None:
                bus._start_recovery()

        refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def failed(error: Exception) -> None:
            # the client retries a refusal for ever; on the first connection it is a wrong setting
            if "authorization violation" in str(error).lower() and not refused.done():
                refused.set_result(None)
            log.warning("bus_error", error=str(error) or type(error).__name__)

        connecting = asyncio.ensure_future(
            client.connect(
                url,
                name=name,
                max_reconnect_attempts=-1,
                reconnect_time_wait=_RECONNECT_WAIT_S,  # type: ignore[arg-type] # seconds, any
                connect_timeout=2,
                ping_interval=5,
                max_outstanding_pings=2,
                pending_size=16 * 1024 * 1024,
                reconnected_cb=reconnected,
                error_cb=failed,
            )
        )
        await asyncio.wait(
            {connecting, refused}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        if not connecting.done() or connecting.exception() is not None:
            connecting.cancel()
            await asyncio.wait({connecting})
            await client.close()
            if refused.done():
                raise ConfigError(
                    "nats-server refused the token",
                    hint="give the token of this server in CAMHUB_NATS_URL",
                    code="bus_refused",
                )
            raise UnavailableError(
                f"no nats-server answered within {timeout_s:g} s",
                hint="start nats-server with JetStream, or check CAMHUB_NATS_URL",
                code="bus_unavailable",
            )
        bus = cls(client, replicas)
        async with unavailable("its streams"):
            await bus._ensure()
        return bus

    async def close(self) -> None:
        """Send what is pending and end the connection."""
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(NatsError, TimeoutError):
            await self._client.flush(timeout=1)
        await self._client.close()

    @property
    def connected(self) -> bool:
        """Whether the server can be reached now."""
        return self._client.is_connected

    @property
    def max_payload(self) -> int:
        """Largest body of one message in bytes, as the server said."""
        return self._client.max_payload

    async def publish(self, subject: str, data: bytes, *, reply: str = "") -> None:
        """Send at most once."""
        if not self._client.is_connected:
            raise UnavailableError("the message bus is not connected", code="bus_unavailable")
        async with unavailable(f"a message on {subject}"):
            await self._client.publish(subject, data, reply=reply)

    async def subscribe(
        self, subject: str, handler: Callable[[Message], Awaitable[None]]
    ) -> Subscription:
        """Call ``handler`` for each message, in order. Survives a reconnect."""

        async def on_message(message: Msg) -> None:
            await handler(Message(message.subject, message.data, message.reply))

        async with unavailable(f"a subscription to {subject}"):
            return _NatsSubscription(await self._client.subscribe(subject, cb=on_message))

    async def request(self, subject: str, data: bytes, *, timeout_s: float) -> bytes:
        """Ask whoever listens on a plain subject and return the first answer's body."""
        if not self._client.is_connected:
            raise UnavailableError("the message bus is not connected", code="bus_unavailable")
        async with unavailable(f"a question on {subject}"):
            try:
                answer = await self._client.request(subject, data, timeout=timeout_s)
            except NoRespondersError:
                raise UnavailableError(
                    "nobody is there to answer", hint="try again", code="nobody_listens"
                ) from None
            except NatsTimeoutError:
                raise UnavailableError(
                    f"no answer came within {timeout_s:g} s", hint="try again", code="no_answer"
                ) from None
        return answer.data

    async def append(
        self, subject: str, data: bytes, *, message_id: str = "", timeout_s: float = 5.0
    ) -> None:
        """Store in a stream and wait for the acknowledgement."""
        if not self._client.is_connected:
            raise UnavailableError("the message bus is not connected", code="bus_unavailable")
        headers = {"Nats-Msg-Id": message_id} if message_id else None
        async with unavailable(f"a record on {subject}"):
            await self._js.publish(subject, data, timeout=timeout_s, headers=headers)

    async def fetch(
        self, stream: str, durable: str, batch: int, timeout_s: float
    ) -> list[Delivery]:
        """Pull up to ``batch`` messages of a durable consumer."""
        if not self._client.is_connected:
            raise UnavailableError("the message bus is not connected", code="bus_unavailable")
        key = (stream, durable)
        try:
            async with unavailable(f"a pull from {stream}"):
                if key not in self._pulls:
                    self._pulls[key] = await self._js.pull_subscribe_bind(
                        consumer=durable, stream=stream
                    )
                messages = await _pull(self._pulls[key], batch, timeout_s)
        except UnavailableError:
            await self._forget_pull(key)
            raise
        return [_NatsDelivery(message) for message in messages]

    async def purge(self, stream: str, subject: str) -> None:
        """Remove every message of the stream under ``subject``."""
        async with unavailable(f"a purge of {subject}"):
            await self._js.purge_stream(stream, subject=subject)

    async def subjects(self, stream: str) -> set[str]:
        """Return every subject under which the stream holds a message."""
        async with unavailable(f"a question about {stream}"):
            info = await self._js.stream_info(stream, subjects_filter=">")
        return set(info.state.subjects or {})

    def bucket(self, name: str) -> NatsBucket:
        """Return a bucket by name; the same object each time."""
        if name not in self._buckets:
            self._buckets[name] = NatsBucket(self._js, name)
        return self._buckets[name]

    def objects(self, name: str, max_bytes: int) -> NatsObjects:
        """Return a store of files by name, made with room for ``max_bytes`` where it is missing."""
        return NatsObjects(self._js, name, max_bytes, self._replicas)

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Run ``callback`` after each time the connection was lost and made again."""
        self._callbacks.append(callback)

    async def _ensure(self) -> None:
        await ensure_streams(self._js, self._replicas)
        await ensure_buckets(self._js, self._replicas)

    async def _forget_pull(self, key: tuple[str, str]) -> None:
        subscription = self._pulls.pop(key, None)
        if subscription is not None:
            with contextlib.suppress(NatsError):
                await subscription.unsubscribe()

    def _start_recovery(self) -> None:
        # a task of its own: the client awaits its callback before it reads the socket again
        for task in self._tasks:
            task.cancel()
        task = asyncio.create_task(self._recover(), name="bus-recovery")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _recover(self) -> None:
        while True:
            try:
                async with unavailable("its streams"):
                    await self._ensure()
                for key in list(self._pulls):
                    await self._forget_pull(key)
                for bucket in self._buckets.values():
                    async with unavailable("a watch"):
                        await bucket.restart_watches()
                for callback in self._callbacks:
                    await callback()
            except UnavailableError as error:
                log.warning("bus_recovery_retry", reason=error.message)
                await asyncio.sleep(_RECONNECT_WAIT_S)
            else:
                log.info("bus_reconnected")
                return

"""The bus as the rooms see it: a port. Its one implementation is ``adapters.bus_nats``.

Three kinds of traffic, and no more:

* plain subjects (``publish``/``subscribe``): at most once, for live packets, demand and notices;
* streams (``append``/``consume``): stored, acknowledged, de-duplicated by message id;
* buckets (``Bucket``): the last value per key, with a watch.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a plain subject. ``reply`` is empty where no answer is wanted."""

    subject: str
    data: bytes
    reply: str = ""


class Delivery(Protocol):
    """A message of a stream, held by this consumer until it is acknowledged."""

    @property
    def subject(self) -> str:
        """Subject that it was appended under."""
        ...

    @property
    def data(self) -> bytes:
        """Body."""
        ...

    @property
    def generation(self) -> int:
        """How often the stream has delivered this message, counted over all consumers, from 1."""
        ...

    @property
    def sequence(self) -> int:
        """Position in the stream; a message that replaces another has a higher one."""
        ...

    async def ack(self) -> None:
        """Done for good."""
        ...

    async def nak(self, delay_s: float = 0.0) -> None:
        """Give it back; the stream delivers it again after ``delay_s``."""
        ...

    async def in_progress(self) -> None:
        """Still working: the redelivery timer starts anew."""
        ...


class Subscription(Protocol):
    """A running subscription or watch."""

    async def stop(self) -> None:
        """End it; no callback runs after this returns."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a bucket. ``value`` is None where the key was deleted."""

    key: str
    value: bytes | None
    revision: int


class Bucket(Protocol):
    """The last value per key."""

    async def get(self, key: str) -> Entry | None:
        """Return the entry, or None where there is none or it was deleted."""
        ...

    async def put(self, key: str, value: bytes) -> int:
        """Store a value and return its revision."""
        ...

    async def delete(self, key: str) -> None:
        """Delete a key; deleting a missing key is no error."""
        ...

    async def watch(self, handler: Callable[[Entry], Awaitable[None]]) -> Subscription:
        """Call ``handler`` for every present entry, then for every change.

        Returns after the present entries were handled. The watch survives a restart of the server:
        after it, entries may be handled again.
        """
        ...


class Bus(Protocol):
    """The messaging engine."""

    @property
    def connected(self) -> bool:
        """Whether the server can be reached now."""
        ...

    @property
    def max_payload(self) -> int:
        """Largest body of one message in bytes, as the server said."""
        ...

    async def publish(self, subject: str, data: bytes, *, reply: str = "") -> None:
        """Send at most once. Raises UnavailableError while there is no connection."""
        ...

    async def subscribe(
        self, subject: str, handler: Callable[[Message], Awaitable[None]]
    ) -> Subscription:
        """Call ``handler`` for each message, in order. Wildcards are those of NATS."""
        ...

    async def request(self, subject: str, data: bytes, *, timeout_s: float) -> bytes:
        """Ask whoever listens on a plain subject and return the first answer's body.

        Raises UnavailableError where nobody listens (code ``nobody_listens``), where no answer came
        in time (``no_answer``), and while there is no connection.
        """
        ...

    async def append(
        self, subject: str, data: bytes, *, message_id: str = "", timeout_s: float = 5.0
    ) -> None:
        """Store in the stream that has the subject and wait for its acknowledgement.

        Raises UnavailableError where it was not confirmed; it may then have been stored, and the
        same ``message_id`` makes a second try harmless.
        """
        ...

    async def fetch(
        self, stream: str, durable: str, batch: int, timeout_s: float
    ) -> list[Delivery]:
        """Pull up to ``batch`` messages of a durable consumer; empty when none came in time.

        Raises UnavailableError while there is no connection.
        """
        ...

    async def purge(self, stream: str, subject: str) -> None:
        """Remove every message of the stream under ``subject``."""
        ...

    async def subjects(self, stream: str) -> set[str]:
        """Return every subject under which the stream holds a message."""
        ...

    def bucket(self, name: str) -> Bucket:
        """Return a bucket by name."""
        ...

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Run ``callback`` after each time the connection was lost and made again."""
        ...

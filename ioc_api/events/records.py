"""Recorded events as the api's rooms know them, and the port to where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from analytics.events import Event
from camera_registry.scope import Scope


@dataclass(frozen=True, slots=True)
class NewRecord:
    """An event that is about to be recorded. ``snapshot_key`` names its blob, empty for none."""

    event: Event
    recorded_us: int
    snapshot_key: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message of the event stream that is no acceptable event; kept so that it is not lost.

    ``digest`` is the SHA-256 of subject and body as hex, the key against duplicates; ``head`` the
    beginning of the body.
    """

    digest: str
    subject: str
    reason: str
    size: int
    head: bytes
    rejected_us: int


@dataclass(frozen=True, slots=True)
class Record:
    """A recorded event. ``camera_name`` is None where the camera was removed."""

    seq: int
    event: Event
    camera_name: str | None
    recorded_us: int
    snapshot_key: str


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list; empty or None means any. Times are of capture, until is exclusive."""

    camera_id: str = ""
    unit_code: str = ""
    kind: str = ""
    since_us: int | None = None
    until_us: int | None = None


class EventStore(Protocol):
    """Where events are kept."""

    async def record(self, new: Sequence[NewRecord], rejected: Sequence[Rejected]) -> set[str]:
        """Write both in one transaction; return the ids that were not there before.

        Raises InvalidError where a value cannot be stored: then nothing was written.
        """
        ...

    async def known(self, ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are recorded already."""
        ...

    async def get(self, event_id: str, scope: Scope) -> Record | None:
        """Return an event in scope, or None."""
        ...

    async def list(
        self, scope: Scope, wanted: EventFilter, before: int | None, limit: int
    ) -> Sequence[Record]:
        """Return up to ``limit`` events, the latest recorded first, with seq below ``before``."""
        ...

    async def after(self, scope: Scope, seq: int, limit: int) -> Sequence[Record]:
        """Return up to ``limit`` events in scope with a seq above ``seq``, in order."""
        ...

    async def last_seq(self) -> int:
        """Return the highest seq, 0 where nothing was recorded."""
        ...

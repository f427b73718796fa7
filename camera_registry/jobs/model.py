"""A job as it is ordered and as it is known: values on the bus."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from camera_registry.model import Credentials
from camera_registry.scope import Scope

QUEUED_AGE_S = 600
"""An order that no worker has taken for so long is forgotten by the stream."""

SILENT_S = 60.0
"""A running job of which nothing was heard for so long has lost its worker for good."""

RECORD_AGE_S = 3600
"""How long the record of a job is kept after its last change."""


class JobState(StrEnum):
    """State of a job; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Job:
    """What is known of a job: the value of the bucket ``jobs``.

    ``action`` and ``scope`` say who may see it: whoever may do ``action`` in all of that scope.
    ``done`` of ``total`` is its progress (total 0: not known), ``phase`` a word for what it does
    now. ``result`` is JSON, also of what is known so far while it runs. ``code``, ``error`` and
    ``hint`` say why it failed. ``revision`` is that of the record in the bucket and rises with each
    change. Times are UTC microseconds.
    """

    id: str
    kind: str
    owner: str
    action: str
    scope: Scope
    created_us: int
    updated_us: int
    state: JobState = JobState.QUEUED
    revision: int = 0
    done: int = 0
    total: int = 0
    phase: str = ""
    result: bytes = b""
    has_picture: bool = False
    code: str = ""
    error: str = ""
    hint: str = ""
    worker: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker needs to do a job: a message of the stream ``JOBS``.

    ``payload`` is for the handler of the kind; it never holds a secret. ``sealed`` is the vault's
    ciphertext of credentials, bound to ``sealed_for``: the job's id, or a camera's.
    """

    id: str
    kind: str
    payload: bytes
    limit_s: float
    sealed: bytes = b""
    sealed_for: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """What is asked for. Give credentials either in the clear, which are sealed at once, or as
    ``sealed`` for ``sealed_for``, as a camera's are stored. ``by_api``: it is an api that does it,
    because it needs the database, the blobs or the way outside; a worker has none of them.
    """

    kind: str
    payload: bytes
    owner: str
    action: str
    scope: Scope
    limit_s: float = 60.0
    credentials: Credentials | None = field(default=None, repr=False)
    sealed: bytes = b""
    sealed_for: str = ""
    by_api: bool = False


encode = msgspec.msgpack.Encoder().encode
decode_job = msgspec.msgpack.Decoder(Job).decode
decode_order = msgspec.msgpack.Decoder(Order).decode

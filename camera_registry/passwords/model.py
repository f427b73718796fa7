"""A change of passwords as it is known: what was asked for, and each camera's row."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from camera_registry.model import Actor, Credentials

PENDING = "new password"
"""What the vault seals a row's new log-in for; it is bound to the camera's id."""

MAX_CAMERAS = 10_000
TRIES = 3
"""How often a camera is asked by itself until it is known which password it has."""

_LENGTH = 16
"""What devices take that take no more: 16 of 64 characters are 96 bits."""
_SIGNS = "-_"

_pair = msgspec.msgpack.Decoder(tuple[str, str]).decode


class Mode(StrEnum):
    """Where the password is changed: it was on the devices before, or it shall be there too."""

    VAULT = "vault"
    DEVICES = "devices"


class ChangeState(StrEnum):
    """State of a whole change."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class RowState(StrEnum):
    """State of one camera.

    From ``SENT`` on the device may have the new password. ``UNSURE``: nobody could be asked which
    one it has; both are kept and tried again. ``FAILED``: it has the old one as far as is known.
    """

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    UNSURE = "unsure"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """A change that somebody has asked for; ``counts`` are its rows by state."""

    id: str
    owner: Actor
    mode: Mode
    random: bool
    total: int
    created_us: int
    updated_us: int
    state: ChangeState = ChangeState.RUNNING
    cancel: bool = False
    counts: Mapping[RowState, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One camera of a change. ``code`` and ``message`` say why it is as it is, without a secret.

    ``sealed`` is the new log-in (its user name is empty until the device is asked), ``asked``
    whether the device was ever asked to take it, ``job_id`` the worker's job, ``next_us`` when an
    unsure one is tried again.
    """

    change_id: str
    number: int
    camera_id: str
    name: str
    unit_code: str
    sealed: bytes = field(default=b"", repr=False)
    state: RowState = RowState.WAITING
    code: str = ""
    message: str = ""
    hint: str = ""
    job_id: str = ""
    asked: bool = False
    tries: int = 0
    next_us: int = 0
    updated_us: int = 0


def strong_password() -> str:
    """Return a random password that devices take: letters of both kinds, digits, a sign."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SIGNS)
    letters = "".join(kinds)
    while True:
        found = "".join(secrets.choice(letters) for _ in range(_LENGTH))
        if found[0] not in _SIGNS and all(set(kind) & set(found) for kind in kinds):
            return found


def written(credentials: Credentials) -> bytes:
    """Write a log-in, to be sealed."""
    return msgspec.msgpack.encode((credentials.username, credentials.password))


def read(plain: bytes) -> Credentials:
    """Read what :func:`written` made. Raises msgspec.DecodeError."""
    return Credentials(*_pair(plain))

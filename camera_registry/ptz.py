"""Orders to a camera's motors and what comes back: values on the bus, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

HOLD_MOVE_S = 1.5
"""A movement that is not asked for again within this time ends: the dead man's switch."""

HOLD_LOCK_S = 20.0
"""Whoever has moved a camera keeps it for so long after the last order."""

MAX_LOCK_S = 600.0
MAX_PRESETS = 300


class PtzAction(StrEnum):
    """What can be asked of the motors."""

    MOVE = "move"
    STEP = "step"
    STOP = "stop"
    PRESETS = "presets"
    GOTO = "goto"
    SET = "set"
    REMOVE = "remove"
    LOCK = "lock"
    UNLOCK = "unlock"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class PtzOrder:
    """One order. Speeds and steps are shares from -1 to 1 of the most that the camera does.

    ``actor_id`` and ``actor_name`` are who asks, with ``priority``: a higher one takes over.
    ``seconds`` is for how long a lock is asked. ``onvif_url`` and the sealed credentials are the
    camera's; ``source_token`` is the video source that it is of a device with several.
    """

    action: PtzAction
    actor_id: str
    actor_name: str
    priority: int
    onvif_url: str
    sealed: bytes = b""
    sealed_for: str = ""
    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0
    preset: str = ""
    name: str = ""
    seconds: float = 0.0
    source_token: str = ""


@dataclass(frozen=True, slots=True)
class PtzHolder:
    """Who holds a camera, until when (UTC microseconds) unless it is moved again."""

    actor_id: str
    actor_name: str
    priority: int
    until_us: int


@dataclass(frozen=True, slots=True)
class PtzPreset:
    """A position that the camera knows."""

    token: str
    name: str


@dataclass(frozen=True, slots=True)
class PtzAnswer:
    """The outcome of an order; ``code`` is empty where it was carried out."""

    code: str = ""
    error: str = ""
    hint: str = ""
    moving: bool = False
    holder: PtzHolder | None = None
    presets: tuple[PtzPreset, ...] = ()


encode = msgspec.msgpack.Encoder().encode
decode_order = msgspec.msgpack.Decoder(PtzOrder).decode
decode_answer = msgspec.msgpack.Decoder(PtzAnswer).decode

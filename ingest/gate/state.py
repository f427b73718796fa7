"""What an activity gate says of itself, and what of it outlives a session and a worker."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import msgspec


class Phase(StrEnum):
    """What the gate does now. In all phases but ASLEEP every packet is decoded."""

    OFF = "off"
    LEARNING = "learning"
    UNGATED = "ungated"
    DEMOTED = "demoted"
    AWAKE = "awake"
    AUDIT = "audit"
    ASLEEP = "asleep"


@dataclass(slots=True)
class GateCounts:
    """What has happened so far. ``late_wakes`` are the wakes that only a keyframe told."""

    wakes: int = 0
    late_wakes: int = 0
    false_wakes: int = 0
    audits: int = 0
    misses: int = 0
    demotions: int = 0


@dataclass(frozen=True, slots=True)
class GateStatus:
    """The gate of a camera, for its state. ``duty``: share of the time with full decoding, over the
    last minutes. ``analysis_fps``: pictures a second that are looked at, after the node's budget.
    ``threshold``: how many times the usual packets must be to wake it. The counts are those since
    the camera came to this worker; ``wakes`` holds the late ones as well.
    """

    gate: str
    reason: str
    duty: float
    analysis_fps: float
    threshold: float = 0.0
    wakes: int = 0
    late_wakes: int = 0
    false_wakes: int = 0
    audits: int = 0
    misses: int = 0


@dataclass(frozen=True, slots=True)
class GateMemory:
    """What was learnt about a camera: the value of the bucket ``gate_memories``.

    It holds for one kind of stream (``codec``, ``width``, ``height``). ``proved``:
    movement has shown in the sizes. ``usual_bytes``: the usual packet between the keyframes of the
    scene at rest; a stream that differs much from it is not the one that was learnt.
    ``threshold``: see ``GateStatus``. ``demoted_until_us`` is UTC, 0 without a demotion;
    ``demoted_s`` how long the next one lasts.
    """

    codec: str
    width: int
    height: int
    proved: bool
    usual_bytes: int
    threshold: float = 0.0
    demoted_until_us: int = 0
    demoted_s: float = 0.0


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(GateMemory)


def encode_memory(memory: GateMemory) -> bytes:
    """Write a memory as it stands in its bucket."""
    return _encode(memory)


def decode_memory(data: bytes) -> GateMemory:
    """Read a memory. Raises msgspec.DecodeError where it is none, or one that cannot be."""
    memory = _decoder.decode(data)
    numbers = (memory.threshold, memory.demoted_s)
    if not all(map(math.isfinite, numbers)) or memory.usual_bytes < 0:
        raise msgspec.ValidationError("a gate's memory with a number that is none")
    return memory

"""What is seen: detections, tracks and events, as frozen values, and an event's form on the bus."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in normalised picture coordinates, 0..1, origin at the top left."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Detection:
    """One object in one frame. ``label`` is a class, or a hint from shape; ``score`` is 0..1."""

    box: Box
    score: float
    label: str


@dataclass(frozen=True, slots=True)
class Track:
    """One object over time, as it stands after one frame.

    ``id`` counts from 1 and is never used twice by one tracker. ``seen`` says that the frame holds
    the object; else ``box`` is a prediction. ``travel`` is how far its middle ever came from where
    it was first seen, in picture sizes. Times are UTC microseconds.
    """

    id: int
    box: Box
    score: float
    label: str
    first_us: int
    last_us: int
    confirmed: bool
    seen: bool
    travel: float

    @property
    def age_s(self) -> float:
        """Seconds between the first and the last sight of it."""
        return (self.last_us - self.first_us) / 1e6


@dataclass(frozen=True, slots=True)
class Event:
    """Something a rule saw. ``id`` is made once and is the key against duplicates everywhere.

    ``kind`` is the rule's word (``zone_enter``). ``label`` is the model's class or, for a model
    that claims none, the hint from shape; ``score`` is 0..1. ``measured`` are the values that made
    it (seconds waited, number waiting), None where a rule has none. ``at_us`` is the capture time,
    ``arrival_us`` when the frame reached the worker, ``emitted_us`` when the event was built; all
    UTC microseconds.
    """

    id: str
    kind: str
    camera_id: str
    unit_code: str
    at_us: int
    arrival_us: int
    emitted_us: int
    rule: str
    rule_version: int
    zone: str
    track_id: int
    label: str
    score: float
    box: Box
    model: str
    worker: str
    measured: dict[str, float] | None = None


class EventMessage(msgspec.Struct, frozen=True):
    """An event with its snapshot (JPEG, may be empty), in one message: neither is lost alone."""

    event: Event
    snapshot: bytes = b""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(EventMessage)


def encode_event(message: EventMessage) -> bytes:
    """Write an event message as MessagePack."""
    return _encoder.encode(message)


def decode_event(data: bytes) -> EventMessage:
    """Read an event message. Raises msgspec.DecodeError where it is none."""
    return _decoder.decode(data)

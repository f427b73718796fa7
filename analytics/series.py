"""Counts over time: one record for each minute, measure, direction and label; and their roll-up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

MINUTE_US = 60_000_000
_LONGEST_LOOK_US = 12_000_000
MAX_KEYS = 128
"""Series of one rule in one minute; labels beyond that are counted as ``other``."""

How = Literal["sum", "max", "mean"]
Step = Literal["minute", "hour", "day"]


@dataclass(frozen=True, slots=True)
class CountRecord:
    """One value of a series.

    ``start_us`` (UTC) and ``seconds`` are its time, ``weight`` the number of single values in it,
    or for the mean of a state (how many wait) the milliseconds that it was looked at; ``how`` says
    what makes one value of several. ``zone`` is that of the rule, or its line.
    """

    rule: str
    rule_version: int
    zone: str
    kind: str
    measure: str
    direction: str
    label: str
    how: How
    start_us: int
    seconds: int
    value: float
    weight: int


class CountBatch(msgspec.Struct, frozen=True):
    """Records of one camera, in one message. ``id`` is the key against duplicates everywhere."""

    id: str
    camera_id: str
    records: tuple[CountRecord, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CountBatch)


def encode_counts(batch: CountBatch) -> bytes:
    """Write a batch as MessagePack."""
    return _encoder.encode(batch)


def decode_counts(data: bytes) -> CountBatch:
    """Read a batch. Raises msgspec.MsgspecError where it is none."""
    return _decoder.decode(data)


_Key = tuple[str, str, str, How]


class Looks:
    """How long each look stands for: a camera at rest is looked at seldom, and a mean over looks
    would hardly count those times.
    """

    def __init__(self) -> None:
        self._last_us: int | None = None

    def milliseconds(self, at_us: int) -> int:
        """Return the time since the look before, at least 1; a longer pause was no looking."""
        last_us, self._last_us = self._last_us, at_us
        if last_us is None or not 0 < at_us - last_us <= _LONGEST_LOOK_US:
            return 1
        return max(1, (at_us - last_us) // 1000)


class Series:
    """Collects the values of one rule by minute."""

    def __init__(self, rule: str, version: int, zone: str, kind: str) -> None:
        self._names = (rule, version, zone, kind)
        self._minutes: dict[int, dict[_Key, tuple[float, int]]] = {}

    def add(
        self,
        at_us: int,
        measure: str,
        value: float,
        how: How,
        *,
        direction: str = "",
        label: str = "",
        weight: int = 1,
    ) -> None:
        """Take one value into the minute of its time; a mean is by ``weight``."""
        minute = self._minutes.setdefault(at_us // MINUTE_US, {})
        key: _Key = (measure, direction, label, how)
        if key not in minute and len(minute) >= MAX_KEYS:
            key = (measure, direction, "other", how)
        held, known = minute.get(key, (0.0, 0))
        minute[key] = (_joined(how, held, known, value, weight), known + weight)

    def drain(self, at_us: int | None) -> list[CountRecord]:
        """Hand over and forget the minutes that ended before ``at_us`` (None: all), in order."""
        done = sorted(m for m in self._minutes if at_us is None or m != at_us // MINUTE_US)
        return [one for minute in done for one in self._records(minute, self._minutes.pop(minute))]

    def open(self) -> list[CountRecord]:
        """Return what was collected and not handed over, and go on collecting."""
        return [
            one
            for minute, held in sorted(self._minutes.items())
            for one in self._records(minute, held)
        ]

    def _records(self, minute: int, held: dict[_Key, tuple[float, int]]) -> list[CountRecord]:
        return [
            CountRecord(*self._names, *key, minute * MINUTE_US, 60, value, weight)
            for key, (value, weight) in sorted(held.items())
        ]


def roll_up(records: Iterable[CountRecord], step: Step, zone: ZoneInfo) -> list[CountRecord]:
    """Join records to minutes, hours or days on the clock of ``zone``; ordered by time, then name.

    A day is as long as it was there. Joining in two steps gives what joining in one does. Records
    that are longer than a step (of a time whose minutes are not kept any more) are left out of it.
    """
    joined: dict[tuple[object, ...], CountRecord] = {}
    for record in records:
        start_us, seconds = span(record.start_us, step, zone)
        if record.seconds > seconds:
            continue
        wide = replace(record, start_us=start_us, seconds=seconds)
        key = (start_us, *_name(record))
        held = joined.get(key)
        if held is not None:
            value = _joined(record.how, held.value, held.weight, record.value, record.weight)
            wide = replace(held, value=value, weight=held.weight + record.weight)
        joined[key] = wide
    return sorted(joined.values(), key=lambda record: (record.start_us, _name(record)))


def _name(record: CountRecord) -> tuple[str | int, ...]:
    return (
        record.rule,
        record.rule_version,
        record.zone,
        record.kind,
        record.measure,
        record.direction,
        record.label,
        record.how,
    )


def _joined(how: How, a: float, a_weight: int, b: float, b_weight: int) -> float:
    if how == "sum":
        return a + b
    if how == "max":
        return max(a, b) if a_weight else b
    return (a * a_weight + b * b_weight) / (a_weight + b_weight)


def span(at_us: int, step: Step, zone: ZoneInfo) -> tuple[int, int]:
    """Return start (UTC microseconds) and length in seconds of the minute, local hour or day."""
    if step == "minute":
        return at_us // MINUTE_US * MINUTE_US, 60
    local = datetime.fromtimestamp(at_us // 1_000_000, zone)
    start = local.replace(minute=0, second=0, microsecond=0)
    if step == "hour":
        return round(start.timestamp()) * 1_000_000, 3600
    start = start.replace(hour=0, fold=0)
    end = (start + timedelta(days=1)).replace(fold=0)
    begin = round(start.timestamp())
    return begin * 1_000_000, round(end.timestamp()) - begin

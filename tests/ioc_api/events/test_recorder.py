"""From a real stream to the database: nothing lost, nothing doubled, poison kept aside."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from analytics.events import Box, Event, EventMessage, encode_event
from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.bus import Message
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import InvalidError, NotFoundError, StorageError
from camera_registry.base.ids import new_id
from camera_registry.scope import Scope
from camera_registry.units import Units
from ioc_api.access.rbac import Role
from ioc_api.adapters.events_sql import SqlEventStore
from ioc_api.events.recorder import MAX_MEASURED, Recorder, checked_event, snapshot_key
from ioc_api.events.records import EventFilter, NewRecord, Record, Rejected
from tests.ioc_api.hub import UNIT_A, Hub
from tests.ioc_api.samples import JPEG, event, message
from tests.waiting import eventually

CITY = Scope.all()
UNITS = Units.load()


def recorder(api: Hub, bus: NatsBus, **parts: Any) -> Recorder:
    return Recorder(
        bus,
        parts.get("events", api.events),
        parts.get("blobs", api.blobs),
        UNITS,
        SystemClock(),
    )


async def record(api: Hub, bus: NatsBus, count: int, **parts: Any) -> None:
    """Record until so many were recorded or set aside: a batch may hold fewer than were sent."""
    one = recorder(api, bus, **parts)
    while len(await recorded(api)) + len(await rejected(api)) < count:
        await one.run_once()


async def send(bus: NatsBus, *values: Event, snapshot: bytes = JPEG) -> None:
    for value in values:
        subject, body = message(value, snapshot)
        await bus.append(subject, body, message_id=value.id)


async def recorded(api: Hub) -> Sequence[Record]:
    return await api.events.list(CITY, EventFilter(), None, 500)


async def rejected(api: Hub) -> list[tuple[str, str, int]]:
    async with api.database.read() as connection:
        rows = await connection.execute(
            sa.text("select subject, reason, size from events_rejected order by seq")
        )
        return [(row[0], row[1], row[2]) for row in rows]


async def pending(bus: NatsBus) -> int:
    """Count what the durable consumer has not seen acknowledged."""
    info = await bus._js.consumer_info(subjects.EVENTS_STREAM, subjects.EVENTS_RECORDER)
    return int(info.num_pending or 0) + int(info.num_ack_pending or 0)


async def acknowledged(bus: NatsBus) -> None:
    async def none_left() -> bool:
        return await pending(bus) == 0

    await eventually(none_left, what="everything acknowledged")


async def test_an_event_is_recorded_with_its_picture_and_announced(api: Hub, bus: NatsBus) -> None:
    notices: list[Message] = []

    async def on_notice(notice: Message) -> None:
        notices.append(notice)

    await bus.subscribe(subjects.EVENT_RECORDED, on_notice)
    value = event()
    await send(bus, value)
    await recorder(api, bus).run_once()
    (found,) = await recorded(api)
    assert found.event == value
    assert found.recorded_us >= value.emitted_us
    assert await api.blobs.get(found.snapshot_key) == JPEG
    assert found.snapshot_key.startswith(f"events/{UNIT_A}/20")
    await acknowledged(bus)
    await eventually(lambda: len(notices) == 1)


async def test_an_event_delivered_again_is_not_doubled(api: Hub, bus: NatsBus) -> None:
    value = event()
    subject, body = message(value)
    for number in range(3):
        await bus.append(subject, body, message_id=f"{value.id}-{number}")
        await recorder(api, bus).run_once()
    await bus.append(subject, body)
    await bus.append(subject, body)
    running = asyncio.create_task(recorder(api, bus).run())
    await acknowledged(bus)
    running.cancel()
    assert len(await recorded(api)) == 1


async def test_a_known_id_cannot_replace_a_picture(api: Hub, bus: NatsBus) -> None:
    value = event()
    await send(bus, value)
    await recorder(api, bus).run_once()
    subject, body = message(value, b"\xff\xd8\xff forged")
    await bus.append(subject, body)
    await recorder(api, bus).run_once()
    (found,) = await recorded(api)
    assert await api.blobs.get(found.snapshot_key) == JPEG


async def test_killed_before_the_commit_nothing_is_lost(api: Hub, bus: NatsBus) -> None:
    class Dying(SqlEventStore):
        async def record(self, new: Sequence[NewRecord], rejected: Sequence[Rejected]) -> set[str]:
            raise asyncio.CancelledError

    values = [event() for _ in range(5)]
    await send(bus, *values)
    with pytest.raises(asyncio.CancelledError):
        await recorder(api, bus, events=Dying(api.database)).run_once()
    assert await recorded(api) == []
    assert await pending(bus) == 5


async def test_a_full_disk_gives_back_and_later_everything_is_there(api: Hub, bus: NatsBus) -> None:
    class Full:
        async def put(self, key: str, data: bytes) -> None:
            raise StorageError("the disk is full")

    values = [event() for _ in range(4)]
    await send(bus, *values)
    with pytest.raises(StorageError):
        await recorder(api, bus, blobs=Full()).run_once()
    assert await recorded(api) == []
    assert await pending(bus) == 4
    running = asyncio.create_task(recorder(api, bus).run())

    async def all_there() -> bool:
        return {one.event.id for one in await recorded(api)} == {v.id for v in values}

    try:
        await eventually(all_there)
        await acknowledged(bus)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../../etc/passwd"},
        {"id": ""},
        {"camera_id": "x"},
        {"unit_code": "99999"},
        {"kind": "Zone Enter"},
        {"label": "a\x00b"},
        {"rule": "r" * 201},
        {"at_us": -1},
        {"emitted_us": 2**62},
        {"rule_version": 2**40},
        {"track_id": -1},
        {"score": float("nan")},
        {"box": Box(float("inf"), 0, 0, 0)},
        {"measured": {"wait_s": float("nan")}},
        {"measured": {"wait_s": float("inf")}},
        {"measured": {f"value_{number}": 1.0 for number in range(MAX_MEASURED + 1)}},
        {"measured": {"": 1.0}},
        {"measured": {"Wait": 1.0}},
        {"measured": {"wait_s\n": 1.0}},
        {"measured": {"w" * 33: 1.0}},
        {"measured": {"__proto__": 1.0}},
    ],
)
def test_a_field_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidError, match="has a field that cannot be"):
        checked_event(event(**change), UNITS)


@given(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 5))
def test_finite_numbers_come_out_between_0_and_1(numbers: tuple[float, ...]) -> None:
    value = checked_event(event(score=numbers[0], box=Box(*numbers[1:])), UNITS)
    box = value.box
    assert all(0 <= number <= 1 for number in (value.score, box.x, box.y, box.w, box.h))


def test_the_name_of_a_picture_is_made_of_checked_parts() -> None:
    value = event(id=new_id(1), at_us=1_790_000_000_000_000)
    assert snapshot_key(value) == f"events/{UNIT_A}/2026/09/21/{value.id}.jpg"


async def test_poison_is_kept_aside_and_harms_no_other(api: Hub, bus: NatsBus) -> None:
    good = event()
    wrong = event(unit_code=UNIT_A, label="x" * 300)
    body = encode_event(EventMessage(good))
    poisons = [
        (subjects.event(UNIT_A, new_id(1), "zone_enter"), b"\xc1 no message"),
        (subjects.event(UNIT_A, new_id(2), "zone_enter"), b""),
        (subjects.event(UNIT_A, new_id(3), "zone_enter"), body),
        (subjects.event(UNIT_A, new_id(4), "zone_enter"), b"\x91" * 100_000),
        message(wrong),
    ]
    for subject, data in poisons:
        await bus.append(subject, data)
    await send(bus, good)
    await record(api, bus, 1 + len(poisons))
    assert [one.event.id for one in await recorded(api)] == [good.id]
    kept = await rejected(api)
    assert [(row[0], row[2]) for row in kept] == [(s, len(data)) for s, data in poisons]
    assert "subject that is not its own" in kept[2][1]
    await acknowledged(bus)
    # The same poison again is the same row.
    await bus.append(*poisons[0])
    await recorder(api, bus).run_once()
    assert len(await rejected(api)) == len(poisons)


async def test_values_that_no_rule_measures_are_set_aside_and_the_others_kept(
    api: Hub, bus: NatsBus
) -> None:
    good = [event(), event(measured={}), event(measured={"wait_s": 900.2, "waiting": 3.0})]
    await send(bus, good[0], event(measured={"wait_s": float("nan")}), *good[1:])
    texts = message(event(measured={"wait_s": 1.5}))
    await bus.append(texts[0], texts[1].replace(msgspec.msgpack.encode(1.5), b"\xa8a string"))
    await record(api, bus, 5)
    kept = {one.event.id: one.event.measured for one in await recorded(api)}
    assert kept == {value.id: value.measured for value in good}
    assert [row[1] for row in await rejected(api)] == [
        "has a field that cannot be: measured",
        "is no event message",
    ]
    await acknowledged(bus)


async def test_an_event_with_a_picture_that_is_none_is_kept_without_it(
    api: Hub, bus: NatsBus
) -> None:
    await send(bus, event(), snapshot=b"<svg onload=alert(1)>")
    await send(bus, event(), snapshot=b"")
    await record(api, bus, 2)
    assert [one.snapshot_key for one in await recorded(api)] == ["", ""]


async def test_what_the_database_refuses_is_found_and_set_aside(api: Hub, bus: NatsBus) -> None:
    bad = event()

    class Picky(SqlEventStore):
        async def record(self, new: Sequence[NewRecord], rejected: Sequence[Rejected]) -> set[str]:
            if any(item.event.id == bad.id for item in new):
                raise InvalidError("The database refuses an event of this batch")
            return await super().record(new, rejected)

    others = [event() for _ in range(3)]
    await send(bus, others[0], bad, *others[1:])
    await record(api, bus, 4, events=Picky(api.database))
    assert {one.event.id for one in await recorded(api)} == {v.id for v in others}
    assert len(await rejected(api)) == 1
    await acknowledged(bus)


async def test_two_recorders_share_the_work(api: Hub, bus: NatsBus) -> None:
    values = [event() for _ in range(100)]
    await send(bus, *values)
    tasks = [asyncio.create_task(recorder(api, bus).run()) for _ in range(2)]

    async def all_there() -> bool:
        return len(await recorded(api)) == 100

    try:
        await eventually(all_there)
        await acknowledged(bus)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    seqs = [one.seq for one in await recorded(api)]
    assert seqs == sorted(set(seqs), reverse=True)


async def test_events_over_http(api: Hub, bus: NatsBus) -> None:
    first = event(at_us=1_790_000_000_000_000)
    rest = [replace(event(camera_id=first.camera_id), kind="line_cross") for _ in range(3)]
    other = event(unit_code="25750")
    await send(bus, first, *rest, other)
    await record(api, bus, 5)
    scope = Scope.of([UNIT_A])
    async with api.client(await api.token(Role.OPERATOR, scope)) as client:

        async def ids(query: str) -> list[str]:
            items = (await client.get(f"/api/v1/events?{query}")).json()["items"]
            return [item["id"] for item in items]

        assert len(await ids("")) == 4
        assert await ids("kind=zone_enter") == [first.id]
        assert await ids("unit=25750") == []
        assert len(await ids(f"camera={first.camera_id}&since=2026-10-01T00:00:00Z")) == 3
        assert await ids("until=2026-09-22T00:00:00%2B07:00") == [first.id]
        page = (await client.get("/api/v1/events?limit=3")).json()
        cursor = page["next_cursor"]
        assert [e["seq"] for e in page["items"]] == [4, 3, 2]
        assert await ids(f"limit=3&cursor={cursor}") == [first.id]
        shown = (await client.get(f"/api/v1/events/{first.id}")).json()
        assert shown["at"] == "2026-09-21T14:13:20.000000Z"
        assert shown["box"] == {"x": 0.1, "y": 0.2, "w": 0.3, "h": 0.4}
        picture = await client.get(shown["snapshot"])
        assert (picture.content, picture.headers["content-type"]) == (JPEG, "image/jpeg")
        assert picture.headers["x-content-type-options"] == "nosniff"
        for path in (f"/api/v1/events/{other.id}", f"/api/v1/events/{other.id}/snapshot"):
            assert (await client.get(path)).status_code == 404
        for query in ("since=yesterday", "until=2026-01-01T00:00:00", "cursor=x", "cursor=LTE"):
            assert (await client.get(f"/api/v1/events?{query}")).status_code == 422
    await api.blobs.delete(snapshot_key(first))
    async with api.client(await api.token(Role.AUDITOR)) as client:
        assert (await client.get(shown["snapshot"])).status_code == 404
    with pytest.raises(NotFoundError):
        await api.blobs.get(snapshot_key(first))

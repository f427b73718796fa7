"""From the stream of counts to the answer of the API."""

from __future__ import annotations

import msgspec
import pytest

from analytics.series import CountBatch, CountRecord, encode_counts
from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock, iso_to_us
from camera_registry.base.ids import new_id
from camera_registry.records import NewCamera
from camera_registry.scope import Scope
from ioc_api.access.rbac import Role
from ioc_api.adapters.counts_sql import SqlCountStore
from ioc_api.events.count_recorder import CountRecorder
from tests.ioc_api.hub import UNIT_A, UNIT_B, Hub

NOON_US = iso_to_us("2026-03-02T12:00:00+07:00")
SPAN = {"since": "2026-03-02T00:00:00+07:00", "until": "2026-03-03T00:00:00+07:00"}


def record(minute: int, value: float, **more: object) -> CountRecord:
    values: dict[str, object] = {
        "rule": "gate",
        "rule_version": 2,
        "zone": "line",
        "kind": "line_cross",
        "measure": "crossings",
        "direction": "right",
        "label": "car",
        "how": "sum",
        "start_us": NOON_US + minute * 60_000_000,
        "seconds": 60,
        "value": value,
        "weight": 1,
    }
    return CountRecord(**(values | more))  # type: ignore[arg-type] # a test's shorthand


async def send(bus: NatsBus, camera_id: str, *records: CountRecord, batch: str = "") -> None:
    made = CountBatch(batch or new_id(NOON_US), camera_id, records)
    await bus.append(subjects.count(camera_id), encode_counts(made), message_id=new_id(1))


async def recorded(api: Hub, bus: NatsBus) -> None:
    recorder = CountRecorder(bus, SqlCountStore(api.database), SystemClock())
    for _ in range(2):
        await recorder.run_once()


async def camera(api: Hub, path: str = "") -> str:
    new = NewCamera("n", UNIT_A, f"rtsp://10.0.0.8/{path}")
    return (await api.deps.registry.add(new, Scope.all())).id


async def test_counts_are_given_by_minute_hour_and_day_of_the_city(api: Hub, bus: NatsBus) -> None:
    one, other = await camera(api), await camera(api, "other")
    await send(bus, one, record(0, 3), record(1, 4), record(70, 5))
    await send(bus, one, record(1, 2, label="bus"))
    await send(bus, other, record(0, 99))
    await recorded(api, bus)
    async with api.client(await api.token(Role.OPERATOR)) as client:
        path = f"/api/v1/cameras/{one}/counts"

        async def values(step: str) -> list[tuple[str, str, float]]:
            answer = await client.get(path, params=SPAN | {"step": step})
            assert answer.status_code == 200, answer.text
            return [(i["at"][:16], i["label"], i["value"]) for i in answer.json()["items"]]

        assert await values("minute") == [
            ("2026-03-02T05:00", "car", 3),
            ("2026-03-02T05:01", "bus", 2),
            ("2026-03-02T05:01", "car", 4),
            ("2026-03-02T06:10", "car", 5),
        ]
        assert await values("hour") == [
            ("2026-03-02T05:00", "bus", 2),
            ("2026-03-02T05:00", "car", 7),
            ("2026-03-02T06:00", "car", 5),
        ]
        assert await values("day") == [
            ("2026-03-01T17:00", "bus", 2),
            ("2026-03-01T17:00", "car", 12),
        ]
        none = await client.get(path, params=SPAN | {"rule": "another"})
        assert none.json() == {"items": []}


async def test_a_batch_that_comes_twice_counts_once(api: Hub, bus: NatsBus) -> None:
    one, batch = await camera(api), new_id(NOON_US)
    for _ in range(2):
        await send(bus, one, record(0, 3), batch=batch)
    await recorded(api, bus)
    found = await SqlCountStore(api.database).list(one, 0, 2**60, "", 10)
    assert list(found) == [record(0, 3)]


async def test_what_is_no_batch_is_dropped_and_the_rest_recorded(api: Hub, bus: NatsBus) -> None:
    one = await camera(api)
    wrong = [
        b"\xc1",
        msgspec.msgpack.encode({"id": "x"}),
        encode_counts(CountBatch("no id", one, (record(0, 1),))),
        encode_counts(CountBatch(new_id(1), new_id(2), (record(0, 1),))),
        encode_counts(CountBatch(new_id(1), one, (record(0, float("inf")),))),
        encode_counts(CountBatch(new_id(1), one, (record(0, 1, rule="a\nb"),))),
        encode_counts(CountBatch(new_id(1), one, (record(0, 1, start_us=2**62),))),
        encode_counts(CountBatch(new_id(1), one, (record(0, 1, seconds=0),))),
    ]
    for index, data in enumerate(wrong):
        await bus.append(subjects.count(one), data, message_id=new_id(index + 1))
    await send(bus, one, record(5, 7))
    await recorded(api, bus)
    found = await SqlCountStore(api.database).list(one, 0, 2**60, "", 10)
    assert list(found) == [record(5, 7)]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"since": "yesterday"}, 422),
        ({"step": "week"}, 422),
        (SPAN | {"until": SPAN["since"]}, 422),
        ({"since": "2020-01-01T00:00:00Z"}, 422),
        ({}, 200),
    ],
)
async def test_spans_are_bounded(api: Hub, query: dict[str, str], status: int) -> None:
    one = await camera(api)
    async with api.client(await api.token(Role.OPERATOR)) as client:
        answer = await client.get(f"/api/v1/cameras/{one}/counts", params=query)
        assert answer.status_code == status, answer.text


async def test_counts_of_another_unit_do_not_exist(api: Hub) -> None:
    one = await camera(api)
    async with api.client(await api.token(Role.OPERATOR, Scope.of([UNIT_B]))) as client:
        assert (await client.get(f"/api/v1/cameras/{one}/counts")).status_code == 404

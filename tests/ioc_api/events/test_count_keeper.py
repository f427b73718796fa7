"""Retention of counts, on each engine: hours and days outlive their minutes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics.series import CountBatch, CountRecord, How, Step, roll_up
from camera_registry.adapters.database import Database
from camera_registry.base.clock import iso_to_us
from camera_registry.base.ids import new_id
from ioc_api.adapters.counts_sql import SqlCountStore
from ioc_api.events.count_keeper import SPANS, CountKeeper, CountRetention
from ioc_api.migrations import DIRECTORY
from tests.databases import fresh_url
from tests.fakes import ManualClock

CITY = ZoneInfo("Asia/Ho_Chi_Minh")
BEGIN_US = iso_to_us("2026-01-05T00:00:00+07:00")
HOUR, DAY = 3600 * 10**6, 86_400 * 10**6


@pytest.fixture
async def store(tmp_path: Path, engine: str) -> AsyncIterator[SqlCountStore]:
    database = Database(await fresh_url(tmp_path), DIRECTORY)
    await database.migrate()
    yield SqlCountStore(database)
    await database.close()


def record(at_us: int, value: float, how: How = "sum", weight: int = 1) -> CountRecord:
    return CountRecord(
        "r",
        1,
        "z",
        "queue",
        "m",
        "",
        "car",
        how,
        at_us,
        60,
        value,
        weight,
    )


def measures(at_us: int, number: int) -> tuple[CountRecord, ...]:
    return (
        record(at_us, number),
        record(at_us, number % 7, "max"),
        record(at_us, number / 2, "mean", weight=number + 1),
    )


async def fill(store: SqlCountStore, camera: str, hours: int) -> list[CountRecord]:
    """Three measures every twenty minutes from BEGIN_US on."""
    records = [
        one for index in range(hours * 3) for one in measures(BEGIN_US + index * HOUR // 3, index)
    ]
    await store.add([CountBatch(new_id(BEGIN_US), camera, tuple(records))])
    return records


def keeper(store: SqlCountStore, at_us: int, **kept: int) -> CountKeeper:
    return CountKeeper(store, CountRetention(**kept), CITY, ManualClock(at_us))


async def listed(store: SqlCountStore, camera: str) -> list[CountRecord]:
    return list(await store.list(camera, 0, 2**60, "", 100_000))


async def all_of(one: CountKeeper) -> int:
    """Return after how many passes there was nothing more to do."""
    passes = 1
    while await one.run_once():
        passes += 1
    return passes


@pytest.mark.parametrize("step", ["hour", "day"])
async def test_hours_and_days_stay_what_they_were_when_their_minutes_go(
    store: SqlCountStore, step: Step
) -> None:
    wanted = roll_up(await fill(store, "a", 50), step, CITY)
    other = roll_up(await fill(store, "b", 5), step, CITY)
    end = BEGIN_US + 60 * DAY
    kept = {"minute_days": 10, "hour_days": 0 if step == "hour" else 20}
    assert await all_of(keeper(store, end, **kept)) > 0
    left = await listed(store, "a")
    assert {one.seconds for one in left} == {3600 if step == "hour" else 86_400}
    for camera, records in (("a", wanted), ("b", other)):
        told = roll_up(await listed(store, camera), step, CITY)
        assert [(r.start_us, r.how, r.weight) for r in told] == [
            (r.start_us, r.how, r.weight) for r in records
        ]
        assert [r.value for r in told] == pytest.approx([r.value for r in records])
    # minutes that are gone are not told as if the hour were one of them
    assert roll_up(left, "minute", CITY) == []


async def test_what_is_young_stays_and_a_pass_is_bounded(store: SqlCountStore) -> None:
    records = await fill(store, "a", 200)
    now = BEGIN_US + 10 * DAY + 100 * HOUR  # the first hundred hours are older than ten days
    one = keeper(store, now, minute_days=10)
    assert await one.run_once()
    left = await listed(store, "a")
    assert sum(row.seconds == 3600 for row in left) == SPANS * 3
    assert not await one.run_once()
    left = await listed(store, "a")
    young = [row for row in left if row.seconds == 60]
    assert young == [row for row in records if row.start_us >= BEGIN_US + 100 * HOUR]
    assert not await one.run_once()
    assert await listed(store, "a") == left


async def test_late_minutes_join_the_hour_that_is_there(store: SqlCountStore) -> None:
    records = await fill(store, "a", 1)
    one = keeper(store, BEGIN_US + 40 * DAY, minute_days=10)
    await all_of(one)
    late = record(BEGIN_US + 60_000_000, 1000)
    await store.add([CountBatch(new_id(1), "a", (late,))])
    await all_of(one)
    assert roll_up(await listed(store, "a"), "hour", CITY) == roll_up(
        [*records, late], "hour", CITY
    )


async def test_days_go_at_their_end_and_nothing_goes_unasked(store: SqlCountStore) -> None:
    await fill(store, "a", 48)
    await all_of(keeper(store, BEGIN_US + 900 * DAY, minute_days=0, hour_days=0))
    assert {row.seconds for row in await listed(store, "a")} == {60}
    await all_of(keeper(store, BEGIN_US + 101 * DAY, minute_days=1, hour_days=2, day_days=100))
    left = await listed(store, "a")
    assert {row.start_us for row in left} == {BEGIN_US + DAY}

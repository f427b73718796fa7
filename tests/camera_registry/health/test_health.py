"""Uptime as sums, against a slow count of seconds, in memory and in the database."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.adapters.health_sql import SqlHealthStore
from camera_registry.base.ids import new_id
from camera_registry.health.model import DISABLED, HealthChange, Uptime
from camera_registry.health.uptime import dead_since, flapping, touching, uptime
from camera_registry.model import Camera
from camera_registry.scope import Scope
from camera_registry.stored import StoredCamera
from camera_registry.versions import SYSTEM
from ioc_api.migrations import DIRECTORY
from tests.databases import migrated_url

S = 1_000_000
A, B = "26740", "25747"
CITY = Scope.all()
STATES = ("live", "offline", "frozen", "disabled", "unwatched")

histories = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(STATES)),
    max_size=12,
    unique_by=lambda pair: pair[0],
).map(sorted)


def changes(history: list[tuple[int, str]], camera: str = "c", unit: str = A) -> list[HealthChange]:
    return [
        HealthChange(camera, unit, state, state, "", 1_000_000 * S + at * S)
        for at, state in history
    ]


def by_hand(history: list[tuple[int, str]], since: int, until: int) -> Uptime:
    """Ask for each second what the state was."""
    live = known = falls = 0
    for second in range(since, until):
        state = next((s for at, s in reversed(history) if at <= second), None)
        known += state not in (None, "disabled")
        live += state == "live"
    for (_, before), (at, after) in itertools.pairwise(history):
        falls += before == "live" and after not in ("live", "disabled") and since <= at < until
    return Uptime(live, known, falls)


@given(histories, st.integers(0, 60), st.integers(0, 60))
def test_uptime_is_what_counting_seconds_gives(
    history: list[tuple[int, str]], a: int, b: int
) -> None:
    since, until = min(a, b), max(a, b)
    base = 1_000_000 * S
    found = uptime(changes(history), base + since * S, base + until * S)
    assert found == by_hand(history, since, until)


def test_dead_since_the_last_picture() -> None:
    at = 1_000_000 * S
    assert dead_since(changes([(0, "live"), (5, "offline"), (9, "frozen")])) == at + 5 * S
    assert dead_since(changes([(3, "offline")])) == at + 3 * S
    assert dead_since(changes([(0, "live")])) is None
    assert dead_since(changes([(0, "live"), (4, "disabled")])) is None
    assert dead_since(changes([(0, "disabled"), (4, "offline")])) == at + 4 * S
    assert dead_since([]) is None


def test_flapping_is_five_falls_within_the_hour() -> None:
    history = [(i * 10, "live" if i % 2 == 0 else "offline") for i in range(10)]
    now = 1_000_000 * S + 100 * S
    assert flapping(changes(history), now)
    assert not flapping(changes(history[:-2]), now)
    assert not flapping(changes(history), now + 3600 * S)


@pytest.fixture
async def database(tmp_path: Path, engine: str) -> AsyncIterator[Database]:
    opened = Database(await migrated_url(tmp_path), DIRECTORY)
    yield opened
    await opened.close()


async def camera(database: Database, unit: str = A, *, enabled: bool = True) -> str:
    ident = new_id(1_000_000 * S)
    made = Camera(ident, "n", unit, f"rtsp://10.0.0.1/{ident}", enabled=enabled)
    await SqlCameraStore(database).insert(StoredCamera(made), SYSTEM)
    return made.id


async def test_sums_in_the_database_are_those_of_the_core(database: Database) -> None:
    store = SqlHealthStore(database)
    one, two, three = [await camera(database, unit) for unit in (A, A, B)]
    first = [(0, "live"), (10, "offline"), (15, "live"), (30, "frozen")]
    second = [(5, "offline"), (20, "live"), (40, "disabled")]
    third = [(0, "unwatched")]
    for camera_id, history, unit in ((one, first, A), (two, second, A), (three, third, B)):
        await store.add(changes(history, camera_id, unit))
    base = 1_000_000 * S
    found = await store.by_unit(CITY, base + 8 * S, base + 50 * S)
    assert found[A] == by_hand(first, 8, 50) + by_hand(second, 8, 50)
    assert found[B] == by_hand(third, 8, 50)
    each = await store.by_camera(CITY, A, base + 8 * S, base + 50 * S)
    assert each == {one: by_hand(first, 8, 50), two: by_hand(second, 8, 50)}
    assert set(await store.by_unit(Scope.of([B]), base, base + 50 * S)) == {B}
    kept = await store.changes(one, base + 12 * S, base + 20 * S, 10)
    assert [change.state for change in kept] == ["offline", "live"]
    assert uptime(kept, base + 12 * S, base + 20 * S) == by_hand(first, 12, 20)


async def test_what_was_before_a_period_counts_from_its_beginning_only(database: Database) -> None:
    store = SqlHealthStore(database)
    one, two = await camera(database), await camera(database)
    states = ("live", "offline", "disabled", "live", "frozen", "live", "disabled")
    history = [(i, states[i % len(states)]) for i in range(400)]
    await store.add(changes(history, one))
    await store.add(changes([(0, "live")], two))
    base = 1_000_000 * S
    for since, until in ((300, 380), (350, 351), (0, 400), (250, 1000)):
        each = await store.by_camera(CITY, A, base + since * S, base + until * S)
        assert each[one] == by_hand(history, since, until)
        assert each[two] == by_hand([(0, "live")], since, until)
        unit = await store.by_unit(CITY, base + since * S, base + until * S)
        assert unit[A] == each[one] + each[two]


async def test_late_and_repeated_changes_find_their_place(database: Database) -> None:
    store = SqlHealthStore(database)
    one = await camera(database)
    first, second, third = changes([(0, "live"), (10, "offline"), (20, "live")], one)
    await store.add([third])
    await store.add([first, second, first])
    await store.add([second])
    page = await store.page(one, None, 10)
    assert [(c.state, c.until_us) for c in page] == [
        ("live", None),
        ("offline", third.at_us),
        ("live", second.at_us),
    ]
    again = changes([(25, "live")], one)
    await store.add(again)
    assert len(await store.page(one, None, 10)) == 3
    assert [c.at_us for c in await store.page(one, third.at_us, 1)] == [second.at_us]


async def test_outages_are_listed_by_how_long_they_last(database: Database) -> None:
    store = SqlHealthStore(database)
    long, short, alive, off, other = [await camera(database, unit) for unit in (A, A, A, A, B)]
    await store.add(changes([(0, "live"), (5, "offline"), (50, "frozen")], long))
    await store.add(changes([(0, "live"), (30, "offline")], short))
    await store.add(changes([(0, "offline"), (30, "live")], alive))
    await store.add(changes([(0, "offline"), (30, "disabled")], off))
    await store.add(changes([(7, "offline")], other, B))
    base = 1_000_000 * S
    found = await store.outages(CITY, base + 100 * S, None, 10)
    assert [(o.change.camera_id, o.since_us - base) for o in found] == [
        (long, 5 * S),
        (other, 7 * S),
        (short, 30 * S),
    ]
    assert found[0].change.state == "frozen"
    after = (found[0].since_us, long)
    rest = await store.outages(CITY, base + 100 * S, after, 1)
    assert [o.change.camera_id for o in rest] == [other]
    assert [o.change.camera_id for o in await store.outages(CITY, base + 6 * S, None, 9)] == [long]
    mine = await store.outages(Scope.of([B]), base + 100 * S, None, 10)
    assert [o.change.camera_id for o in mine] == [other]


@given(histories, st.integers(0, 60), st.integers(0, 60))
def test_changes_that_touch_a_period_tell_all_of_it(
    history: list[tuple[int, str]], a: int, b: int
) -> None:
    base = 1_000_000 * S
    since, until = base + min(a, b) * S, base + max(a, b) * S
    ended = [
        replace(change, until_us=after.at_us if after is not None else None)
        for change, after in itertools.zip_longest(changes(history), changes(history)[1:])
    ]
    assert uptime(touching(ended, since, until), since, until).live_s == (
        uptime(ended, since, until).live_s
    )
    assert uptime(touching(ended, since, until), since, until).known_s == (
        uptime(ended, since, until).known_s
    )


async def test_one_story_tells_periods_far_apart_and_since_when_a_camera_is_dead(
    database: Database,
) -> None:
    store = SqlHealthStore(database)
    one, never = await camera(database), await camera(database)
    history = [(0, "live"), (10, "offline"), (20, "live"), (30, "offline"), (40, "frozen")]
    history += [(50, "stalled"), (60, "offline")]
    await store.add(changes(history, one))
    await store.add(changes([(i, "offline" if i % 2 else "stalled") for i in range(9)], never))
    base = 1_000_000 * S
    early, late = (base + 2 * S, base + 8 * S), (base + 62 * S, base + 70 * S)
    found = await store.story(one, [early, late], 100)
    # neither what lies between the first period and the last live one, nor anything else
    assert [(c.at_us - base) // S for c in found] == [0, 20, 30, 40, 50, 60]
    assert dead_since(found) == base + 30 * S
    assert uptime(touching(found, *early), *early) == by_hand(history, 2, 8)
    assert uptime(touching(found, *late), *late) == by_hand(history, 62, 70)
    assert dead_since(await store.story(never, [late], 100)) == base
    assert [c.at_us for c in await store.story(one, [early, late], 2)] == [
        base + 50 * S,
        base + 60 * S,
    ]
    assert await store.story(new_id(base), [late], 100) == []


async def test_being_switched_off_is_no_fall(database: Database) -> None:
    store = SqlHealthStore(database)
    one, two = await camera(database), await camera(database, enabled=False)
    fallen = [(i, ("live", "offline")[i % 2]) for i in range(8)]
    await store.add(changes([*fallen, (8, "live"), (9, "disabled")], one))
    base = 1_000_000 * S
    assert await store.falling(base, 5) == []
    assert await store.falling(base, 4) == [(one, 4)]
    assert await store.disabled({one, two, new_id(base)}) == {two}
    assert await store.disabled(()) == frozenset()


async def test_switched_off_is_one_change_that_begins_when_it_did(database: Database) -> None:
    store = SqlHealthStore(database)
    one = await camera(database, enabled=False)
    base = 1_000_000 * S
    await store.add(changes([(0, "live")], one))
    assert await store.switched_off(base + 13 * S, 10) == 1
    await store.add(changes([(10, "disabled")], one))  # from the silence of its worker, later
    page = await store.page(one, None, 10)
    assert [(c.state, c.at_us - base, c.until_us) for c in page] == [
        ("disabled", 10 * S, None),
        ("live", 0, base + 10 * S),
    ]


async def test_falling_forgetting_and_switching_off(database: Database) -> None:
    store = SqlHealthStore(database)
    one, two = await camera(database), await camera(database, enabled=False)
    await store.add(changes([(i, "live" if i % 2 == 0 else "offline") for i in range(10)], one))
    await store.add(changes([(0, "live")], two))
    base = 1_000_000 * S
    assert await store.falling(base, 5) == [(one, 5)]
    assert await store.falling(base + 5 * S, 5) == []
    assert await store.switched_off(base + 20 * S, 10) == 1
    assert await store.switched_off(base + 30 * S, 10) == 0
    (latest, _) = await store.page(two, None, 10)
    assert (latest.state, latest.at_us) == (DISABLED, base + 20 * S)
    assert await store.forget(base + 5 * S, 3) == 3
    assert await store.forget(base + 5 * S, 3) == 1
    assert [c.at_us - base for c in await store.page(one, None, 20)][-1] == 4 * S


async def test_the_last_state_of_a_removed_camera_goes_too(database: Database) -> None:
    store = SqlHealthStore(database)
    stays, goes = await camera(database), await camera(database)
    for each in (stays, goes):
        await store.add(changes([(0, "live")], each))
    base = 1_000_000 * S
    await SqlCameraStore(database).delete(goes, CITY, SYSTEM, base, None)
    assert await store.forget(base, 10) == 0
    assert await store.forget(base + 1, 10) == 1
    assert len(await store.page(stays, None, 10)) == 1
    assert await store.page(goes, None, 10) == []

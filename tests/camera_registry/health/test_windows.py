"""Maintenance windows: who sees which, page by page, and what they silence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.adapters.groups_sql import SqlGroupStore
from camera_registry.adapters.windows_sql import SqlWindowStore
from camera_registry.base.ids import new_id
from camera_registry.groups import CameraGroup
from camera_registry.health.model import Target, Window
from camera_registry.health.ports import Place, WindowFilter
from camera_registry.health.silence import Silence
from camera_registry.model import Actor, Camera
from camera_registry.scope import Scope
from camera_registry.stored import StoredCamera
from camera_registry.versions import SYSTEM
from ioc_api.migrations import DIRECTORY
from tests.databases import migrated_url

BY = Actor("a", "An")
A, B = "26740", "25747"
NOW = 1_000_000_000_000


@pytest.fixture
async def database(tmp_path: Path, engine: str) -> AsyncIterator[Database]:
    opened = Database(await migrated_url(tmp_path), DIRECTORY)
    yield opened
    await opened.close()


def window(target: Target, target_id: str, since: int = 0, until: int = 10) -> Window:
    return Window(new_id(NOW), target, target_id, NOW + since, NOW + until, "lau", BY, NOW)


async def test_only_those_are_seen_whose_every_camera_is_in_scope(database: Database) -> None:
    store, cameras = SqlWindowStore(database), SqlCameraStore(database)
    group = CameraGroup(new_id(NOW), "Cầu", A, NOW)
    await SqlGroupStore(database).insert(group)
    here = Camera(new_id(NOW), "Chợ", A, "rtsp://10.0.0.1", groups=(group.id,))
    there = Camera(new_id(NOW), "Bến", B, "rtsp://10.0.0.2")
    for each in (here, there):
        await cameras.insert(StoredCamera(each), SYSTEM)
    made = {
        "here": window(Target.CAMERA, here.id),
        "there": window(Target.CAMERA, there.id),
        "gone": window(Target.CAMERA, new_id(NOW)),
        "a": window(Target.UNIT, A),
        "b": window(Target.UNIT, B),
        "group": window(Target.GROUP, group.id),
        "over": window(Target.UNIT, A, -20, -5),
    }
    for one in made.values():
        await store.add(one)
    names = {each.id: name for name, each in made.items()}

    async def seen(scope: Scope, *targets: str) -> set[str]:
        wanted = WindowFilter(scope, NOW, frozenset(targets) if targets else None)
        return {names[one.window.id] for one in await store.page(wanted, None, 100)}

    assert await seen(Scope.all()) == {"here", "there", "a", "b", "group"}
    assert await seen(Scope.of([A])) == {"here", "a"}
    assert await seen(Scope.of([A], [group.id])) == {"here"}
    assert await seen(Scope.of(["*"], [group.id])) == {"here", "group"}
    assert await seen(Scope()) == set()
    assert await seen(Scope.all(), here.id, A, group.id) == {"here", "a", "group"}
    wanted = WindowFilter(Scope.all(), NOW, frozenset({here.id, group.id}))
    told = [(each.window.target_id, each.name) for each in await store.page(wanted, None, 9)]
    assert sorted(told) == sorted([(here.id, "Chợ"), (group.id, "")])


async def test_pages_hold_each_window_once(database: Database) -> None:
    store = SqlWindowStore(database)
    made = [window(Target.UNIT, A, since, 50) for since in (3, 1, 1, 1, 2, 0, 3)]
    for each in made:
        await store.add(each)
    by_place = sorted(made, key=lambda each: (each.from_us, each.id))
    everything = WindowFilter(Scope.of([A]), NOW)
    found: list[Window] = []
    after: Place | None = None
    while page := await store.page(everything, after, 3):
        found += [each.window for each in page]
        after = (found[-1].from_us, found[-1].id)
    assert found == by_place
    assert await store.between(NOW, NOW + 1, None, 10) == by_place[:4]
    assert await store.between(NOW, NOW + 3, (NOW + 1, by_place[3].id), 2) == by_place[4:6]
    assert await store.between(NOW + 50, NOW + 60, None, 10) == []


targets = st.tuples(st.sampled_from(Target), st.sampled_from(["x", "y"]))
spans = st.tuples(st.integers(0, 9), st.integers(1, 9)).map(lambda s: (s[0], s[0] + s[1]))


@given(st.lists(st.tuples(targets, spans), max_size=6), st.integers(0, 20))
def test_silence_is_what_a_look_at_every_window_gives(
    drawn: list[tuple[tuple[Target, str], tuple[int, int]]], at: int
) -> None:
    windows = [window(target, name, *span) for (target, name), span in drawn]
    silence = Silence(windows)
    then = [each for each in windows if each.from_us <= NOW + at < each.until_us]
    mine = {(Target.CAMERA, "x"), (Target.UNIT, "y"), (Target.GROUP, "x")}
    expected = any((each.target, each.target_id) in mine for each in then)
    assert silence.covers("x", "y", ("x",), NOW + at) == expected
    grouped = any(each.target is Target.GROUP for each in then)
    assert silence.asks_for_groups(NOW + at) == grouped

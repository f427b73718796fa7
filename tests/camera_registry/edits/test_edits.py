"""Bulk edits on a real database: looked at, applied, undone, broken off; others work meanwhile."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from camera_registry.adapters.cameras_bulk import BulkCameras
from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.adapters.edits_sql import SqlEditStore
from camera_registry.adapters.groups_sql import SqlGroupStore
from camera_registry.adapters.shared_sql import SqlSharedStore
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import ConflictError, InvalidError, NotFoundError
from camera_registry.edits.change import BulkChange
from camera_registry.edits.model import INTERRUPTED_AFTER_US, Edit, EditLine, EditState, LineState
from camera_registry.edits.ports import Decide
from camera_registry.edits.service import Edits
from camera_registry.groups import CameraGroups
from camera_registry.model import Actor, Camera, CameraClass, Credentials
from camera_registry.naming import CodeScheme
from camera_registry.records import CameraChange, CameraFilter, NewCamera
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.shared import Logins, NewShared
from camera_registry.shared_credentials import SharedCredentials
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from ioc_api.migrations import DIRECTORY
from tests.databases import migrated_url

CITY = Scope.all()
ANNA, BAO = Actor("u-anna", "anna"), Actor("u-bao", "bao")
A, B = "25747", "25750"


class SlowClock(SystemClock):
    """The machine's clock, which a test can put forward."""

    ahead_us = 0

    def utc_us(self) -> int:
        return super().utc_us() + self.ahead_us


class GatedStore(SqlEditStore):
    """A store whose batch number ``gate`` waits until a test lets it go on."""

    gate = 0

    def __init__(self, database: Database, bulk: BulkCameras) -> None:
        super().__init__(database, bulk)
        self.asked: list[set[str]] = []

    async def logins(self, ids: Collection[str]) -> Logins:
        self.asked.append(set(ids) - {""})
        return await super().logins(ids)

    def hold(self, batch: int) -> None:
        self.gate = batch
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def change(
        self, edit_id: str, lines: Sequence[EditLine], decide: Decide, by: Actor
    ) -> None:
        self.gate -= 1
        if self.gate == 0:
            self.reached.set()
            await self.go_on.wait()
        await super().change(edit_id, lines, decide, by)


@dataclass
class Rig:
    edits: Edits
    store: GatedStore
    registry: CameraRegistry
    groups: CameraGroups
    shared: SharedCredentials
    clock: SlowClock

    async def add(self, name: str, unit: str = A, **fields: object) -> Camera:
        url = f"rtsp://10.0.{len(name)}.{len(await self.all()) + 1}/s"
        return await self.registry.add(NewCamera(name, unit, url, **fields), CITY, by=ANNA)  # type: ignore[arg-type]

    async def all(self) -> list[Camera]:
        return list(await self.registry.list(CITY, limit=2000))

    async def made(
        self,
        change: BulkChange,
        wanted: CameraFilter | None = None,
        ids: Collection[str] | None = None,
        seen: Scope = CITY,
        managed: Scope = CITY,
    ) -> Edit:
        edit = await self.edits.create(change, wanted or CameraFilter(), ids, (seen, managed), BAO)
        return await self.settled(edit)

    async def settled(self, edit: Edit) -> Edit:
        while True:
            now = await self.edits.get(edit.id, None)
            if not now.state.at_work:
                return now
            await asyncio.sleep(0.01)

    async def applied(self, edit: Edit, scope: Scope = CITY) -> Edit:
        await self.edits.apply(edit, scope, BAO)
        return await self.settled(edit)

    async def undone(self, edit: Edit, scope: Scope = CITY) -> Edit:
        await self.edits.undo(edit, scope, BAO)
        return await self.settled(edit)

    async def said(self, edit: Edit) -> dict[str, tuple[LineState, str]]:
        return {each.name: (each.state, each.code) for each in await self.edits.lines(edit)}


@pytest.fixture
async def rig(tmp_path: Path, engine: str) -> AsyncIterator[Rig]:
    database = Database(await migrated_url(tmp_path), DIRECTORY)
    clock, units = SlowClock(), Units.load()
    cameras = SqlCameraStore(database)
    vault = Vault(os.urandom(32))
    registry = CameraRegistry(cameras, vault, units, UrlPolicy(), clock, None)
    groups = CameraGroups(SqlGroupStore(database), registry, units, clock)
    store = GatedStore(database, BulkCameras(database, CodeScheme(), units))
    edits = Edits(store, registry, groups, clock, batch=2)
    shared = SharedCredentials(SqlSharedStore(database), registry, vault, units, clock)
    yield Rig(edits, store, registry, groups, shared, clock)
    await edits.close()
    await database.close()


async def test_a_change_is_looked_at_applied_and_taken_back(rig: Rig) -> None:
    group = await rig.groups.create("Cổng trường", "*", CITY)
    first = await rig.add("Chợ", tags=("chợ", "cũ"), priority=3)
    second = await rig.add("Cổng", tags=("mới",), priority=7)
    change = BulkChange(
        camera_class=CameraClass.GATE,
        unit_code=B,
        priority=7,
        owner="Công an thành phố",
        checked_on=date(2026, 1, 31),
        sign_posted=True,
        add_tags=("mới",),
        remove_tags=("cũ",),
        add_groups=(group.id,),
    )
    looked = await rig.made(change)
    assert looked.state is EditState.CHECKED
    assert looked.counts == {LineState.GOOD: 2}
    assert await rig.all() == [first, second]  # nothing is changed by looking
    line = (await rig.edits.lines(looked))[0]
    assert line.changes["tags"] == (["chợ", "cũ"], ["chợ", "mới"])
    assert line.changes["class"] == ("other", "gate")

    done = await rig.applied(looked)
    assert (done.state, done.counts) == (EditState.APPLIED, {LineState.APPLIED: 2})
    now = {each.name: each for each in await rig.all()}
    assert now["Chợ"].tags == ("chợ", "mới")
    assert now["Cổng"].groups == (group.id,)
    assert {each.version for each in now.values()} == {2}
    assert now["Chợ"].details.checked_on == date(2026, 1, 31)
    found = await rig.registry.list(CITY, CameraFilter(group=group.id, tag="mới", units=(B,)))
    assert len(found) == 2
    for each in now.values():
        entry = (await rig.registry.versions(each.id, CITY))[0]
        assert (entry.change_id, entry.actor) == (done.id, BAO)
        assert entry.changes["owner"] == ("", "Công an thành phố")

    back = await rig.undone(done)
    assert (back.state, back.counts) == (EditState.UNDONE, {LineState.UNDONE: 2})
    restored = await rig.all()
    for old, new in zip([first, second], restored, strict=True):
        assert (new.tags, new.groups, new.details, new.unit_code) == (
            old.tags,
            old.groups,
            old.details,
            old.unit_code,
        )
        assert (new.priority, new.camera_class, new.version) == (
            old.priority,
            old.camera_class,
            3,
        )
    entry = (await rig.registry.versions(first.id, CITY))[0]
    assert entry.change_id == done.id


async def test_each_camera_is_judged_by_itself(rig: Rig) -> None:
    mine = await rig.add("A")
    await rig.add("B", unit=B)
    await rig.add("C", gate="off")
    hidden = await rig.add("D", unit="25760")
    gone = "0198c0de-0000-7000-8000-000000000000"
    ids = [each.id for each in await rig.all()] + [gone]
    edit = await rig.made(
        BulkChange(gate="off"), ids=ids, seen=Scope.of([A, B]), managed=Scope.of([A])
    )
    assert await rig.said(edit) == {
        "A": (LineState.GOOD, ""),
        "B": (LineState.REFUSED, "forbidden"),
        "C": (LineState.SAME, ""),
        "": (LineState.REFUSED, "not_found"),
    }
    missing = {each.camera_id for each in await rig.edits.lines(edit) if each.name == ""}
    assert missing == {hidden.id, gone}  # out of sight is as if it were not there
    done = await rig.applied(edit, Scope.of([A]))
    assert done.counts[LineState.APPLIED] == 1
    assert (await rig.registry.get(mine.id, CITY)).gate == "off"
    assert (await rig.registry.get(hidden.id, CITY)).gate == "auto"


async def test_what_is_refused_says_the_field(rig: Rig) -> None:
    await rig.add("A", tags=tuple(str(n) for n in range(20)))
    moved = await rig.made(BulkChange(unit_code=B), managed=Scope.of([A]))
    refused = await rig.edits.lines(moved)
    assert (refused[0].state, refused[0].code) == (LineState.REFUSED, "forbidden")
    assert B in refused[0].message
    many = await rig.edits.lines(await rig.made(BulkChange(add_tags=("x",))))
    assert (many[0].code, many[0].message) == ("tags", "tags: at most 20")
    for ids in (["\0"], [gone := "0198c0de-0000-7000-8000-000000000000", gone.upper()], [""]):
        with pytest.raises(InvalidError, match=r"^ids: "):
            await rig.made(BulkChange(priority=1), ids=ids)
    with pytest.raises(InvalidError):
        await rig.made(BulkChange())
    with pytest.raises(InvalidError):
        await rig.made(BulkChange(add_groups=("none",)))


async def test_a_camera_that_changed_since_is_left_alone(rig: Rig) -> None:
    early, late, kept = await rig.add("A"), await rig.add("B"), await rig.add("C")
    edit = await rig.made(BulkChange(priority=5))
    await rig.registry.update(early.id, CameraChange(name="A2"), CITY, by=ANNA)
    await rig.registry.remove(late.id, CITY)
    done = await rig.applied(edit)
    assert await rig.said(done) == {
        "A": (LineState.REFUSED, "stale"),
        "B": (LineState.REFUSED, "not_found"),
        "C": (LineState.APPLIED, ""),
    }
    assert (await rig.registry.get(early.id, CITY)).priority == 0
    await rig.registry.update(kept.id, CameraChange(priority=9), CITY, by=ANNA)
    back = await rig.undone(done)
    assert back.counts[LineState.KEPT] == 1
    assert (await rig.registry.get(kept.id, CITY)).priority == 9


async def test_rights_that_were_lost_since_hold(rig: Rig) -> None:
    await rig.add("A")
    edit = await rig.made(BulkChange(priority=5))
    done = await rig.applied(edit, Scope.of([B]))
    assert await rig.said(done) == {"A": (LineState.REFUSED, "forbidden")}
    again = await rig.applied(await rig.made(BulkChange(unit_code=B)))
    back = await rig.undone(again, Scope.of([B]))  # may not bring it back to A
    assert await rig.said(back) == {"A": (LineState.KEPT, "forbidden")}


async def test_a_stop_ends_after_a_batch_and_it_goes_on(rig: Rig) -> None:
    for n in range(5):
        await rig.add(f"Máy {n}")
    edit = await rig.made(BulkChange(priority=6))
    rig.store.hold(2)
    await rig.edits.apply(edit, CITY, BAO)
    await rig.store.reached.wait()
    working = await rig.edits.get(edit.id, None)
    assert (working.state, working.done, working.total) == (EditState.APPLYING, 2, 5)
    await rig.edits.cancel(working)
    rig.store.go_on.set()
    stopped = await rig.settled(edit)
    # the batch that was under way is whole
    assert (stopped.state, stopped.code) == (EditState.CHECKED, "cancelled")
    assert stopped.counts == {LineState.APPLIED: 4, LineState.GOOD: 1}
    done = await rig.applied(stopped)
    assert (done.state, done.counts) == (EditState.APPLIED, {LineState.APPLIED: 5})
    assert {each.priority for each in await rig.all()} == {6}


async def test_a_group_that_is_gone_changes_nothing(rig: Rig) -> None:
    await rig.add("A")
    group = await rig.groups.create("G", "*", CITY)
    edit = await rig.made(BulkChange(priority=5, add_groups=(group.id,)))
    await rig.groups.delete(group.id, CITY, by=ANNA)
    failed = await rig.applied(edit)
    assert (failed.state, failed.code) == (EditState.CHECKED, "groups")
    assert failed.counts == {LineState.GOOD: 1}
    assert (await rig.all())[0].priority == 0


async def test_a_camera_does_not_leave_where_its_shared_login_serves(rig: Rig) -> None:
    login = await rig.shared.create(NewShared("A", Credentials("v", "p-4-ward"), A), CITY, by=ANNA)
    url = "rtsp://10.0.9.9/s"
    stays = await rig.registry.add(NewCamera("A", A, url, credential_id=login.id), CITY)
    await rig.add("B")
    looked = await rig.made(BulkChange(unit_code=B))
    refused = (LineState.REFUSED, "credential_scope")
    assert await rig.said(looked) == {"A": refused, "B": (LineState.GOOD, "")}
    assert "'A' is not for this camera" in (await rig.edits.lines(looked))[0].message
    done = await rig.applied(looked)
    assert await rig.said(done) == {"A": refused, "B": (LineState.APPLIED, "")}
    kept = await rig.registry.get(stays.id, CITY)
    assert (kept.unit_code, kept.credential_id) == (A, login.id)
    again = await rig.applied(await rig.made(BulkChange(priority=8), ids=[stays.id]))
    assert again.counts == {LineState.APPLIED: 1}
    kept = await rig.registry.get(stays.id, CITY)
    assert (kept.priority, kept.credential_id, kept.has_credentials) == (8, login.id, True)


async def test_looking_foresees_what_applying_says_of_shared_logins(rig: Rig) -> None:
    group = await rig.groups.create("G", "*", CITY)
    other = await rig.groups.create("H", "*", CITY)
    pair = Credentials("v", "p-4-group")
    ours = await rig.shared.create(NewShared("G", pair, "*", group.id), CITY, by=ANNA)
    city = await rig.shared.create(NewShared("C", pair), CITY, by=ANNA)
    for n, (login, groups) in enumerate(
        [(ours.id, (group.id,)), (city.id, (group.id,)), ("", (group.id,)), (ours.id, (group.id,))]
    ):
        await rig.add(f"Máy {n}", groups=groups, credential_id=login)
    leaving = await rig.made(BulkChange(remove_groups=(group.id,), add_groups=(other.id,)))
    no, yes = (LineState.REFUSED, "credential_scope"), (LineState.GOOD, "")
    foreseen = await rig.said(leaving)
    assert foreseen == {"Máy 0": no, "Máy 1": yes, "Máy 2": yes, "Máy 3": no}
    assert rig.store.asked == [{ours.id, city.id}, {ours.id}]  # once for each batch of two
    done = await rig.said(await rig.applied(leaving))
    assert {name: code for name, (_, code) in done.items()} == {
        name: code for name, (_, code) in foreseen.items()
    }
    # a camera that is not moved keeps its log-in
    stays = await rig.made(BulkChange(add_groups=(other.id,)))
    assert (await rig.said(stays))["Máy 0"] == (LineState.GOOD, "")


async def test_only_one_works_on_an_edit_and_a_dead_one_is_begun_again(rig: Rig) -> None:
    await rig.add("A")
    edit = await rig.made(BulkChange(priority=5))
    assert await rig.store.begin(edit, EditState.APPLYING, rig.clock.utc_us())
    with pytest.raises(ConflictError):
        await rig.edits.apply(edit, CITY, BAO)
    dead = await rig.edits.get(edit.id, None)
    with pytest.raises(ConflictError):
        await rig.edits.delete(dead)
    rig.clock.ahead_us = INTERRUPTED_AFTER_US + 1
    assert dead.interrupted(rig.clock.utc_us())
    done = await rig.applied(dead)
    assert done.counts == {LineState.APPLIED: 1}
    with pytest.raises(ConflictError):
        await rig.edits.apply(done, CITY, BAO)
    await rig.edits.delete(done)
    with pytest.raises(NotFoundError):
        await rig.edits.get(edit.id, None)


async def test_edits_are_of_their_makers_and_forgotten_in_time(rig: Rig) -> None:
    await rig.add("A")
    unused = await rig.made(BulkChange(priority=5))
    used = await rig.applied(await rig.made(BulkChange(priority=6)))
    assert [each.id for each in await rig.edits.list(BAO.id, None, 9)] == [used.id, unused.id]
    assert await rig.edits.list(ANNA.id, None, 9) == []
    with pytest.raises(NotFoundError):
        await rig.edits.get(used.id, ANNA.id)
    rig.clock.ahead_us = 25 * 3600 * 1_000_000
    assert await rig.edits.sweep() == 1
    assert [each.id for each in await rig.edits.list(None, None, 9)] == [used.id]
    rig.clock.ahead_us = 91 * 24 * 3600 * 1_000_000
    assert await rig.edits.sweep() == 1

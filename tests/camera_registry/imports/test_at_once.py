"""One address and several who register it at once: one of them does, the others are told whose."""

from __future__ import annotations

import asyncio

import pytest

from camera_registry.adapters.imports_sql import SqlImportStore
from camera_registry.base.errors import CamhubError, ConflictError
from camera_registry.imports.model import Import, ImportState, Mode, RowState
from camera_registry.records import CameraChange, NewCamera
from camera_registry.scope import Scope
from tests.camera_registry.imports.rig import CITY, Rig, counts, rig, table

__all__ = ["rig"]

URL = "rtsp://10.0.0.7/s"


def meeting(monkeypatch: pytest.MonkeyPatch, parties: int) -> asyncio.Barrier:
    """Let each import register only when so many have judged their rows to be good."""
    barrier = asyncio.Barrier(parties)
    met: set[str] = set()
    register = SqlImportStore.register

    async def late(self: SqlImportStore, import_id: str, *rest: object) -> None:
        if import_id not in met:
            met.add(import_id)
            await barrier.wait()
        await register(self, import_id, *rest)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr(SqlImportStore, "register", late)
    return barrier


async def two(rig: Rig) -> tuple[Import, Import]:
    one = await rig.checked(table("A,26740,rtsp://10.0.0.1/s,", f"B,26740,{URL},"))
    other = await rig.checked(table(f"C,26740,{URL},", "D,26740,rtsp://10.0.0.2/s,"))
    assert counts(one) == counts(other) == {"good": 2}
    return one, other


async def test_two_imports_at_once_register_an_address_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting(monkeypatch, 2)
    done = await asyncio.gather(*(rig.applied(each) for each in await two(rig)))
    assert sorted(tuple(sorted(counts(each).items())) for each in done) == [
        (("applied", 1), ("wrong", 1)),
        (("applied", 2),),
    ]
    named = {camera.name for camera in await rig.cameras() if camera.url == URL}
    assert len(await rig.cameras()) == 3
    loser = next(each for each in done if RowState.WRONG in each.counts)
    (row,) = await rig.imports.rows(loser, [RowState.WRONG])
    assert (row.messages[-1].field, row.messages[-1].code) == ("url", "duplicate_of_camera")
    assert dict(row.messages[-1].values) == {"camera": named.pop()}
    assert (row.camera, row.sealed) == ("", b"")


async def test_all_or_nothing_leaves_nothing_where_another_was_faster(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting(monkeypatch, 2)
    made = await two(rig)
    done = await asyncio.gather(*(rig.applied(each, Mode.ALL_OR_NOTHING) for each in made))
    loser = next(each for each in done if each.state is ImportState.CHECKED)
    assert (loser.code, counts(loser)) == ("rows_wrong", {"good": 1, "wrong": 1})
    assert len(await rig.cameras()) == 2


async def test_a_camera_that_was_registered_by_hand_meanwhile_stays_the_only_one(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    barrier = meeting(monkeypatch, 2)
    record = await rig.checked(table(f"C,26740,{URL},", "D,26740,rtsp://10.0.0.2/s,"))
    await rig.imports.apply(record, Mode.GOOD_ROWS, CITY, record.owner)
    await rig.registry.add(NewCamera("By hand", "26740", URL), CITY)
    await barrier.wait()
    record = await rig.settled(record)
    assert counts(record) == {"applied": 1, "wrong": 1}
    assert {camera.name for camera in await rig.cameras()} == {"By hand", "D"}


async def test_many_hands_at_once(rig: Rig) -> None:
    new = [NewCamera(f"N{n}", "26740", URL) for n in range(6)]
    done = await asyncio.gather(
        *(rig.registry.add(each, CITY) for each in new), return_exceptions=True
    )
    (camera,) = await rig.cameras()
    refused = [each for each in done if isinstance(each, CamhubError)]
    assert len(refused) == 5
    for each in refused:
        assert isinstance(each, ConflictError)
        assert (each.code, camera.name in each.message) == ("url_taken", True)


async def test_who_may_not_see_the_camera_is_not_told_its_name(rig: Rig) -> None:
    await rig.registry.add(NewCamera("Secret place", "26740", "rtsp://10.0.0.9"), CITY)
    elsewhere = Scope.of(["25747"])
    for url in ("rtsp://10.0.0.9:554/", "RTSP://10.0.0.9"):
        with pytest.raises(ConflictError, match="another camera has") as told:
            await rig.registry.add(NewCamera("N", "25747", url), elsewhere)
        assert told.value.code == "url_taken"


async def test_an_address_is_free_again_and_may_be_written_anew(rig: Rig) -> None:
    one = await rig.registry.add(NewCamera("One", "26740", URL), CITY)
    two = await rig.registry.add(NewCamera("Two", "26740", "rtsp://10.0.0.8/s"), CITY)
    with pytest.raises(ConflictError, match="One has this address"):
        await rig.registry.update(two.id, CameraChange(url=URL), CITY)
    same = await rig.registry.update(one.id, CameraChange(url=URL, name="Uno"), CITY)
    assert same.name == "Uno"
    await rig.registry.remove(one.id, CITY)
    moved = await rig.registry.update(two.id, CameraChange(url=URL), CITY)
    assert moved.url == URL

"""Dead and flapping cameras as events; maintenance that silences them; the routes over it all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from prometheus_client import REGISTRY

from analytics.events import Event, decode_event
from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.adapters.told_outages_sql import SqlToldOutages
from camera_registry.adapters.windows_sql import maintenance
from camera_registry.base.clock import SystemClock, us_to_iso
from camera_registry.base.ids import new_id
from camera_registry.health.model import HealthChange, encode_change
from camera_registry.model import Actor, Camera, CameraState, State
from camera_registry.records import CameraChange, NewCamera
from camera_registry.scope import Scope
from ioc_api.access.rbac import Role
from ioc_api.events.recorder import checked_event
from ioc_api.events.records import NewRecord
from ioc_api.health.alarms import CameraAlarms
from ioc_api.health.recorder import HealthRecorder
from tests.ioc_api.hub import Hub, hub
from tests.ioc_api.samples import event as sample
from tests.waiting import eventually

S = 1_000_000
CITY = Scope.all()


class Late(SystemClock):
    """The machine's clock, put forward by hand."""

    ahead_us = 0

    def utc_us(self) -> int:
        return super().utc_us() + self.ahead_us


@pytest.fixture
def clock() -> Late:
    return Late()


@pytest.fixture
async def made(tmp_path: Path, bus: NatsBus, clock: Late, engine: str) -> AsyncIterator[Hub]:
    async with hub(tmp_path / "hub", bus, clock=clock) as built:
        yield built


@pytest.fixture
async def camera(made: Hub) -> Camera:
    return await made.deps.registry.add(NewCamera("Cầu", "26740", "rtsp://10.0.0.1/s"), CITY)


def alarms(made: Hub, bus: NatsBus, clock: Late) -> CameraAlarms:
    deps, told = made.deps, SqlToldOutages(made.database)
    return CameraAlarms(bus, deps.health, told, deps.registry, deps.maintenance, clock, 60.0)


def change(camera: Camera, state: str, at_us: int) -> HealthChange:
    return HealthChange(camera.id, camera.unit_code, state, state, "words", at_us, "w")


async def told(made: Hub, bus: NatsBus) -> list[Event]:
    found = await bus.fetch(subjects.EVENTS_STREAM, subjects.EVENTS_RECORDER, 50, 0.3)
    for delivery in found:
        await delivery.ack()
    events = [decode_event(delivery.data).event for delivery in found]
    for event, delivery in zip(events, found, strict=True):
        assert checked_event(event, made.deps.units) == event
        assert delivery.subject == subjects.event(event.unit_code, event.camera_id, event.kind)
    return events


async def test_a_dead_camera_is_told_once_and_so_is_its_return(
    made: Hub, bus: NatsBus, clock: Late, camera: Camera
) -> None:
    now = clock.utc_us()
    await made.deps.health.add(
        [change(camera, "live", now - 200 * S), change(camera, "offline", now - 30 * S)]
    )
    watch = alarms(made, bus, clock)
    await watch.look()
    assert await told(made, bus) == []
    clock.ahead_us = 40 * S
    await watch.look()
    await watch.look()
    (event,) = await told(made, bus)
    assert (event.kind, event.label, event.at_us) == ("camera_down", "offline", now - 30 * S)
    await alarms(made, bus, clock).look()
    assert await told(made, bus) == []  # the stream knows the id: a restarted api says it again
    await made.deps.health.add([change(camera, "live", clock.utc_us())])
    await watch.look()
    assert [e.kind for e in await told(made, bus)] == ["camera_up"]
    await watch.look()
    assert await told(made, bus) == []


async def test_a_return_is_told_though_the_api_was_started_anew_meanwhile(
    made: Hub, bus: NatsBus, clock: Late, camera: Camera
) -> None:
    now = clock.utc_us()
    await made.deps.health.add([change(camera, "offline", now - 100 * S)])
    await alarms(made, bus, clock).look()
    assert [e.kind for e in await told(made, bus)] == ["camera_down"]
    await made.deps.health.add([change(camera, "live", now - 5 * S)])
    one, another = alarms(made, bus, clock), alarms(made, bus, clock)
    await asyncio.gather(one.look(), another.look())
    assert [e.kind for e in await told(made, bus)] == ["camera_up"]
    await one.look()
    await alarms(made, bus, clock).look()
    assert await told(made, bus) == []
    # the next death is another one
    await made.deps.health.add([change(camera, "offline", now - 4 * S)])
    clock.ahead_us = 90 * S
    await another.look()
    assert [(e.kind, e.at_us) for e in await told(made, bus)] == [("camera_down", now - 4 * S)]
    assert await SqlToldOutages(made.database).all() == {camera.id: now - 4 * S}


@pytest.mark.parametrize("way", ["switched off", "removed"])
async def test_a_dead_camera_that_is_given_up_is_not_back(
    made: Hub, bus: NatsBus, clock: Late, camera: Camera, way: str
) -> None:
    await made.deps.health.add([change(camera, "offline", clock.utc_us() - 100 * S)])
    watch = alarms(made, bus, clock)
    await watch.look()
    assert [e.kind for e in await told(made, bus)] == ["camera_down"]
    if way == "removed":
        await made.deps.registry.remove(camera.id, CITY)
    else:
        await made.deps.registry.update(camera.id, CameraChange(enabled=False), CITY)
        await made.deps.health.switched_off(clock.utc_us(), 10)
    await watch.look()
    await watch.look()
    assert await told(made, bus) == []


async def test_maintenance_silences_until_it_ends(
    made: Hub, bus: NatsBus, clock: Late, camera: Camera
) -> None:
    now = clock.utc_us()
    async with made.client(await made.token(Role.ENGINEER)) as engineer:
        answer = await engineer.post(
            "/api/v1/maintenance",
            json={
                "target": "unit",
                "target_id": "26740",
                "begins": us_to_iso(now - S),
                "ends": us_to_iso(now + 600 * S),
                "reason": "thay nguồn",
            },
        )
        assert answer.status_code == 201, answer.text
        await made.deps.health.add([change(camera, "offline", now - 100 * S)])
        watch = alarms(made, bus, clock)
        await watch.look()
        assert await told(made, bus) == []
        health = (await engineer.get(f"/api/v1/cameras/{camera.id}/health")).json()
        assert health["maintenance"] is True
        assert health["dead_since"] == us_to_iso(now - 100 * S)
        gone = await engineer.delete(f"/api/v1/maintenance/{answer.json()['id']}")
        assert gone.status_code == 204
    await watch.look()
    assert [e.kind for e in await told(made, bus)] == ["camera_down"]


async def test_a_camera_that_comes_and_goes_flaps(
    made: Hub, bus: NatsBus, clock: Late, camera: Camera
) -> None:
    now = clock.utc_us()
    turns = [
        change(camera, "live" if i % 2 == 0 else "offline", now - (99 - i) * S) for i in range(11)
    ]
    await made.deps.health.add(turns)
    watch = alarms(made, bus, clock)
    await watch.look()
    await watch.look()
    (event,) = await told(made, bus)
    assert (event.kind, event.measured) == ("camera_flapping", {"falls": 5.0})
    assert REGISTRY.get_sample_value("camhub_cameras_flapping") == 1
    assert REGISTRY.get_sample_value("camhub_cameras_dead") == 0


async def test_a_disabled_camera_raises_no_alarm(
    made: Hub, bus: NatsBus, clock: Late, camera: Camera
) -> None:
    await made.deps.health.add([change(camera, "offline", clock.utc_us() - 100 * S)])
    await made.deps.registry.update(camera.id, CameraChange(enabled=False), CITY)
    await alarms(made, bus, clock).look()
    assert await told(made, bus) == []


async def test_a_camera_that_is_switched_off_neither_falls_nor_flaps(
    made: Hub, bus: NatsBus, clock: Late, camera: Camera
) -> None:
    now = clock.utc_us()
    store = made.deps.health
    turns = [change(camera, ("live", "offline")[i % 2], now - (99 - i) * S) for i in range(9)]
    await store.add(turns)
    recorder = HealthRecorder(bus, store, made.deps.states, clock, 86_400.0)
    stop = made.deps.states.listen(recorder._on_report)
    await made.deps.states.start()
    await made.deps.registry.update(camera.id, CameraChange(enabled=False), CITY)
    last = CameraState(camera.id, "26740", State.LIVE, "live", "", now - 50 * S, now - 20 * S)
    bucket = bus.bucket(subjects.STATES_BUCKET)
    await bucket.put(camera.id, msgspec.msgpack.encode(last))
    await eventually(lambda: made.deps.states.state_of(camera.id) is not None)
    made.deps.states.sweep()  # its worker tells nothing any more
    await recorder.note_once()
    stop()
    await made.deps.states.stop()
    page = await store.page(camera.id, None, 2)
    assert [(each.state, each.at_us) for each in page] == [
        ("disabled", now - 20 * S + 1),
        ("live", now - 91 * S),
    ]
    await alarms(made, bus, clock).look()
    assert await told(made, bus) == []
    assert REGISTRY.get_sample_value("camhub_cameras_flapping") == 0
    async with made.client(await made.token(Role.OPERATOR)) as operator:
        health = (await operator.get(f"/api/v1/cameras/{camera.id}/health")).json()
    assert (health["uptime"]["falls"], health["flapping"], health["dead_since"]) == (4, False, None)


async def test_flaps_of_a_camera_that_is_off_now_are_not_told(
    made: Hub, bus: NatsBus, clock: Late, camera: Camera
) -> None:
    now = clock.utc_us()
    turns = [change(camera, ("live", "offline")[i % 2], now - (99 - i) * S) for i in range(11)]
    await made.deps.health.add(turns)
    await made.deps.registry.update(camera.id, CameraChange(enabled=False), CITY)
    await alarms(made, bus, clock).look()
    assert await told(made, bus) == []


async def test_windows_are_listed_page_by_page(made: Hub, camera: Camera) -> None:
    now = made.deps.now_us()
    target = {"target": "unit", "begins": us_to_iso(now), "reason": "x"}
    async with made.client(await made.token(Role.ENGINEER)) as engineer:
        for number in range(5):
            for unit in ("26740", "25747"):
                body = {**target, "target_id": unit, "ends": us_to_iso(now + (60 + number) * S)}
                assert (await engineer.post("/api/v1/maintenance", json=body)).status_code == 201
    mine = await made.token(Role.ENGINEER, Scope.of(["26740"]))
    async with made.client(mine) as engineer:
        query: dict[str, str | int] = {"limit": 2}
        ids: list[str] = []
        sizes = []
        while True:
            page = (await engineer.get("/api/v1/maintenance", params=query)).json()
            ids += [each["id"] for each in page["items"]]
            sizes.append(len(page["items"]))
            assert {each["target_name"] for each in page["items"]} == {"Sài Gòn"}
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert (len(set(ids)), sizes) == (5, [2, 2, 1])
        for wrong, status in (
            ({"cursor": "nonsense"}, 422),
            ({"limit": "0"}, 422),
            ({"camera": "nobody"}, 404),
        ):
            answer = await engineer.get("/api/v1/maintenance", params=wrong)
            assert answer.status_code == status, answer.text
    async with made.client(await made.token(Role.OPERATOR)) as operator:
        answer = await operator.get("/api/v1/maintenance", params={"camera": camera.id})
        assert {each["target_id"] for each in answer.json()["items"]} == {"26740"}
        assert len(answer.json()["items"]) == 5


async def test_windows_beyond_a_page_silence_too(made: Hub, clock: Late, camera: Camera) -> None:
    now = clock.utc_us()
    rows = [
        {
            "id": new_id(now),
            "target": "camera",
            "target_id": new_id(now),
            "from_us": now - 10 * S,
            "until_us": now + 60 * S,
            "reason": "x",
            "by_id": "a",
            "by_name": "An",
            "created_us": now,
        }
        for _ in range(2001)
    ]
    rows[-1] |= {"target_id": camera.id, "from_us": now - 5 * S}  # the last one of all
    async with made.database.write() as connection:
        await connection.execute(maintenance.insert(), rows)
    assert await made.deps.maintenance.silences(camera, now)
    assert not await made.deps.maintenance.silences(camera, now + 61 * S)


async def test_windows_keep_to_the_scope_of_who_announces(made: Hub, camera: Camera) -> None:
    now = made.deps.now_us()

    def body(target: str, target_id: str, ends: int = 60) -> dict[str, str]:
        return {
            "target": target,
            "target_id": target_id,
            "begins": us_to_iso(now),
            "ends": us_to_iso(now + ends * S),
            "reason": "x",
        }

    hidden = await made.deps.groups.create("Cầu vượt", "26740", CITY)
    other = await made.token(Role.ENGINEER, Scope.of(["25747"]))
    async with made.client(other) as engineer:
        for wrong, status in (
            (body("unit", "26740"), 403),
            (body("unit", "99999"), 422),
            (body("camera", camera.id), 404),
            (body("group", "nope"), 404),
            (body("group", hidden.id), 404),
            (body("unit", "25747", ends=-5), 422),
            (body("unit", "25747", ends=40 * 86_400), 422),
        ):
            answer = await engineer.post("/api/v1/maintenance", json=wrong)
            assert answer.status_code == status, answer.text
        made_here = await engineer.post("/api/v1/maintenance", json=body("unit", "25747"))
        assert made_here.status_code == 201
    async with made.client(await made.token(Role.ENGINEER, Scope.of(["26740"]))) as neighbour:
        assert (await neighbour.get("/api/v1/maintenance")).json()["items"] == []
        gone = await neighbour.delete(f"/api/v1/maintenance/{made_here.json()['id']}")
        assert gone.status_code == 404


async def test_a_window_is_for_what_there_is(made: Hub) -> None:
    now = made.deps.now_us()
    group = await made.deps.groups.create("Cầu vượt", "*", CITY)

    def body(target: str, target_id: str) -> dict[str, str]:
        times = {"begins": us_to_iso(now), "ends": us_to_iso(now + 60 * S)}
        return {"target": target, "target_id": target_id, "reason": "x", **times}

    path = "/api/v1/maintenance"
    async with made.client(await made.token(Role.ENGINEER)) as engineer:
        gone = new_id(now)
        for wrong, status, words in (
            (body("group", gone), 404, "There is no such camera group"),
            (body("group", group.id[:-1]), 404, "There is no such camera group"),
            (body("group", "*"), 404, "There is no such camera group"),
            (body("camera", gone), 404, "There is no such camera"),
            (body("unit", "*"), 422, "unit"),
            (body("unit", ""), 422, ""),
        ):
            answer = await engineer.post(path, json=wrong)
            assert answer.status_code == status, answer.text
            assert words in answer.text
        assert (await engineer.get(path)).json()["items"] == []
        announced = await engineer.post(path, json=body("group", group.id))
        assert announced.status_code == 201
        # one whose group was deleted since is still seen, and can be ended
        await made.deps.groups.delete(group.id, CITY, by=Actor("a", "An"))
        [listed] = (await engineer.get(path)).json()["items"]
        assert listed["id"] == announced.json()["id"]
        assert (await engineer.delete(f"{path}/{listed['id']}")).status_code == 204
        assert (await engineer.get(path)).json()["items"] == []


async def test_routes_tell_uptime_changes_and_outages(made: Hub, camera: Camera) -> None:
    now = made.deps.now_us()
    await made.deps.health.add(
        [change(camera, "live", now - 3600 * S), change(camera, "offline", now - 900 * S)]
    )
    async with made.client(await made.token(Role.OPERATOR)) as operator:
        health = (await operator.get(f"/api/v1/cameras/{camera.id}/health")).json()
        assert health["uptime"]["share"] == pytest.approx(0.75, abs=0.01)
        assert health["uptime"]["falls"] == 1
        page = (
            await operator.get(f"/api/v1/cameras/{camera.id}/health/changes", params={"limit": 1})
        ).json()
        assert [item["state"] for item in page["items"]] == ["offline"]
        rest = await operator.get(
            f"/api/v1/cameras/{camera.id}/health/changes", params={"cursor": page["next_cursor"]}
        )
        assert [item["state"] for item in rest.json()["items"]] == ["live"]
        units = (await operator.get("/api/v1/health/units")).json()
        assert [unit["unit_code"] for unit in units["items"]] == ["26740"]
        assert units["total"]["cameras"] == 1
        dead = (await operator.get("/api/v1/health/outages")).json()
        assert [(d["camera_id"], d["dead_since"]) for d in dead["items"]] == [
            (camera.id, us_to_iso(now - 900 * S))
        ]
        for wrong in ({"since": "yesterday"}, {"since": "2026-01-01T00:00:00"}):
            answer = await operator.get("/api/v1/health/units", params=wrong)
            assert answer.status_code == 422


async def test_the_recorder_keeps_changes_and_notes_silence(
    made: Hub, bus: NatsBus, camera: Camera
) -> None:
    deps = made.deps
    recorder = HealthRecorder(bus, deps.health, deps.states, SystemClock(), 86_400.0)
    task = asyncio.create_task(recorder.run())
    now = SystemClock().utc_us()
    sent = replace(change(camera, "live", now - 50 * S), reason_code="ok")
    forged = replace(sent, state="splendid")
    for message in (sent, forged):
        await bus.append(subjects.health(camera.id), encode_change(message))
    await bus.append(subjects.health(camera.id), b"garbage")

    async def states() -> list[str]:
        return [each.state for each in await deps.health.page(camera.id, None, 10)]

    async def are(*wanted: str) -> bool:
        return await states() == list(wanted)

    await eventually(lambda: are("live"))
    await deps.states.start()
    old = CameraState(
        camera.id, "26740", State.LIVE, "ok", "", now - 50 * S, now - 20 * S, worker="w"
    )
    bucket = bus.bucket(subjects.STATES_BUCKET)
    await bucket.put(camera.id, msgspec.msgpack.encode(old))

    async def noticed() -> bool:
        assert not task.done(), task.exception()
        deps.states.sweep()
        return await are("unwatched", "live")

    await eventually(noticed)
    await bucket.put(
        camera.id, msgspec.msgpack.encode(replace(old, updated_us=SystemClock().utc_us()))
    )
    await eventually(lambda: are("live", "unwatched", "live"))
    task.cancel()
    await deps.states.stop()


async def test_events_within_a_window_are_marked_as_silenced(made: Hub, clock: Late) -> None:
    now = clock.utc_us()
    registry, events = made.deps.registry, made.deps.events
    group = await made.deps.groups.create("Cầu vượt", "26740", CITY)
    grouped = await registry.add(
        NewCamera("Cầu", "26740", "rtsp://10.0.0.1/s", groups=(group.id,)), CITY
    )
    other = await registry.add(NewCamera("Chợ", "26740", "rtsp://10.0.0.2/s"), CITY)
    marked = {}
    async with made.client(await made.token(Role.ENGINEER)) as engineer:
        answer = await engineer.post(
            "/api/v1/maintenance",
            json={
                "target": "group",
                "target_id": group.id,
                "begins": us_to_iso(now - 60 * S),
                "ends": us_to_iso(now + 600 * S),
                "reason": "lau kính",
            },
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["target_name"] == ""
        for camera, kind, at_us, emitted_us in (
            (grouped, "tamper_covered", now, now),
            (grouped, "tamper_moved", now - 61 * S, now),
            (grouped, "zone_enter", now, now),
            (grouped, "camera_up", now, now),
            (grouped, "camera_down", now, now + 601 * S),
            (other, "tamper_covered", now, now),
            (grouped, "tamper_black", now - 3 * 86_400 * S, now),
        ):
            event = sample(
                kind=kind,
                camera_id=camera.id,
                unit_code=camera.unit_code,
                at_us=at_us,
                emitted_us=emitted_us,
            )
            await events.record([NewRecord(event, now, "")], [])
            marked[event.id] = kind, camera is grouped and kind in ("tamper_covered", "camera_up")
        listed = (await engineer.get("/api/v1/events")).json()["items"]
        assert {each["id"]: (each["kind"], each["silenced"]) for each in listed} == marked
        for event_id, (_, silenced) in marked.items():
            one = (await engineer.get(f"/api/v1/events/{event_id}")).json()
            assert one["silenced"] is silenced

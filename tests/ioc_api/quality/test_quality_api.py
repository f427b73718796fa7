"""Quality from the database to the routes, on both engines: scored, kept, told, counted."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from camera_registry import subjects
from camera_registry.adapters.areas_sql import SqlAreaStore
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.adapters.camera_tables import cameras
from camera_registry.base.clock import SystemClock, iso_to_us
from camera_registry.details import Details
from camera_registry.geo.polygons import MultiPolygon
from camera_registry.health.model import HealthChange
from camera_registry.jobs import Job, JobState
from camera_registry.jobs.model import encode as encode_job
from camera_registry.model import Camera, Position
from camera_registry.probe import PROBE, ProbeReport, StreamReport, encode
from camera_registry.quality.model import Measure, Use
from camera_registry.quality.ports import SETTLED_US
from camera_registry.records import CameraChange, NewCamera
from camera_registry.scope import Scope
from camera_registry.unit_areas import write_geometry
from ioc_api.access.rbac import Role
from ioc_api.events.records import NewRecord
from ioc_api.health.alarms import DOWN
from ioc_api.quality.desk import DAY_US
from tests.ioc_api.hub import UNIT_A, UNIT_B, Hub, hub
from tests.ioc_api.samples import event
from tests.waiting import eventually

CITY = Scope.all()
SQUARE = (((106.6, 10.7), (106.8, 10.7), (106.8, 10.9), (106.6, 10.9), (106.6, 10.7)),)


class Late(SystemClock):
    """A clock that begins at noon in the city, so that no test meets midnight by chance."""

    def __init__(self) -> None:
        noon = iso_to_us("2026-06-01T12:00:00+07:00")
        self.ahead_us = noon - super().utc_us()

    def utc_us(self) -> int:
        return super().utc_us() + self.ahead_us


@pytest.fixture
def clock() -> Late:
    return Late()


@pytest.fixture
async def made(tmp_path: Path, bus: NatsBus, clock: Late, engine: str) -> AsyncIterator[Hub]:
    async with hub(tmp_path / "hub", bus, clock=clock) as built:
        yield built


async def camera(made: Hub, name: str, unit: str = UNIT_A, **more: Any) -> Camera:
    url = more.pop("url", f"rtsp://10.0.0.1/{name.replace(' ', '-')}")
    return await made.deps.registry.add(NewCamera(name, unit, url, **more), CITY)


async def get(made: Hub, path: str, role: Role = Role.OPERATOR, scope: Scope | None = None) -> Any:
    async with made.client(await made.token(role, scope)) as client:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json() if "json" in answer.headers["content-type"] else answer.text


def codes(found: dict[str, Any]) -> set[str]:
    return {each["code"] for each in found["findings"]}


async def test_a_day_is_scored_once_and_what_changes_is_scored_again(
    made: Hub, clock: Late
) -> None:
    one = await camera(made, "Cầu Sài Gòn")
    await camera(made, "Cầu Thị Nghè")
    await camera(made, "Chợ", UNIT_B)
    keeper, store = made.deps.quality.keeper, made.deps.quality.desk.store
    assert await keeper.run_once() == 3
    assert await keeper.run_once() == 0
    today = made.deps.quality.desk.today()
    assert await store.progress(today) == (3, 3)
    clock.ahead_us += 1_000_000
    await made.deps.registry.update(one.id, CameraChange(details={"owner": "UBND"}), CITY)
    clock.ahead_us += 1_000_000
    assert await keeper.run_once() == 1
    clock.ahead_us += DAY_US
    assert await keeper.run_once() == 3
    history = await store.history(one.id, today)
    assert [each.day for each in history] == [today, today + timedelta(days=1)]


async def test_after_midnight_the_board_waits_for_the_whole_city(made: Hub, clock: Late) -> None:
    one = await camera(made, "Cầu Sài Gòn")
    await camera(made, "Chợ", UNIT_B)
    desk = made.deps.quality.desk
    await made.deps.quality.keeper.run_once()
    yesterday = str(desk.today())
    clock.ahead_us += DAY_US
    await desk.score_one(one)  # somebody looks at it before its turn
    board = await get(made, "/api/v1/quality")
    assert (board["day"], board["cameras"]) == (yesterday, 2)
    assert (await get(made, "/api/v1/quality/cameras"))["day"] == yesterday
    today = await get(made, f"/api/v1/quality?day={desk.today()}")
    assert today["cameras"] == 1
    await made.deps.quality.keeper.run_once()
    board = await get(made, "/api/v1/quality")
    assert (board["day"], board["cameras"]) == (str(desk.today()), 2)
    await camera(made, "Cầu Thị Nghè")  # what is new takes nothing away
    assert (await get(made, "/api/v1/quality"))["day"] == str(desk.today())


async def test_a_camera_that_was_removed_counts_no_longer_today(made: Hub, clock: Late) -> None:
    one, other = await camera(made, "Cầu Sài Gòn"), await camera(made, "Cầu Thị Nghè")
    last = await camera(made, "Chợ", UNIT_B)
    keeper = made.deps.quality.keeper
    await keeper.run_once()
    clock.ahead_us += DAY_US
    await keeper.run_once()
    for each in (one, last):
        await made.deps.registry.remove(each.id, CITY)
    await keeper.run_once()
    board = await get(made, "/api/v1/quality")
    assert [(unit["unit_code"], unit["cameras"]) for unit in board["items"]] == [(UNIT_A, 1)]
    assert board["cameras"] == 1
    labels = {"unit": "city"}
    assert REGISTRY.get_sample_value("camhub_quality_cameras", labels) == 1
    days = await made.deps.quality.desk.store.history(one.id, made.deps.quality.desk.today())
    assert days == []
    assert len(board["trend"]) == 2  # yesterday stays as it was
    assert await made.deps.quality.desk.store.drop_removed(made.deps.quality.desk.today(), 9) == 0
    assert other.id in str(await get(made, "/api/v1/quality/cameras"))


async def test_a_new_camera_is_scored_again_once_more_is_known(made: Hub, clock: Late) -> None:
    one = await camera(made, "Cầu Sài Gòn")
    keeper, begun = made.deps.quality.keeper, clock.utc_us()
    await made.deps.health.add([HealthChange(one.id, UNIT_A, "connecting", "", "", begun)])
    clock.ahead_us += 60_000_000
    assert await keeper.run_once() == 1
    early = await get(made, f"/api/v1/cameras/{one.id}/quality")
    assert early["scores"]["live"] is None
    clock.ahead_us += SETTLED_US
    await keeper.run_once()
    later = await get(made, f"/api/v1/cameras/{one.id}/quality")
    assert later["scores"]["live"] == 0.0
    assert await keeper.run_once() == 0


async def test_scores_are_forgotten_and_reasons_before_them(made: Hub, clock: Late) -> None:
    one = await camera(made, "Cầu Sài Gòn")
    service, store = made.deps.quality, made.deps.quality.desk.store
    today = service.desk.today()
    await service.keeper.run_once()
    clock.ahead_us += 15 * DAY_US
    await service.keeper.run_once()
    first, second = await store.history(one.id, today)
    assert first.quality.findings == ()
    assert first.quality.score is not None
    assert second.quality.findings
    clock.ahead_us += 401 * DAY_US
    await service.keeper.run_once()
    assert len(await store.history(one.id, today)) == 1


async def test_doubles_of_url_serial_and_view_are_found(made: Hub) -> None:
    here = Position(106.7, 10.8)
    same = Details(azimuth_deg=358.0, serial="S1")
    other = Details(azimuth_deg=3.0, serial="S1")
    away = Details(azimuth_deg=90.0)
    a = await camera(made, "Cầu Sài Gòn", position=here, details=same, url="rtsp://10.0.0.1/s")
    b = await camera(
        made,
        "Cầu Thị Nghè",
        UNIT_B,
        position=Position(106.70002, 10.8),
        details=other,
    )
    async with made.database.write() as connection:  # as it was possible once
        twice = cameras.update().where(cameras.c.id == b.id).values(url=a.url)
        await connection.execute(twice)
    c = await camera(made, "Chợ Bến Thành", position=here, details=away)
    found = await made.deps.quality.desk.store.doubles([a, b, c])
    assert found == {
        a.id: frozenset({"url", "serial", "position"}),
        b.id: frozenset({"url", "serial", "position"}),
    }


async def test_a_camera_is_judged_by_what_was_measured_lived_and_used(
    made: Hub, clock: Late
) -> None:
    now = clock.utc_us()
    one = await camera(made, "Cầu Sài Gòn", position=Position(106.7, 10.8))
    store = made.deps.quality.desk.store
    await store.put_measure(one.id, Measure(now, "hevc", 1920, 1080, 25.0, 9.0))
    await store.put_measure(one.id, Measure(now, "mjpeg", 1920, 1080, 25.0, 12.5))
    await store.put_measure("01900000-0000-7000-8000-000000000000", Measure(now))
    await made.deps.health.add(
        [
            HealthChange(one.id, UNIT_A, "frozen", "x", "", now - DAY_US),
            HealthChange(one.id, UNIT_A, "live", "", "", now - DAY_US // 4),
        ]
    )
    made.deps.quality.uses.note([one.id], Use.WALL)
    await made.deps.quality.uses.flush()
    await made.deps.quality.uses.flush()
    found = await get(made, f"/api/v1/cameras/{one.id}/quality")
    assert found["scores"]["live"] == pytest.approx(0.25, abs=0.01)
    assert found["scores"]["shared"] == pytest.approx(1 / 3)
    assert {"clock", "codec", "gaps", "unused_events", "unused_systems"} <= codes(found)
    assert "unused_wall" not in codes(found)
    words = next(each for each in found["findings"] if each["code"] == "clock")
    assert words["vi"] == "Đồng hồ camera lệch +12.5 giây (cho phép 2)"
    assert words["en"] == "The camera's clock is off by +12.5 s (2 allowed)"


async def test_a_point_outside_its_unit_is_told_by_how_far(made: Hub) -> None:
    area = write_geometry(MultiPolygon.of([SQUARE]))
    await SqlAreaStore(made.database).replace({UNIT_A: area}, 1)
    inside = await camera(made, "Cầu Sài Gòn", position=Position(106.7, 10.8))
    outside = await camera(made, "Cầu Thị Nghè", position=Position(106.7, 10.91))
    await made.deps.quality.keeper.run_once()
    good = await get(made, f"/api/v1/cameras/{inside.id}/quality")
    wrong = await get(made, f"/api/v1/cameras/{outside.id}/quality")
    assert "outside" not in codes(good)
    assert good["scores"]["correct"] == 1.0
    assert wrong["scores"]["correct"] == 0.0
    (said,) = (each["en"] for each in wrong["findings"] if each["code"] == "outside")
    assert said == "The position lies 1112 m outside its unit"


async def test_polygons_that_are_loaded_later_are_scored_by_at_once(made: Hub, clock: Late) -> None:
    here = await camera(made, "Cầu Thị Nghè", position=Position(106.7, 10.91))
    there = await camera(made, "Cầu Sài Gòn", unit=UNIT_B, position=Position(106.7, 10.8))
    keeper = made.deps.quality.keeper
    assert await keeper.run_once() == 2
    before = await get(made, f"/api/v1/cameras/{here.id}/quality")
    assert "no_polygon" in codes(before)
    area = write_geometry(MultiPolygon.of([SQUARE]))
    await SqlAreaStore(made.database).replace({UNIT_A: area}, clock.utc_us())
    assert await keeper.run_once() == 1  # of the unit whose polygon is new
    after = await get(made, f"/api/v1/cameras/{here.id}/quality")
    assert "outside" in codes(after)
    assert "no_polygon" in codes(await get(made, f"/api/v1/cameras/{there.id}/quality"))
    assert await keeper.run_once() == 0


async def test_scoring_again_sees_a_mended_fault(made: Hub) -> None:
    one = await camera(made, "Camera 1")
    async with made.client(await made.token(Role.ENGINEER)) as client:
        before = (await client.get(f"/api/v1/cameras/{one.id}/quality")).json()
        await made.deps.registry.update(one.id, CameraChange(name="Cầu Sài Gòn"), CITY)
        stale = (await client.get(f"/api/v1/cameras/{one.id}/quality")).json()
        after = (await client.post(f"/api/v1/cameras/{one.id}/quality")).json()
    assert "name" in codes(before)
    assert stale["score"] == before["score"]
    assert "name" not in codes(after)
    assert after["score"] > before["score"]
    assert len(after["history"]) == 1


async def test_board_and_lists_show_what_the_caller_may_see(made: Hub) -> None:
    await camera(made, "Cầu Sài Gòn")
    await camera(made, "Camera 2")
    hidden = await camera(made, "Chợ", UNIT_B)
    assert (await get(made, "/api/v1/quality"))["day"] is None
    await made.deps.quality.keeper.run_once()
    city = await get(made, "/api/v1/quality")
    assert [unit["unit_code"] for unit in city["items"]] == [UNIT_A, UNIT_B]
    assert city["cameras"] == 3
    of = {unit["unit_code"]: unit for unit in city["items"]}
    weighted = (2 * of[UNIT_A]["score"] + of[UNIT_B]["score"]) / 3
    assert city["score"] == pytest.approx(weighted)
    assert of[UNIT_A]["scores"]["live"] is None
    assert of[UNIT_A]["known"]["live"] == 0
    assert len(city["trend"]) == len(of[UNIT_A]["trend"]) == 1
    mine = await get(made, "/api/v1/quality", scope=Scope.of([UNIT_A]))
    assert [unit["unit_code"] for unit in mine["items"]] == [UNIT_A]
    assert mine["score"] == pytest.approx(of[UNIT_A]["score"])
    listed = await get(made, "/api/v1/quality/cameras", scope=Scope.of([UNIT_A]))
    assert hidden.id not in {each["camera_id"] for each in listed["items"]}
    assert hidden.name not in await get(
        made, "/api/v1/quality/cameras?format=csv", scope=Scope.of([UNIT_A])
    )
    group = await made.deps.groups.create("Cầu", "*", CITY)
    by_group = await get(made, "/api/v1/quality", scope=Scope.of(["*"], [group.id]))
    assert by_group["cameras"] == 0
    samples = {
        (s.labels["unit"], s.labels.get("principle")): s.value
        for family in REGISTRY.collect()
        for s in family.samples
        if s.name in ("camhub_quality_score", "camhub_quality_principle")
    }
    assert samples["city", None] == pytest.approx(city["score"])
    assert samples[UNIT_A, "unified"] == pytest.approx(of[UNIT_A]["scores"]["unified"])
    assert (UNIT_A, "live") not in samples


async def test_a_units_means_follow_its_cameras(made: Hub, clock: Late) -> None:
    store, today = made.deps.quality.desk.store, made.deps.quality.desk.today()
    group = await made.deps.groups.create("Cầu", "*", CITY)
    one = await camera(made, "Cầu Sài Gòn", groups=(group.id,))
    two = await camera(made, "Camera 2", groups=(group.id,))

    async def same_as_by_camera() -> dict[str, int]:
        whole = await store.groups(CITY, today, today)
        # whoever sees groups only has means of the cameras in them: here of all there are
        assert whole == await store.groups(Scope.of(["*"], [group.id]), today, today)
        return {each.unit_code: each.cameras for each in whole}

    await made.deps.quality.keeper.run_once()
    assert await same_as_by_camera() == {UNIT_A: 2}
    await made.deps.registry.update(two.id, CameraChange(unit_code=UNIT_B), CITY)
    clock.ahead_us += 1_000_000
    await made.deps.quality.keeper.run_once()
    assert await same_as_by_camera() == {UNIT_A: 1, UNIT_B: 1}
    await made.deps.registry.update(one.id, CameraChange(unit_code=UNIT_B), CITY)
    await made.deps.quality.desk.score_one(await made.deps.registry.get(one.id, CITY))
    assert await same_as_by_camera() == {UNIT_B: 2}


async def test_two_that_score_one_unit_at_once_lose_nothing(made: Hub) -> None:
    cameras = [await camera(made, f"Cầu {number}") for number in range(6)]
    desk = made.deps.quality.desk
    await asyncio.gather(*(desk.score_one(each) for each in cameras))
    (unit,) = await desk.store.groups(CITY, desk.today(), desk.today())
    assert unit.cameras == 6


async def test_a_list_by_name_goes_on_where_its_page_ended(made: Hub) -> None:
    names = ["Chợ Lớn", "Cầu Mới", "Ngã tư Bảy Hiền"]
    for name in names:
        await camera(made, name)
    await made.deps.quality.keeper.run_once()
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/api/v1/quality/cameras?sort=name&limit=1&cursor={cursor}"
        page = await get(made, path)
        seen += [each["name"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert seen == sorted(names)


async def test_a_fix_list_is_filtered_sorted_and_paged(made: Hub) -> None:
    names = ["Camera 1", "Camera 2", "Camera 3", "Cầu Sài Gòn"]
    for name in names:
        await camera(made, name)
    await made.deps.quality.keeper.run_once()
    path = "/api/v1/quality/cameras?principle=unified&below=0.99&limit=2"
    first = await get(made, path)
    assert [each["name"] for each in first["items"]] == names[:2]
    assert {f["principle"] for each in first["items"] for f in each["findings"]} == {"unified"}
    second = await get(made, f"{path}&cursor={first['next_cursor']}")
    assert [each["name"] for each in second["items"]] == names[2:3]
    assert second["next_cursor"] is None
    best = await get(made, "/api/v1/quality/cameras?principle=unified&sort=best")
    assert best["items"][0]["name"] == "Cầu Sài Gòn"
    unknown = await get(made, "/api/v1/quality/cameras?principle=live&below=1")
    assert unknown["items"] == []
    other = await get(made, f"/api/v1/quality/cameras?unit={UNIT_B}")
    assert other["items"] == []


async def test_csv_takes_no_name_for_a_formula(made: Hub) -> None:
    await camera(made, "=HYPERLINK(1)", url="rtsp://10.0.0.1/x")
    await made.deps.quality.keeper.run_once()
    text = await get(made, "/api/v1/quality/cameras?format=csv")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0]["name"] == "'=HYPERLINK(1)"
    assert rows[0]["live"] == ""
    assert "Thiếu: vị trí" in rows[0]["vi"]
    board = await get(made, "/api/v1/quality?format=csv")
    assert board.splitlines()[1].split(",")[1] == UNIT_A


async def test_what_a_gateway_asks_for_counts_as_use_by_the_wall(made: Hub, bus: NatsBus) -> None:
    one = await camera(made, "Cầu Sài Gòn")
    uses = made.deps.quality.uses
    heard = await bus.subscribe(subjects.demand("*"), uses._on_demand)
    store = made.deps.quality.desk.store
    await bus.publish(subjects.demand("not-a-camera"), b"")
    await bus.publish(subjects.demand(one.id), b"")

    async def counted() -> bool:
        await uses.flush()
        day = made.deps.quality.desk.today()
        return await store.uses([one.id], day, 2**62) == {one.id: frozenset({Use.WALL})}

    await eventually(counted)
    await heard.stop()


async def test_events_count_as_use_and_the_cameras_own_death_does_not(
    made: Hub, clock: Late
) -> None:
    one, other = await camera(made, "Cầu Sài Gòn"), await camera(made, "Cầu Thị Nghè")
    now = clock.utc_us()
    seen = [
        event(camera_id=one.id),
        event(camera_id=one.id, kind=DOWN),
        event(camera_id=other.id, kind=DOWN),
    ]
    await made.events.record([NewRecord(each, now, "") for each in seen], [])
    store, day = made.deps.quality.desk.store, made.deps.quality.desk.today()
    both = [one.id, other.id]
    assert await store.uses(both, day, now) == {one.id: frozenset({Use.EVENTS})}
    assert await store.uses(both, day, now + 1) == {}


async def test_another_systems_read_counts_and_a_persons_does_not(made: Hub) -> None:
    one = await camera(made, "Cầu Sài Gòn")
    await get(made, f"/api/v1/cameras/{one.id}")
    await made.deps.quality.uses.flush()
    day = made.deps.quality.desk.today()
    found = await made.deps.quality.desk.store.uses([one.id], day, 2**62)
    assert found == {one.id: frozenset({Use.SYSTEMS})}


async def test_what_a_probe_of_a_registered_camera_measures_is_kept(
    made: Hub, bus: NatsBus, clock: Late
) -> None:
    one = await camera(made, "Cầu Sài Gòn")
    measuring, store = made.deps.quality.measuring, made.deps.quality.desk.store
    async with made.client(await made.token(Role.ENGINEER)) as client:
        job_id = (await client.post(f"/api/v1/cameras/{one.id}/probe")).json()["id"]
    await measuring.look_once()
    assert await store.measures([one.id]) == {}
    stream = StreamReport(
        (), "h264", "avc1", "main", 1280, 720, 15.0, 15.0, 900.0, 30.0, 2.0, 2.0,
        b_frames=False, rate_control="variable", gop_variation=0.1, gops=3, frames=120,
        seconds=8.0, open_s=0.1, first_picture_s=0.3, clock_offset_s=-1.5,
    )  # fmt: skip
    report = ProbeReport(one.url, reachable=True, ok=True, took_s=9.0, stream=stream)
    now = clock.utc_us()
    done = Job(
        job_id, PROBE, "x", "camera.manage", CITY, now, now,
        state=JobState.DONE, result=encode(report),
    )  # fmt: skip
    await bus.bucket(subjects.JOBS_BUCKET).put(job_id, encode_job(done))
    await measuring.look_once()
    assert await store.measures([one.id]) == {one.id: Measure(now, "h264", 1280, 720, 15.0, -1.5)}
    assert await store.unmeasured(now, 10) == []
    assert await store.unmeasured(now + 1, 10) == [one.id]


async def test_at_night_the_cameras_measured_longest_ago_are_probed_once(made: Hub) -> None:
    for index in range(10):
        await camera(made, f"Cầu số {index} Sài Gòn")
    measuring = made.deps.quality.measuring
    await measuring.probe_some()
    assert len(measuring._followed) == 8
    await measuring.probe_some()
    assert len(measuring._followed) == 8

"""The register over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from camera_registry import subjects
from camera_registry.base.clock import SystemClock
from camera_registry.mirror import spec_of
from camera_registry.model import CameraState, State
from camera_registry.scope import Scope
from ioc_api.rbac import Role
from tests.ioc_api.hub import UNIT_A, UNIT_B, Hub
from tests.waiting import eventually

CAMERA = {
    "name": "Cổng chợ",
    "unit_code": UNIT_A,
    "url": "rtsp://admin:geheim@10.0.0.1:554/s",
    "position": {"lon": 106.66, "lat": 10},
    "tags": ["gate"],
}


async def add(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/cameras", json=CAMERA | more)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_camera_is_added_read_changed_and_removed(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        camera = await add(client)
        assert camera["url"] == "rtsp://10.0.0.1/s"
        assert camera["has_credentials"] is True
        assert camera["unit_name_vi"] == "Thủ Dầu Một"
        assert camera["position"] == {"lon": 106.66, "lat": 10.0}
        path = f"/api/v1/cameras/{camera['id']}"
        assert (await client.get(path)).json() == camera
        change = {"name": "New", "position": None, "version": 1}
        changed = await client.patch(path, json=change)
        left = {"updated_at": None, "status": None}
        wanted = {"name": "New", "position": None, "version": 2}
        assert changed.json() | left == camera | wanted | left
        stale = await client.patch(path, json=change)
        assert stale.status_code == 412
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404


async def test_no_answer_ever_holds_a_password(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        one = await add(client)
        two = await add(client, url="rtsp://10.0.0.2/", username="admin", password="geheim")
        path = f"/api/v1/cameras/{two['id']}"
        answers = [
            await client.get("/api/v1/cameras"),
            await client.get(path),
            await client.patch(path, json={"username": "u", "password": "geheim2"}),
            await client.patch(path, json={"url": "http://u:geheim@10.0.0.1/"}),
            await client.patch(path, json={"password": "geheim"}),
            await client.post("/api/v1/cameras", json=CAMERA | {"url": "rtsp://a:geheim@[/"}),
        ]
        assert one["has_credentials"] is two["has_credentials"] is True
        assert all("geheim" not in answer.text for answer in answers)
        gone = await client.patch(path, json={"username": None})
        assert gone.json()["has_credentials"] is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": None},
        {"name": 7},
        {"unit_code": "nowhere"},
        {"url": "rtsp://x:y@[::1"},
        {"transport": "smoke"},
        {"enabled": "yes"},
        {"position": {"lon": 181, "lat": 0}},
        {"position": {"lon": 1e400, "lat": 0}},
        {"password": "without a name"},
        {"surprise": 1},
        {"tags": "gate"},
    ],
)
async def test_a_wrong_body_is_a_problem_and_changes_nothing(
    api: Hub, wrong: dict[str, Any]
) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        camera = await add(client)
        path = f"/api/v1/cameras/{camera['id']}"
        text = msgspec.json.encode(CAMERA | wrong)
        headers = {"Content-Type": "application/json"}
        made = await client.post("/api/v1/cameras", content=text, headers=headers)
        changed = await client.patch(path, content=msgspec.json.encode(wrong), headers=headers)
        for answer in (made, changed):
            assert answer.status_code == 422, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get(path)).json() == camera
        assert len((await client.get("/api/v1/cameras")).json()["items"]) == 1


async def test_a_network_that_is_not_allowed_is_forbidden(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        answer = await client.post("/api/v1/cameras", json=CAMERA | {"url": "rtsp://127.0.0.1/"})
        assert (answer.status_code, answer.json()["code"]) == (403, "network_not_allowed")


async def test_pages_hold_every_camera_of_the_scope_once(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        for n in range(7):
            await add(client, name=f"n{n % 3}", unit_code=UNIT_A if n % 2 else UNIT_B)
    async with api.client(await api.token(Role.OPERATOR, Scope.of([UNIT_B]))) as client:
        seen: list[str] = []
        cursor = ""
        while True:
            page = (await client.get(f"/api/v1/cameras?limit=2&cursor={cursor}")).json()
            seen += [camera["id"] for camera in page["items"]]
            assert all(camera["unit_code"] == UNIT_B for camera in page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 4
        for hostile in ("x", "W10", "WzEsMl0", "%00", "a" * 2000):
            answer = await client.get(f"/api/v1/cameras?cursor={hostile}")
            assert (answer.status_code, answer.json()["code"]) == (422, "cursor")


async def test_the_status_is_that_of_the_workers_report(api: Hub) -> None:
    now = SystemClock().utc_us()
    await api.deps.states.start()
    async with api.client(await api.token(Role.ENGINEER)) as client:
        camera = await add(client)
        assert camera["status"]["reason_code"] == "no_worker"
        assert camera["status"]["state"] == "offline"
        state = CameraState(
            camera["id"],
            UNIT_A,
            State.LIVE,
            "ok",
            "Live",
            now,
            now,
            now,
            "w",
            1,
            "h264",
            64,
            48,
            25,
        )
        bucket = api.deps.states._bus.bucket(subjects.STATES_BUCKET)
        await bucket.put(camera["id"], msgspec.msgpack.encode(state))
        path = f"/api/v1/cameras/{camera['id']}"

        async def live() -> bool:
            status = (await client.get(path)).json()["status"]
            return bool(status["state"] == "live" and status["width"] == 64)

        await eventually(live)
        disabled = await client.patch(path, json={"enabled": False})
        assert disabled.json()["status"] is None
    await api.deps.states.stop()


async def test_gate_and_priority_are_kept_and_reach_the_worker(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        camera = await add(client)
        assert (camera["gate"], camera["priority"]) == ("auto", 0)
        path = f"/api/v1/cameras/{camera['id']}"
        changed = await client.patch(path, json={"gate": "off", "priority": 7})
        assert (changed.json()["gate"], changed.json()["priority"]) == ("off", 7)
        spec = await api.deps.registry.get(camera["id"], Scope.all())
        assert (spec_of(spec, b"").gate, spec_of(spec, b"").priority) == ("off", 7)
        for wrong in ({"gate": "on"}, {"gate": None}, {"priority": 10}, {"priority": -1}):
            assert (await client.patch(path, json=wrong)).status_code == 422
        assert (await client.get(path)).json()["priority"] == 7

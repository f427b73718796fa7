"""The register over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from camera_registry import subjects
from camera_registry.base.clock import SystemClock
from camera_registry.mirror import spec_of
from camera_registry.model import CameraState, State
from camera_registry.scope import Scope
from ioc_api.access.rbac import Role
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


async def test_a_weak_password_is_flagged_and_can_be_looked_for(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        default = await add(client, name="1", url="rtsp://admin:12345@10.0.0.1/")
        strong = await add(client, name="2", url="rtsp://admin:nine-loud-Geese@10.0.0.2/")
        none = await add(client, name="3", url="rtsp://10.0.0.3/")
        assert [each["weak_credentials"] for each in (default, strong, none)] == [True, False, None]

        async def names(wanted: str) -> list[str]:
            answer = await client.get(f"/api/v1/cameras?weak_credentials={wanted}")
            return [item["name"] for item in answer.json()["items"]]

        assert (await names("true"), await names("false")) == (["1"], ["2"])
        path = f"/api/v1/cameras/{default['id']}"
        better = {"username": "admin", "password": "nine-loud-Geese"}
        assert (await client.patch(path, json=better)).json()["weak_credentials"] is False
        renamed = await client.patch(path, json={"name": "4"})
        assert renamed.json()["weak_credentials"] is False
        moved = await client.patch(path, json={"url": "rtsp://10.0.0.9/"})
        assert moved.json()["weak_credentials"] is None
        changes = (await client.get(f"{path}/versions")).json()["items"]
        assert all("weak_credentials" not in entry["changes"] for entry in changes)


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
            unit = UNIT_A if n % 2 else UNIT_B
            await add(client, name=f"n{n % 3}", unit_code=unit, url=f"rtsp://10.0.0.1/{n}")
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


FULL = {
    "class": "gate",
    "code": "cong-01",
    "address": "12 Lê Lợi",
    "height_m": 5,
    "azimuth_deg": 360,
    "fov_deg": 92.5,
    "view_m": 25,
    "target_px_m": 125,
    "owner": "UBND phường",
    "purpose": "An ninh trật tự",
    "make": "Hikvision",
    "model": "DS-2CD2043",
    "firmware": "5.7.3",
    "serial": "DS2CD123",
    "installed_on": "2024-05-01",
    "checked_on": "2026-01-31",
    "main": {"codec": "H265", "width": 1920, "height": 1080, "fps": 25, "bitrate_kbps": 4096},
    "sub": {"url": "rtsp://admin:geheim@10.0.0.1/sub", "codec": "h264", "width": 640},
    "capabilities": {
        "ptz": True,
        "audio": False,
        "onvif_profiles": ["t", "S"],
        "onvif_url": "http://10.0.0.1/onvif/device_service",
    },
    "privacy_zones": [{"name": "window", "points": [[0, 0], [0.5, 0], [0.5, 0.5]]}],
    "retention_class": "short",
    "sign_posted": True,
    "detector": "people",
}


async def test_every_field_is_kept_shown_and_changed(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        camera = await add(client, **FULL)
        path = f"/api/v1/cameras/{camera['id']}"
        wanted: dict[str, Any] = dict(FULL) | {
            "code": "CONG-01",
            "azimuth_deg": 0.0,
            "main": dict(FULL["main"]) | {"codec": "hevc"},  # type: ignore[call-overload]
            "sub": {
                "url": "rtsp://10.0.0.1/sub",
                "codec": "h264",
                "width": 640,
                "height": 0,
                "fps": 0,
                "bitrate_kbps": 0,
            },
            "capabilities": dict(FULL["capabilities"]) | {"onvif_profiles": ["S", "T"]},  # type: ignore[call-overload]
        }
        shown = (await client.get(path)).json()
        assert wanted["capabilities"].items() <= shown["capabilities"].items()
        wanted["capabilities"] = shown["capabilities"]
        assert {name: shown[name] for name in wanted} == wanted
        assert camera == shown
        empty = {"sub": None, "height_m": None, "sign_posted": None, "class": "traffic"}
        changed = (await client.patch(path, json=empty)).json()
        assert {name: changed[name] for name in empty} == empty
        left = {name: changed[name] for name in wanted if name not in empty}
        assert left == {name: wanted[name] for name in left}
        spec = spec_of(await api.deps.registry.get(camera["id"], Scope.all()), b"")
        assert spec.detector == "people"


@pytest.mark.parametrize(
    "wrong",
    [
        {"class": "submarine"},
        {"class": None},
        {"code": "a b"},
        {"code": "x" * 41},
        {"address": "x" * 201},
        {"address": None},
        {"owner": "a\u0000b"},
        {"height_m": 2000},
        {"azimuth_deg": -1},
        {"fov_deg": 0},
        {"view_m": "far"},
        {"installed_on": "yesterday"},
        {"installed_on": 7},
        {"installed_on": "9999-01-01"},
        {"checked_on": "1812-01-01"},
        {"main": {"codec": "has blank"}},
        {"main": {"url": "rtsp://10.0.0.1/"}},
        {"main": {"width": -1}},
        {"main": {"fps": 1000}},
        {"sub": {"url": "http://10.0.0.1/"}},
        {"capabilities": {"onvif_profiles": ["Z"]}},
        {"capabilities": {"onvif_url": "http://u:p@10.0.0.1/"}},
        {"capabilities": {"onvif_url": "file:///etc/passwd"}},
        {"privacy_zones": [{"points": [[0, 0], [1, 1]]}]},
        {"privacy_zones": [{"points": [[0, 0], [1, 1], [2, 0]]}]},
        {"privacy_zones": [{"points": [[0, 0], [1, 1], [1, 0], [0, 1]]}]},
        {"retention_class": "Très long"},
        {"sign_posted": "yes"},
        {"detector": "../../etc"},
        {"groups": ["nonsense"]},
        {"groups": ["019a0000-0000-7000-8000-000000000000"]},
    ],
)
async def test_a_wrong_detail_is_refused_and_changes_nothing(
    api: Hub, wrong: dict[str, Any]
) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        camera = await add(client)
        path = f"/api/v1/cameras/{camera['id']}"
        headers = {"Content-Type": "application/json"}
        made = await client.post(
            "/api/v1/cameras", content=msgspec.json.encode(CAMERA | wrong), headers=headers
        )
        changed = await client.patch(path, content=msgspec.json.encode(wrong), headers=headers)
        for answer in (made, changed):
            assert answer.status_code == 422, answer.text
        assert (await client.get(path)).json() == camera


async def test_addresses_in_details_obey_the_network_policy(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        for wrong in (
            {"sub": {"url": "rtsp://127.0.0.1/"}},
            {"capabilities": {"onvif_url": "http://169.254.169.254/"}},
        ):
            answer = await client.post("/api/v1/cameras", json=CAMERA | wrong)
            assert (answer.status_code, answer.json()["code"]) == (403, "network_not_allowed")


async def test_every_change_is_told_with_who_made_it_and_from_what_to_what(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        camera = await add(client)
        path = f"/api/v1/cameras/{camera['id']}"
        await client.patch(path, json={"name": "Second", "address": "1 Lê Lợi"})
        await client.patch(path, json={"username": "u", "password": "geheim2"})
        await client.delete(path)
        page = (await client.get(f"{path}/versions?limit=3")).json()
        rest = (await client.get(f"{path}/versions?cursor={page['next_cursor']}")).json()
        told = page["items"] + rest["items"]
        assert [(each["version"], each["action"]) for each in told] == [
            (4, "deleted"),
            (3, "changed"),
            (2, "changed"),
            (1, "created"),
        ]
        assert rest["next_cursor"] is None
        assert {each["actor_name"] for each in told} == {"token:test"}
        assert all(each["actor_id"] for each in told)
        changes = {each["field"]: (each["old"], each["new"]) for each in told[2]["changes"]}
        assert changes == {"name": ("Cổng chợ", "Second"), "address": ("", "1 Lê Lợi")}
        secret = {each["field"]: (each["old"], each["new"]) for each in told[1]["changes"]}
        assert secret == {"credentials": ("set", "replaced")}
        first = (await client.get(f"{path}/versions/1")).json()
        assert first["camera"]["name"] == "Cổng chợ"
        gone = (await client.get(f"{path}/versions/4")).json()
        assert (gone["action"], gone["camera"]["name"]) == ("deleted", "Second")
        for answer in (page, rest, first, gone):
            assert "geheim" not in str(answer)
        for number, status in ((9, 404), (0, 422)):
            assert (await client.get(f"{path}/versions/{number}")).status_code == status
    async with api.client(await api.token(Role.ENGINEER, Scope.of([UNIT_B]))) as foreign:
        for hidden in (f"{path}/versions", f"{path}/versions/1"):
            assert (await foreign.get(hidden)).status_code == 404


async def test_an_entity_tag_guards_changes_and_saves_answers(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        camera = await add(client)
        path = f"/api/v1/cameras/{camera['id']}"
        tag = (await client.get(path)).headers["etag"]
        same = await client.get(path, headers={"If-None-Match": f'W/"x", {tag}'})
        assert (same.status_code, same.content) == (304, b"")
        changed = await client.patch(path, json={"name": "m"}, headers={"If-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag
        assert (await client.get(path, headers={"If-None-Match": tag})).status_code == 200
        for method, body in (("PATCH", {"name": "o"}), ("DELETE", None)):
            for wrong in (tag, '"nonsense"'):
                stale = await client.request(method, path, json=body, headers={"If-Match": wrong})
                assert stale.status_code == 412
            broken = await client.request(method, path, json=body, headers={"If-Match": "7"})
            assert broken.status_code == 422
        assert (await client.get(path)).json()["name"] == "m"
        now = changed.headers["etag"]
        assert (await client.delete(path, headers={"If-Match": now})).status_code == 204
        assert (await client.delete(path, headers={"If-Match": now})).status_code == 404


async def test_codes_follow_the_scheme_and_are_unique(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        gates = [{"class": "gate", "url": f"rtsp://10.0.0.2/{n}"} for n in range(9)]
        made = await asyncio.gather(*(add(client, **gate) for gate in gates[:8]))
        codes = sorted(camera["code"] for camera in made)
        assert codes == [f"{UNIT_A}-GAT-{n:04}" for n in range(1, 9)]
        path = f"/api/v1/cameras/{made[0]['id']}"
        taken = await client.patch(path, json={"code": made[1]["code"].lower()})
        assert (taken.status_code, taken.json()["code"]) == (409, "code_taken")
        own = await client.patch(path, json={"code": f"{UNIT_A}-gat-0009"})
        assert own.json()["code"] == f"{UNIT_A}-GAT-0009"
        assert (await add(client, **gates[8]))["code"] == f"{UNIT_A}-GAT-0010"
        again = await client.patch(path, json={"code": "", "class": "traffic"})
        assert again.json()["code"] == f"{UNIT_A}-TRF-0001"

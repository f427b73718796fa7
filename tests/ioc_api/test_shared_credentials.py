"""Shared log-ins over HTTP: who may, what cameras get, what their history says."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from camera_registry import subjects
from camera_registry.adapters.camera_tables import camera_groups
from camera_registry.base.errors import ConfigError
from camera_registry.base.ids import new_id
from camera_registry.mirror import decode_spec
from camera_registry.model import CameraSpec
from camera_registry.scope import Scope
from ioc_api.access.rbac import Role
from tests.ioc_api.hub import UNIT_A, UNIT_B, Hub

STRONG, STRONGER = "four-Loud-geese", "five-Quiet-herons"


async def make(client: httpx.AsyncClient, name: str = "North", **more: Any) -> dict[str, Any]:
    body = {"name": name, "username": "viewer", "password": STRONG} | more
    answer = await client.post("/api/v1/credentials", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def add(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    body = {"name": "n", "unit_code": UNIT_A, "url": "rtsp://10.0.0.1/s"} | more
    return await client.post("/api/v1/cameras", json=body)


async def spec(api: Hub, bus: Any, camera_id: str) -> CameraSpec:
    entry = await bus.bucket(subjects.SPECS_BUCKET).get(camera_id)
    assert entry is not None
    return decode_spec(entry.value)


async def group(api: Hub, unit: str) -> str:
    made = new_id(api.deps.now_us())
    row = {"id": made, "name": made, "unit_code": unit, "created_us": 1}
    async with api.database.write() as connection:
        await connection.execute(camera_groups.insert().values(row))
    return made


async def test_it_is_made_listed_changed_and_removed(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        made = await make(client, unit_code=UNIT_A)
        assert (made["cameras"], made["weak"], made["version"]) == (0, False, 1)
        path = f"/api/v1/credentials/{made['id']}"
        got = await client.get(path)
        assert got.json() == made
        assert STRONG not in got.text
        renamed = await client.patch(
            path, json={"name": "N", "password": "12345"}, headers={"If-Match": got.headers["ETag"]}
        )
        assert (renamed.json()["name"], renamed.json()["weak"]) == ("N", True)
        stale = await client.patch(
            path, json={"name": "M"}, headers={"If-Match": got.headers["ETag"]}
        )
        assert stale.status_code == 412
        other = await make(client, "Zed")
        taken = await client.patch(f"/api/v1/credentials/{other['id']}", json={"name": "N"})
        assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
        alone = await client.patch(path, json={"username": "admin"})
        assert (alone.status_code, alone.json()["code"]) == (422, "credentials")
        first = (await client.get("/api/v1/credentials?limit=1")).json()
        assert [each["name"] for each in first["items"]] == ["N"]
        rest = await client.get(f"/api/v1/credentials?cursor={first['next_cursor']}")
        assert [each["name"] for each in rest.json()["items"]] == ["Zed"]
        old = {"If-Match": got.headers["ETag"]}
        assert (await client.delete(path, headers=old)).status_code == 412
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404


async def test_its_cameras_get_the_new_password_and_no_other_camera_does(
    api: Hub, bus: Any
) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        made = await make(client, password="12345")
        path = f"/api/v1/credentials/{made['id']}"
        one = (await add(client, credential_id=made["id"])).json()
        two = (await add(client, name="m", url="rtsp://u:own-Secret-9@10.0.0.2/")).json()
        assert (one["credential_id"], one["has_credentials"]) == (made["id"], True)
        assert one["weak_credentials"] is True
        moved = await client.patch(
            f"/api/v1/cameras/{two['id']}", json={"credential_id": made["id"]}
        )
        three = (await add(client, name="o", url="rtsp://10.0.0.3/")).json()
        specs = {each["id"]: await spec(api, bus, each["id"]) for each in (one, two, three)}
        assert {specs[one["id"]].sealed_for, specs[two["id"]].sealed_for} == {made["id"]}

        changed = await client.patch(path, json={"password": STRONGER})
        assert (changed.json()["cameras"], changed.json()["weak"]) == (2, False)

        for camera, version in ((one, 2), (two, moved.json()["version"] + 1)):
            now = (await client.get(f"/api/v1/cameras/{camera['id']}")).json()
            assert (now["version"], now["weak_credentials"]) == (version, False)
            told = await spec(api, bus, camera["id"])
            opened = api.vault.open_credentials(told.sealed_for, told.sealed)
            assert (opened.username, opened.password) == ("viewer", STRONGER)
            with pytest.raises(ConfigError):
                api.vault.open_credentials(camera["id"], told.sealed)
            latest = (await client.get(f"/api/v1/cameras/{camera['id']}/versions")).json()
            entry = latest["items"][0]
            assert "replaced" in str(entry["changes"])
            assert STRONGER not in str(latest)
        assert await spec(api, bus, three["id"]) == specs[three["id"]]
        mine = await client.get(f"/api/v1/cameras?credential={made['id']}")
        assert {each["id"] for each in mine.json()["items"]} == {one["id"], two["id"]}
        assert await api.deps.registry.reconcile() == 0

        used = await client.delete(path)
        assert (used.status_code, used.json()["code"]) == (409, "credential_in_use")
        own = {"username": "u", "password": "another-One-7"}
        back = await client.patch(f"/api/v1/cameras/{one['id']}", json=own)
        assert (back.json()["credential_id"], back.json()["weak_credentials"]) == ("", False)
        none = await client.patch(f"/api/v1/cameras/{two['id']}", json={"credential_id": ""})
        assert none.json()["has_credentials"] is False
        assert (await client.delete(path)).status_code == 204


async def test_a_password_stays_with_its_host_unless_it_is_given_again(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        made = await make(client)
        camera = (await add(client, credential_id=made["id"])).json()
        path = f"/api/v1/cameras/{camera['id']}"
        same = await client.patch(path, json={"url": "rtsp://10.0.0.1/other"})
        assert same.json()["credential_id"] == made["id"]
        moved = await client.patch(path, json={"url": "rtsp://10.0.0.9/s"})
        assert (moved.json()["credential_id"], moved.json()["has_credentials"]) == ("", False)
        both = {"credential_id": made["id"], "username": "u", "password": "x"}
        assert (await client.patch(path, json=both)).status_code == 422
        both = {"credential_id": made["id"], "url": "rtsp://u:p@10.0.0.9/s"}
        assert (await client.patch(path, json=both)).status_code == 422


async def test_only_cameras_of_its_unit_and_group_use_it(api: Hub) -> None:
    mine = await group(api, UNIT_A)
    async with api.client(await api.token(Role.ENGINEER)) as client:
        made = await make(client, unit_code=UNIT_A, group_id=mine)
        outside = await add(client, credential_id=made["id"])
        assert (outside.status_code, outside.json()["code"]) == (422, "credential_scope")
        inside = await add(client, credential_id=made["id"], groups=[mine])
        assert inside.status_code == 201
        path = f"/api/v1/cameras/{inside.json()['id']}"
        leavings: tuple[dict[str, Any], ...] = ({"groups": []}, {"unit_code": UNIT_B})
        for leaving in leavings:
            refused = await client.patch(path, json=leaving)
            assert (refused.status_code, refused.json()["code"]) == (422, "credential_scope")
        gone = await client.delete(f"/api/v1/camera-groups/{mine}")
        assert (gone.status_code, gone.json()["code"]) == (409, "credential_in_use")
        assert (await client.get(path)).json()["groups"] == [mine]
        unknown = await add(client, credential_id=new_id(1))
        assert (unknown.status_code, unknown.json()["code"]) == (422, "credential")
        nowhere = {"name": "x", "username": "u", "password": "p", "group_id": new_id(1)}
        assert (await client.post("/api/v1/credentials", json=nowhere)).status_code == 422


async def test_who_manages_a_part_of_its_cameras_only_neither_sees_nor_gives_it(api: Hub) -> None:
    mine = await group(api, UNIT_A)
    async with api.client(await api.token(Role.ENGINEER)) as client:
        of_city, of_unit = await make(client, "c"), await make(client, "u", unit_code=UNIT_A)
        await make(client, "g", unit_code=UNIT_A, group_id=mine)
        camera = (await add(client, credential_id=of_city["id"], groups=[mine])).json()
    path = f"/api/v1/cameras/{camera['id']}"
    cases: tuple[tuple[Scope, set[str], dict[str, Any]], ...] = (
        (Scope.of([UNIT_A]), {"u", "g"}, of_city),
        (Scope.of(["*"], [mine]), {"g"}, of_unit),
        (Scope.of([UNIT_A], [mine]), {"g"}, of_unit),
        (Scope.of([UNIT_B]), set(), of_unit),
    )
    for scope, seen, hidden in cases:
        async with api.client(await api.token(Role.ENGINEER, scope)) as client:
            found = (await client.get("/api/v1/credentials")).json()["items"]
            assert {each["name"] for each in found} == seen
            hidden_path = f"/api/v1/credentials/{hidden['id']}"
            assert (await client.get(hidden_path)).status_code == 404
            assert (await client.patch(hidden_path, json={"name": "h"})).status_code == 404
            assert (await client.delete(hidden_path)).status_code == 404
            given = await client.patch(path, json={"credential_id": hidden["id"]})
            assert given.status_code in (404, 422) or hidden is of_city
            # what the camera has already may stay, but is not sent to another host
            away = {"credential_id": of_city["id"], "url": "rtsp://10.6.6.6/"}
            assert (await client.patch(path, json=away)).status_code in (404, 422)
            onvif = {"capabilities": {"onvif_url": "http://10.6.6.6/onvif/device_service"}}
            assert (await client.patch(path, json=onvif)).status_code in (404, 422)
    async with api.client(await api.token(Role.ENGINEER)) as client:
        assert (await client.get(path)).json()["url"] == camera["url"]


async def test_a_camera_and_its_log_in_changed_at_once_end_alike(api: Hub, bus: Any) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        made = await make(client)
        camera = (await add(client, credential_id=made["id"])).json()
        path = f"/api/v1/cameras/{camera['id']}"
        answers = await asyncio.gather(
            *(client.patch(path, json={"name": f"n{index}"}) for index in range(6)),
            *(
                client.patch(
                    f"/api/v1/credentials/{made['id']}", json={"password": f"loud-Geese{i}"}
                )
                for i in range(6)
            ),
        )
        assert {answer.status_code for answer in answers} <= {200, 409, 412}
        await api.deps.registry.reconcile()
        told = await spec(api, bus, camera["id"])
        stored = await api.deps.registry.stored(camera["id"], Scope.all())
        assert (told.sealed, told.sealed_for, told.version) == (
            *stored.login,
            stored.camera.version,
        )
        history = (await client.get(f"{path}/versions?limit=50")).json()["items"]
        assert [each["version"] for each in history] == list(range(told.version, 0, -1))

"""Bulk edits over HTTP: filters and ids, the preview, applied, undone, and whose they are."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from camera_registry.scope import Scope
from ioc_api.access.rbac import Role
from tests.ioc_api.hub import UNIT_A, UNIT_B, Hub

URL = "/api/v1/camera-edits"


async def added(client: httpx.AsyncClient, name: str, unit: str = UNIT_A) -> str:
    body = {"name": name, "unit_code": unit, "url": f"rtsp://10.0.0.1/{name}"}
    answer = await client.post("/api/v1/cameras", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def settled(client: httpx.AsyncClient, edit_id: str) -> dict[str, Any]:
    while True:
        edit = dict((await client.get(f"{URL}/{edit_id}")).json())
        if not edit["state"].endswith("ing"):
            return edit
        await asyncio.sleep(0.01)


async def step(client: httpx.AsyncClient, address: str, body: object = None) -> dict[str, Any]:
    answer = await client.post(address, json=body)
    assert answer.status_code == 202, answer.text
    return await settled(client, answer.json()["id"])


async def test_all_that_match_change_at_once_and_back(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        first, second = await added(client, "cho-1"), await added(client, "cho-2")
        await added(client, "cong", UNIT_B)
        change = {
            "class": "gate",
            "sign_posted": True,
            "checked_on": "2026-01-31",
            "add_tags": ["x"],
        }
        edit = await step(client, f"{URL}?q=cho", {"change": change})
        assert (edit["state"], edit["good"], edit["refused"]) == ("checked", 2, 0)
        assert edit["change"] == change
        page = (await client.get(f"{URL}/{edit['id']}/cameras?limit=1")).json()
        assert page["items"][0]["camera_id"] == first
        assert {"field": "class", "old": "other", "new": "gate"} in page["items"][0]["changes"]
        rest = await client.get(f"{URL}/{edit['id']}/cameras?cursor={page['next_cursor']}")
        assert [each["camera_id"] for each in rest.json()["items"]] == [second]

        edit = await step(client, f"{URL}/{edit['id']}/apply")
        assert (edit["state"], edit["applied"]) == ("applied", 2)
        camera = (await client.get(f"/api/v1/cameras/{first}")).json()
        assert (camera["class"], camera["tags"], camera["version"]) == ("gate", ["x"], 2)
        latest = (await client.get(f"/api/v1/cameras/{second}/versions")).json()["items"][0]
        assert latest["change_id"] == edit["id"]
        again = await client.post(f"{URL}/{edit['id']}/apply")
        assert (again.status_code, again.json()["code"]) == (409, "edit_state")

        edit = await step(client, f"{URL}/{edit['id']}/undo")
        assert edit["undone"] == 2
        camera = (await client.get(f"/api/v1/cameras/{first}")).json()
        assert (camera["class"], camera["tags"], camera["sign_posted"]) == ("other", [], None)
        assert [each["id"] for each in (await client.get(URL)).json()["items"]] == [edit["id"]]
        assert (await client.delete(f"{URL}/{edit['id']}")).status_code == 204
        assert (await client.get(f"{URL}/{edit['id']}")).status_code == 404


async def test_chosen_ones_within_the_filters(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        first, second = await added(client, "cho-1"), await added(client, "cho-2")
        other = await added(client, "cong", UNIT_B)
        body = {"change": {"enabled": False}, "ids": [first, other]}
        edit = await step(client, f"{URL}?unit={UNIT_A}", body)
        assert (edit["good"], edit["refused"]) == (1, 1)
        await step(client, f"{URL}/{edit['id']}/apply")
        enabled = {}
        for each in (first, second, other):
            enabled[each] = (await client.get(f"/api/v1/cameras/{each}")).json()["enabled"]
        assert enabled == {first: False, second: True, other: True}


async def test_what_is_no_change_is_refused(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        for change, code in (
            ({}, "empty_change"),
            ({"owner": None}, "null"),
            ({"priority": 10}, "validation"),
            ({"name": "x"}, "validation"),
            ({"add_groups": ["x"]}, "groups"),
            ({"add_tags": [" "]}, "tags"),
        ):
            answer = await client.post(URL, json={"change": change})
            assert (answer.status_code, answer.json()["code"]) == (422, code), change
        assert (await client.get(URL)).json()["items"] == []


async def test_an_edit_reaches_as_far_as_rights_do_and_is_ones_own(api: Hub) -> None:
    city = await api.token(Role.ENGINEER)
    ward = await api.token(Role.ENGINEER, Scope.of([UNIT_A]))
    async with api.client(city) as whole, api.client(ward) as part:
        mine, theirs = await added(whole, "a"), await added(whole, "b", UNIT_B)
        edit = await step(part, URL, {"change": {"priority": 4}, "ids": [mine, theirs]})
        assert (edit["good"], edit["refused"]) == (1, 1)
        lines = (await part.get(f"{URL}/{edit['id']}/cameras?state=refused")).json()["items"]
        assert [(each["name"], each["code"]) for each in lines] == [("", "not_found")]
        other = await step(whole, URL, {"change": {"priority": 5}})
        assert (await part.get(f"{URL}/{other['id']}")).status_code == 404
        assert (await part.post(f"{URL}/{other['id']}/undo")).status_code == 404
        assert [each["id"] for each in (await part.get(URL)).json()["items"]] == [edit["id"]]
        assert (await whole.get(f"{URL}/{edit['id']}")).status_code == 200

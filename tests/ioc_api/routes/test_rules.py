"""The rules of a camera over HTTP: versions, refusals, and the way to the workers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from analytics.rulebook.book import default_rulebook
from analytics.rulebook.document import decode_rules, encode_rules
from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.mirror import decode_spec
from ioc_api.access.rbac import Role
from tests.ioc_api.hub import UNIT_A, Hub

ENTER: dict[str, Any] = {"kind": "zone_enter", "id": "gate"}
QUEUE: dict[str, Any] = {"kind": "queue", "id": "counter", "count_only": True}


async def add(client: httpx.AsyncClient) -> str:
    body = {"name": "n", "unit_code": UNIT_A, "url": "rtsp://10.0.0.1/"}
    answer = await client.post("/api/v1/cameras", json=body)
    assert answer.status_code == 201, answer.text
    return f"/api/v1/cameras/{answer.json()['id']}"


async def put(client: httpx.AsyncClient, path: str, version: int, *rules: Any) -> httpx.Response:
    body = {"version": version, "document": {"rules": list(rules)}}
    return await client.put(f"{path}/rules", json=body)


def versions(answer: httpx.Response) -> dict[str, int]:
    assert answer.status_code == 200, answer.text
    return {rule["id"]: rule["version"] for rule in answer.json()["document"]["rules"]}


async def test_a_new_camera_has_the_default_rules(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        path = await add(client)
        rules = (await client.get(f"{path}/rules")).json()
        assert (rules["version"], rules["default"]) == (0, True)
        assert [rule["kind"] for rule in rules["document"]["rules"]] == ["zone_enter"]


async def test_rules_get_the_version_of_the_document_that_changed_them(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        path = await add(client)
        first = await put(client, path, 0, ENTER, QUEUE | {"version": 77})
        assert versions(first) == {"gate": 1, "counter": 1}
        second = await put(client, path, 1, ENTER, QUEUE | {"alert_s": 600})
        assert versions(second) == {"gate": 1, "counter": 2}
        assert versions(await put(client, path, 2, ENTER)) == {"gate": 1}
        assert versions(await put(client, path, 3, ENTER, QUEUE)) == {"gate": 1, "counter": 4}
        read = await client.get(f"{path}/rules")
        assert read.json()["version"] == 4
        assert read.json()["default"] is False
        # what was read can be written back as it is
        body = {"version": 4, "document": read.json()["document"]}
        again = await client.put(f"{path}/rules", json=body)
        assert versions(again) == {"gate": 1, "counter": 4}
        back = await client.put(f"{path}/rules", json={"version": 5, "document": None})
        assert (back.json()["version"], back.json()["default"]) == (6, True)


async def test_an_old_version_is_stale_and_changes_nothing(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        path = await add(client)
        await put(client, path, 0, ENTER)
        late = await put(client, path, 0, QUEUE)
        assert late.status_code == 412
        assert versions(await client.get(f"{path}/rules")) == {"gate": 1}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"kind": "magic", "id": "r"}, "magic"),
        ({"kind": "dwell", "id": "r", "after": 3}, "after"),
        ({"kind": "dwell", "id": "r", "after_s": -1}, "$.rules[0].after_s"),
        ({"kind": "dwell", "id": "r", "zone": {"id": "z", "points": []}}, "zone.points"),
        ({"kind": "line_cross", "id": "r"}, "line"),
    ],
)
async def test_a_wrong_document_is_refused_with_the_place(
    api: Hub, rule: dict[str, Any], words: str
) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        path = await add(client)
        refused = await put(client, path, 0, rule)
        assert refused.status_code == 422
        assert words in refused.json()["detail"]
        assert (await client.get(f"{path}/rules")).json()["version"] == 0


async def test_a_change_reaches_the_workers_with_a_new_version_of_the_camera(
    api: Hub, bus: NatsBus
) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        path = await add(client)
        camera_id = path.rpartition("/")[2]
        await put(client, path, 0, ENTER, QUEUE)
        entry = await bus.bucket(subjects.SPECS_BUCKET).get(camera_id)
        assert entry is not None
        assert entry.value is not None
        spec = decode_spec(entry.value)
        assert spec.version == 2
        assert [rule.id for rule in decode_rules(spec.rules).rules] == ["gate", "counter"]
        # a later change of the camera keeps its rules
        await client.patch(path, json={"name": "other"})
        entry = await bus.bucket(subjects.SPECS_BUCKET).get(camera_id)
        assert entry is not None
        assert entry.value is not None
        assert decode_spec(entry.value).rules == spec.rules


async def test_who_may_only_look_may_not_write(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        path = await add(client)
    async with api.client(await api.token(Role.OPERATOR)) as client:
        assert (await client.get(f"{path}/rules")).status_code == 200
        assert (await put(client, path, 0, ENTER)).status_code == 403


def test_the_default_document_is_one_that_may_be_written() -> None:
    assert decode_rules(encode_rules(default_rulebook())) == default_rulebook()

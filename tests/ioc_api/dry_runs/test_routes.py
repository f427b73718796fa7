"""Stills and dry runs over HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.records import NewCamera
from camera_registry.scope import Scope
from ingest.decoder import DecodedFrame
from ingest.ring import GopRing
from ingest.stills import StillDesk
from ioc_api.access.rbac import Role
from tests.ingest.footage import packets
from tests.ioc_api.hub import UNIT_A, Hub

RULES = {"rules": [{"kind": "dwell", "id": "long"}]}


async def camera(api: Hub) -> str:
    made = await api.deps.registry.add(NewCamera("n", UNIT_A, "rtsp://10.0.0.9/"), Scope.all())
    return str(made.id)


def jpeg(_: DecodedFrame) -> bytes:
    return b"\xff\xd8\xff picture"


async def test_a_snapshot_is_the_worker_s_with_its_time_and_size(api: Hub, bus: NatsBus) -> None:
    camera_id = await camera(api)
    ring = GopRing(60, 2**24)
    for packet in packets(frames=3):
        ring.push(packet)
    async with api.client(await api.token(Role.OPERATOR)) as client:
        path = f"/api/v1/cameras/{camera_id}/snapshot"
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "no_worker")
        desk = StillDesk(camera_id, ring, bus=bus, make_jpeg=jpeg, room=asyncio.Semaphore(1))
        await desk.start()
        answer = await client.get(path)
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["x-camhub-size"] == "320x180"
        assert answer.headers["x-camhub-at"].startswith("2023-11-14T22:13:20")
        assert answer.content.startswith(b"\xff\xd8\xff")
        await desk.stop()


async def test_a_dry_run_is_begun_uploaded_looked_at_and_removed(api: Hub) -> None:
    camera_id = await camera(api)
    path = f"/api/v1/cameras/{camera_id}/dry-runs"
    async with api.client(await api.token(Role.ENGINEER)) as client:
        answer = await client.post(path, json={"document": RULES, "source": "upload"})
        assert (answer.status_code, answer.json()["state"]) == (202, "upload")
        run = f"{path}/{answer.json()['id']}"
        assert (await client.get(f"{run}/clip")).status_code == 404
        large = b"x" * (2 * 2**20)  # more than any other route takes
        answer = await client.put(f"{run}/clip", content=large)
        assert (answer.status_code, answer.json()["state"]) == (202, "queued")
        part = await client.get(f"{run}/clip", headers={"Range": "bytes=0-9"})
        assert (part.status_code, part.content) == (206, b"x" * 10)
        assert (await client.put(f"{run}/clip", content=b"y")).status_code == 409
        assert (await client.get(f"{run}/pictures/0")).status_code == 404
        assert (await client.get(run)).json()["result"] is None
        assert (await client.delete(run)).status_code == 204
        assert (await client.get(run)).status_code == 404


async def test_rules_that_cannot_hold_are_refused_before_anything_begins(
    api: Hub, tmp_path: Path
) -> None:
    camera_id = await camera(api)
    path = f"/api/v1/cameras/{camera_id}/dry-runs"
    async with api.client(await api.token(Role.ENGINEER)) as client:
        wrong = {"rules": [{"kind": "dwell", "id": "long", "margin": 0.9}]}
        answer = await client.post(path, json={"document": wrong, "source": "camera"})
        assert answer.status_code == 422
        assert "$.rules[0].margin" in answer.json()["detail"]
        for body in (
            {"document": RULES, "source": "camera", "seconds": 121},
            {"document": RULES, "source": "nowhere"},
        ):
            assert (await client.post(path, json=body)).status_code == 422
        again = {"document": RULES, "source": "again", "again": "x"}
        assert (await client.post(path, json=again)).status_code == 404


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR])
async def test_who_may_not_change_rules_may_not_try_them(api: Hub, role: Role) -> None:
    camera_id = await camera(api)
    async with api.client(await api.token(role)) as client:
        answer = await client.post(
            f"/api/v1/cameras/{camera_id}/dry-runs", json={"document": RULES, "source": "upload"}
        )
        assert answer.status_code == 403


async def test_the_schema_of_rules_is_the_file_that_is_checked_in(api: Hub) -> None:
    async with api.client(await api.token(Role.OPERATOR)) as client:
        schema = (await client.get("/api/v1/rules/schema")).json()
    assert schema["title"] == "camhub rules of one camera"
    assert "TamperRule" in schema["$defs"]

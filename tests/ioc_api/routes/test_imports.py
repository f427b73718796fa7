"""The import over HTTP: from the template to cameras and back."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.scope import Scope
from ioc_api.access.rbac import Role
from tests.ioc_api.hub import Hub, hub

TABLE = (
    "name,unit,url\n"
    "Cầu Bông,26740,rtsp://viewer:c4nary-Passw0rd@10.0.0.1/s\n"
    "Chợ,26740,rtsp://10.0.0.2/s\n"
    ",x,rtsp://127.0.0.1/s\n"
)


@pytest.fixture
async def made(tmp_path: Path, bus: NatsBus, engine: str) -> AsyncIterator[Hub]:
    async with hub(tmp_path / "hub", bus) as built:
        yield built


@pytest.fixture
async def engineer(made: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with made.client(await made.token(Role.ENGINEER)) as client:
        yield client


async def uploaded(client: httpx.AsyncClient, data: str | bytes) -> dict[str, Any]:
    answer = await client.post("/api/v1/imports?name=cams.csv", content=data)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def settled(client: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    while True:
        record = dict((await client.get(f"/api/v1/imports/{import_id}")).json())
        if not record["state"].endswith("ing"):
            return record
        await asyncio.sleep(0.01)


async def step(
    client: httpx.AsyncClient, import_id: str, name: str, body: object = None
) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/imports/{import_id}/{name}", json=body)
    assert answer.status_code == 202, answer.text
    return await settled(client, import_id)


async def test_a_file_becomes_cameras_and_is_taken_back(engineer: httpx.AsyncClient) -> None:
    record = await uploaded(engineer, TABLE)
    assert record["mapping"] == {"0": "name", "1": "unit", "2": "url"}
    record = await step(engineer, record["id"], "check", {})
    assert (record["good"], record["wrong"], record["warned"]) == (2, 1, 1)
    refused = await engineer.post(
        f"/api/v1/imports/{record['id']}/apply", json={"mode": "all_or_nothing"}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "rows_wrong")
    record = await step(engineer, record["id"], "apply", {"mode": "good_rows"})
    assert (record["state"], record["applied"]) == ("applied", 2)
    cameras = (await engineer.get("/api/v1/cameras")).json()["items"]
    assert [camera["name"] for camera in cameras] == ["Chợ", "Cầu Bông"] or len(cameras) == 2
    assert {camera["has_credentials"] for camera in cameras} == {True, False}
    record = await step(engineer, record["id"], "undo")
    assert (record["state"], record["undone"]) == ("undone", 2)
    assert (await engineer.get("/api/v1/cameras")).json()["items"] == []


async def test_rows_are_paged_filtered_and_told_in_both_languages(
    engineer: httpx.AsyncClient,
) -> None:
    record = await uploaded(engineer, TABLE)
    await step(engineer, record["id"], "check", {})
    path = f"/api/v1/imports/{record['id']}/rows"
    page = (await engineer.get(path, params={"limit": 2})).json()
    assert [row["number"] for row in page["items"]] == [2, 3]
    rest = (await engineer.get(path, params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert [row["number"] for row in rest["items"]] == [4]
    assert rest["next_cursor"] is None
    wrong = (await engineer.get(path, params={"state": "wrong"})).json()["items"]
    assert [(m["field"], m["code"]) for m in wrong[0]["messages"]] == [
        ("name", "missing"),
        ("unit", "unknown_unit"),
        ("url", "url_forbidden"),
    ]
    assert wrong[0]["messages"][0]["vi"] == "Thiếu giá trị bắt buộc"
    warned = await engineer.get(path, params={"warned": True})
    assert [row["number"] for row in warned.json()["items"]] == [2]
    assert "c4nary" not in warned.text + (await engineer.get(path)).text


async def test_the_error_sheet_and_the_template_are_files(engineer: httpx.AsyncClient) -> None:
    template = await engineer.get("/api/v1/imports/template")
    assert template.headers["content-disposition"].startswith("attachment")
    assert openpyxl.load_workbook(io.BytesIO(template.content)).worksheets[0]["A1"].value == (
        "Tên camera *"
    )
    record = await uploaded(engineer, TABLE)
    await step(engineer, record["id"], "check", {})
    sheet = await engineer.get(
        f"/api/v1/imports/{record['id']}/errors", params={"format": "csv", "language": "en"}
    )
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    lines = sheet.content.decode("utf-8-sig")
    assert lines.startswith("Row,To be mended,name,unit,url")
    assert "c4nary" not in lines


async def test_a_file_that_is_too_large_is_refused_while_it_comes(
    engineer: httpx.AsyncClient,
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 2**20

    answer = await engineer.post("/api/v1/imports", content=endless())
    assert answer.status_code == 413
    broken = await engineer.post("/api/v1/imports", content=b"\x89PNG\r\n\0\0")
    assert (broken.status_code, broken.json()["code"]) == (422, "file_kind")


async def test_imports_of_others_do_not_exist(made: Hub, engineer: httpx.AsyncClient) -> None:
    record = await uploaded(engineer, TABLE)
    here = await made.token(Role.ENGINEER, Scope.of(["26740"]))
    async with made.client(here) as other:
        assert (await other.get(f"/api/v1/imports/{record['id']}")).status_code == 404
        assert (await other.get("/api/v1/imports")).json()["items"] == []
        for name in ("check", "undo", "cancel"):
            answer = await other.post(f"/api/v1/imports/{record['id']}/{name}", json={})
            assert answer.status_code == 404
    assert len((await engineer.get("/api/v1/imports")).json()["items"]) == 1
    assert (await engineer.delete(f"/api/v1/imports/{record['id']}")).status_code == 204

"""Every list against cursors that somebody has made up: a page or a refusal, never a fault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from string import Formatter

import httpx
import pytest

from ioc_api.access.rbac import Role
from ioc_api.web.paging import encode_cursor
from tests.ioc_api.hub import UNIT_A, Hub

KEYS: tuple[object, ...] = (
    2**40,
    2**63,
    -(2**63) - 1,
    "a\0b",
    [2**63, "a"],
    ["a\0", "b"],
    [1e308, "a", "b\0"],
)

OWN = "/api/v1/account/sessions"
"""Of an account alone, which a token has not; the same code reads ``users/{user_id}/sessions``."""


@pytest.fixture
async def client(api: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client(await api.token(Role.ADMINISTRATOR)) as made:
        yield made


async def ids(client: httpx.AsyncClient) -> dict[str, str]:
    """Make one of each thing that has a list of its own."""
    body = {"name": "A", "unit_code": UNIT_A, "url": "rtsp://u:pw-of-Seven@10.0.0.1/"}
    camera = await client.post("/api/v1/cameras", json=body)
    table = "name,unit,url\nB,26740,rtsp://10.0.0.2/\n"
    upload = await client.post("/api/v1/imports?name=x.csv", content=table)
    edit = await client.post("/api/v1/camera-edits?q=A", json={"change": {"priority": 3}})
    wanted = {"mode": "vault", "password": "a-new-Password-7"}
    change = await client.post("/api/v1/password-changes?q=A", json=wanted)
    grants = [{"role": "operator", "units": ["*"]}]
    person = {"username": "an", "password": "mot hai ba bon 55", "grants": grants}
    user = await client.post("/api/v1/users", json=person)
    made = {
        "user_id": user,
        "camera_id": camera,
        "import_id": upload,
        "edit_id": edit,
        "change_id": change,
    }
    assert all(answer.is_success for answer in made.values())
    return {name: str(answer.json()["id"]) for name, answer in made.items()}


async def test_a_made_up_cursor_is_a_page_or_a_refusal(client: httpx.AsyncClient) -> None:
    known = await ids(client)
    paths = (await client.get("/api/v1/openapi.json")).json()["paths"]
    lists = [
        path
        for path, item in paths.items()
        if any(each["name"] == "cursor" for each in item.get("get", {}).get("parameters", ()))
    ]
    assert len(lists) >= 15
    for path in lists:
        needed = {name for _, name, _, _ in Formatter().parse(path) if name}
        assert needed <= known.keys(), f"{path}: say how to make one"
        for key in KEYS:
            answer = await client.get(path.format(**known), params={"cursor": encode_cursor(key)})
            none = path == OWN and answer.json()["code"] == "no_account"
            assert none or answer.status_code in (200, 422), (path, key, answer.text)

"""What holds for every answer of the api."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.errors import InvalidError
from ioc_api.access.rbac import Role
from ioc_api.adapters.setup_sql import SqlSetupStore
from ioc_api.app import openapi_document
from ioc_api.web.middleware import MAX_BODY
from ioc_api.web.paging import decode_cursor, encode_cursor
from tests.ioc_api.hub import Hub, hub

FIELDS = {"type", "title", "status", "detail", "code", "hint", "errors"}


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) == FIELDS
    assert (body["status"], body["code"]) == (status, code)
    return body


async def test_every_kind_of_error_is_a_problem_document(api: Hub) -> None:
    async with api.client() as client:
        is_problem(await client.get("/api/v1/nothing"), 404, "not_found")
        answer = await client.put("/api/v1/cameras")
        is_problem(answer, 405, "method_not_allowed")
        assert "GET" in answer.headers["allow"]
        answer = await client.get("/api/v1/cameras")
        is_problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    async with api.client(await api.token(Role.ADMINISTRATOR)) as client:
        is_problem(await client.get("/api/v1/cameras?limit=0"), 422, "validation")
        is_problem(await client.post("/api/v1/cameras", content=b"{"), 422, "validation")


async def test_validation_never_repeats_what_was_sent(api: Hub) -> None:
    body = {"username": "an", "password": {"geheim": 1}, "geheimer": "geheim"}
    async with api.client() as client:
        answer = await client.post("/api/v1/session", json=body)
    found = is_problem(answer, 422, "validation")
    assert {error["field"] for error in found["errors"]} == {"password", "geheimer"}
    assert '"geheim"' not in answer.text


async def test_a_crash_is_a_problem_that_tells_nothing(
    api: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(_: SqlSetupStore) -> int:
        raise RuntimeError("geheim")

    monkeypatch.setattr(SqlSetupStore, "count_accounts", crash)
    async with api.client() as client:
        answer = await client.get("/api/v1/setup")
    is_problem(answer, 500, "internal")
    assert "geheim" not in answer.text


async def test_answers_are_protected_and_not_cached(api: Hub) -> None:
    async with api.client() as client:
        for path in ("/api/v1/config", "/api/v1/cameras", "/api/v1/nothing"):
            headers = (await client.get(path)).headers
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]


async def test_a_body_over_the_limit_is_refused_announced_or_not(api: Hub) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 32768

    async with api.client() as client:
        answer = await client.post("/api/v1/session", content=b" " * (MAX_BODY + 1))
        is_problem(answer, 413, "body_too_large")
        answer = await client.post("/api/v1/session", content=chunks())
        is_problem(answer, 413, "body_too_large")
        answer = await client.post("/api/v1/session", content=b" " * MAX_BODY)
        is_problem(answer, 422, "validation")


async def test_metrics_count_by_route_and_not_by_path(api: Hub) -> None:
    labels = {"route": "/api/v1/cameras/{camera_id}", "method": "GET", "status": "404"}
    before = REGISTRY.get_sample_value("camhub_http_requests_total", labels) or 0
    async with api.client(await api.token(Role.OPERATOR)) as client:
        for n in range(3):
            await client.get(f"/api/v1/cameras/{n}")
        text = (await client.get("/metrics")).text
    assert REGISTRY.get_sample_value("camhub_http_requests_total", labels) == before + 3
    assert "/api/v1/cameras/0" not in text


async def test_health_and_readiness(api: Hub) -> None:
    async with api.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["ready"]) == (200, True)


async def test_config_and_units(api: Hub) -> None:
    async with api.client() as client:
        config = (await client.get("/api/v1/config")).json()
        assert config["version"] == "1.2.3"
        assert config["stale_after_s"] == 5
        assert (await client.get("/api/v1/units")).status_code == 401
    async with api.client(await api.token(Role.AUDITOR)) as client:
        assert len((await client.get("/api/v1/units")).json()["items"]) == 168


async def test_without_a_wall_the_root_says_what_to_do(api: Hub) -> None:
    async with api.client() as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert "make wall" in answer.text


async def test_the_wall_is_served_and_only_hashed_files_are_kept(
    tmp_path: Path, bus: NatsBus, engine: str
) -> None:
    wall = tmp_path / "dist"
    (wall / "assets").mkdir(parents=True)
    (wall / "index.html").write_text("<title>wall</title>")
    (wall / "assets" / "app-1a2b.js").write_text("1")
    async with hub(tmp_path, bus, wall=wall) as made, made.client() as client:
        page = await client.get("/")
        assert "<title>wall" in page.text
        assert page.headers["cache-control"] == "no-cache"
        asset = await client.get("/assets/app-1a2b.js")
        assert "immutable" in asset.headers["cache-control"]
        for path in ("/../hub.db", "/%2e%2e/hub.db", "/assets/%2e%2e/%2e%2e/hub.db", "/api/v1/x"):
            is_problem(await client.get(path), 404, "not_found")


def test_the_openapi_document_needs_nothing_that_runs() -> None:
    document = openapi_document()
    assert document == openapi_document()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert "503" in operation["responses"], f"{method} {path}"
            for status, answer in operation["responses"].items():
                shown = answer.get("content", {}).values()
                plain = status == "204" or path == "/metrics" or path.endswith("/snapshot")
                assert plain or all(content.get("schema") for content in shown), f"{method} {path}"
    for name in ("StateChange", "Hello", "EventShape", "Problem", "CameraShape"):
        assert name in document["components"]["schemas"]


@given(st.tuples(st.text(max_size=60), st.text(max_size=36)))
def test_a_cursor_comes_back_as_it_went(key: tuple[str, str]) -> None:
    try:
        key[0].encode() + key[1].encode()
    except UnicodeEncodeError:
        return
    assert decode_cursor(encode_cursor(key), tuple[str, str]) == key


@given(st.text(max_size=200))
def test_a_hostile_cursor_is_refused_or_is_a_number(text: str) -> None:
    try:
        key: object = decode_cursor(text, int)
    except InvalidError as error:
        key = error.code
    assert key == "cursor" or isinstance(key, int)

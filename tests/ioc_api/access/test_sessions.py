"""Sessions and tokens that are listed, used and ended; what is open ends with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.scope import Scope
from ioc_api.access.auth import SESSION_COOKIE
from ioc_api.access.rbac import Grant, Role
from ioc_api.events.push import PushLimits
from tests.fakes import ManualClock
from tests.ioc_api.hub import PASSWORD, UNIT_A, UNIT_B, Hub, hub

OPERATOR_A = [Grant(Role.OPERATOR, Scope.of([UNIT_A]))]
NEW = "seven loud ravens"


@pytest.fixture
async def quick(tmp_path: Path, bus: NatsBus, engine: str) -> AsyncIterator[Hub]:
    """An api that looks at the rights of open streams ten times a second."""
    async with hub(tmp_path, bus, limits=PushLimits(recheck_s=0.1)) as made:
        yield made


async def signed_in(api: Hub, agent: str, password: str = PASSWORD) -> httpx.AsyncClient:
    client = api.client()
    client.headers["User-Agent"] = agent
    body = {"username": "an", "password": password}
    answer = await client.post("/api/v1/session", json=body)
    assert answer.status_code == 200, answer.text
    client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return client


async def test_own_sessions_are_listed_and_ended(api: Hub) -> None:
    await api.deps.accounts.create("an", PASSWORD, "", OPERATOR_A, Scope.all())
    desk, phone = await signed_in(api, "Desk"), await signed_in(api, "Phone")
    listed = (await desk.get("/api/v1/account/sessions")).json()["items"]
    assert {(each["agent"], each["current"]) for each in listed} == {
        ("Desk", True),
        ("Phone", False),
    }
    assert all(each["address"] == "127.0.0.1" for each in listed)
    assert phone.cookies[SESSION_COOKIE] not in str(listed)
    other = next(each["id"] for each in listed if not each["current"])
    path = f"/api/v1/account/sessions/{other}"
    assert (await desk.delete(path)).status_code == 204
    assert (await phone.get("/api/v1/session")).status_code == 401
    assert (await desk.delete(path)).status_code == 404
    third = await signed_in(api, "Third")
    assert (await desk.delete("/api/v1/account/sessions")).status_code == 204
    assert (await third.get("/api/v1/session")).status_code == 401
    assert (await desk.get("/api/v1/session")).status_code == 200


async def test_nobody_ends_the_session_of_another_account(api: Hub) -> None:
    await api.deps.accounts.create("an", PASSWORD, "", OPERATOR_A, Scope.all())
    other = await api.deps.accounts.create("bo", PASSWORD, "", OPERATOR_A, Scope.all())
    await api.deps.authenticator.open_session(other.id)
    [theirs] = await api.deps.authenticator.sessions(other.id)
    client = await signed_in(api, "Desk")
    assert (await client.delete(f"/api/v1/account/sessions/{theirs.id}")).status_code == 404
    assert len(await api.deps.authenticator.sessions(other.id)) == 1


async def test_a_new_password_ends_every_other_session(api: Hub) -> None:
    await api.deps.accounts.create("an", PASSWORD, "", OPERATOR_A, Scope.all())
    desk, phone = await signed_in(api, "Desk"), await signed_in(api, "Phone")
    path = "/api/v1/account/password"
    wrong = await desk.post(path, json={"current": "wrong", "password": NEW})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "password")
    body = {"current": PASSWORD, "password": NEW}
    assert (await desk.post(path, json=body)).status_code == 204
    assert (await phone.get("/api/v1/session")).status_code == 401
    assert (await desk.get("/api/v1/session")).status_code == 200
    await signed_in(api, "Phone", NEW)


async def test_an_administrator_ends_sessions_in_the_own_units_only(api: Hub) -> None:
    account = await api.deps.accounts.create("an", PASSWORD, "", OPERATOR_A, Scope.all())
    desk = await signed_in(api, "Desk")
    path = f"/api/v1/users/{account.id}/sessions"
    async with api.client(await api.token(Role.ADMINISTRATOR, Scope.of([UNIT_B]))) as elsewhere:
        assert (await elsewhere.get(path)).status_code == 404
        assert (await elsewhere.delete(path)).status_code == 404
    async with api.client(await api.token(Role.ADMINISTRATOR)) as admin:
        [listed] = (await admin.get(path)).json()["items"]
        assert (listed["agent"], listed["current"]) == ("Desk", False)
        assert (await admin.delete(f"{path}/{listed['id']}")).status_code == 204
        assert (await desk.get("/api/v1/session")).status_code == 401
        desk = await signed_in(api, "Desk")
        answer = await admin.patch(f"/api/v1/users/{account.id}", json={"disabled": True})
        assert answer.json()["disabled"]
        assert (await desk.get("/api/v1/session")).status_code == 401
        assert (await admin.get(path)).json() == {"items": [], "next_cursor": None}


async def test_sessions_are_paged_the_latest_used_first(api: Hub) -> None:
    account = await api.deps.accounts.create("an", PASSWORD, "", OPERATOR_A, Scope.all())
    for _ in range(5):
        await api.deps.authenticator.open_session(account.id)
    path = f"/api/v1/users/{account.id}/sessions"
    seen: list[tuple[str, str]] = []
    cursor: str | None = ""
    async with api.client(await api.token(Role.ADMINISTRATOR)) as admin:
        for size in (2, 2, 1):
            page = (await admin.get(path, params={"limit": 2, "cursor": cursor})).json()
            assert len(page["items"]) == size
            seen += [(each["seen_at"], each["id"]) for each in page["items"]]
            cursor = page["next_cursor"]
        assert cursor is None
        assert len({each for _, each in seen}) == 5
        assert [at for at, _ in seen] == sorted((at for at, _ in seen), reverse=True)
        assert (await admin.get(path, params={"cursor": "x"})).status_code == 422


async def test_what_a_session_or_token_has_open_ends_with_it(quick: Hub) -> None:
    account = await quick.deps.accounts.create("an", PASSWORD, "", OPERATOR_A, Scope.all())
    secret = await quick.deps.authenticator.open_session(account.id)
    token, token_secret = await quick.deps.tokens.create("t", OPERATOR_A, Scope.all())
    authenticator, push = quick.deps.authenticator, quick.deps.push
    for principal, revoke in (
        (
            await authenticator.from_request({}, {SESSION_COOKIE: secret}),
            lambda: authenticator.end_sessions(account.id),
        ),
        (
            await authenticator.from_request({"authorization": f"Bearer {token_secret}"}, {}),
            lambda: quick.deps.tokens.revoke(token.id, Scope.all()),
        ),
    ):
        client = await push.open(principal, None)
        frames = client.frames()
        assert b"hello" in await anext(frames)
        await revoke()
        async with asyncio.timeout(60):
            async for _ in frames:
                pass
        assert push.clients == 0


async def test_a_token_says_when_it_was_used_last(
    tmp_path: Path, bus: NatsBus, engine: str
) -> None:
    clock = ManualClock()
    async with hub(tmp_path, bus, clock=clock) as api:
        secret = await api.token(Role.ADMINISTRATOR)
        async with api.client(secret) as client:
            [listed] = (await client.get("/api/v1/tokens")).json()["items"]
            first = listed["used_at"]
            assert first is not None
            clock.move(30)
            [listed] = (await client.get("/api/v1/tokens")).json()["items"]
            assert listed["used_at"] == first  # not written at every request
            clock.move(60)
            await client.get("/api/v1/tokens")
            [listed] = (await client.get("/api/v1/tokens")).json()["items"]
            assert listed["used_at"] > first


async def test_the_access_log_is_for_auditors_and_by_their_units(api: Hub) -> None:
    async with api.client(await api.token(Role.ADMINISTRATOR)) as admin:
        grants = [{"role": "operator", "units": [UNIT_A]}]
        body = {"username": "an", "password": PASSWORD, "grants": grants}
        assert (await admin.post("/api/v1/users", json=body)).status_code == 201
        await signed_in(api, "Desk")
    paths = {
        Scope.all(): {"signed_in", "account_created"},
        Scope.of([UNIT_A]): {"signed_in", "account_created"},
        Scope.of([UNIT_B]): set(),
    }
    for scope, wanted in paths.items():
        async with api.client(await api.token(Role.AUDITOR, scope)) as auditor:
            items = (await auditor.get("/api/v1/access-log")).json()["items"]
            assert {each["what"] for each in items} == wanted
            if wanted:
                created = next(each for each in items if each["what"] == "account_created")
                assert (created["by"], created["username"]) == ("token:test", "an")
                first = (await auditor.get("/api/v1/access-log?limit=1")).json()
                cursor = first["next_cursor"]
                rest = await auditor.get(f"/api/v1/access-log?limit=1&cursor={cursor}")
                assert first["items"] + rest.json()["items"] == items
    async with api.client(await api.token(Role.OPERATOR)) as operator:
        assert (await operator.get("/api/v1/access-log")).status_code == 403

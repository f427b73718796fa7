"""Sessions and tokens: what proves an identity, for how long, and what is stored of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.adapters.database import metadata
from camera_registry.base.errors import ForbiddenError, UnauthenticatedError
from camera_registry.scope import Scope
from ioc_api.access.auth import CSRF_HEADER, SESSION_COOKIE, SessionPolicy, csrf_token, fingerprint
from ioc_api.access.rbac import Grant, Role
from tests.fakes import ManualClock
from tests.ioc_api.hub import PASSWORD, UNIT_A, Hub, hub

POLICY = SessionPolicy(absolute_s=1000, idle_s=300)
OPERATOR = [Grant(Role.OPERATOR, Scope.of([UNIT_A]))]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def api(tmp_path: Path, bus: NatsBus, clock: ManualClock, engine: str) -> AsyncIterator[Hub]:
    async with hub(tmp_path, bus, clock=clock, session=POLICY) as made:
        yield made


async def open_session(api: Hub) -> str:
    account = await api.deps.accounts.create("an", PASSWORD, "An", OPERATOR, Scope.all())
    return await api.deps.authenticator.open_session(account.id)


async def test_a_session_proves_its_account(api: Hub) -> None:
    secret = await open_session(api)
    who = await api.deps.authenticator.from_request({}, {SESSION_COOKIE: secret})
    assert (who.username, who.grants, who.by_cookie) == ("an", tuple(OPERATOR), True)


async def test_the_secret_itself_is_stored_nowhere(api: Hub) -> None:
    link = await api.deps.setup.create()
    secret = await open_session(api)
    token = await api.token(Role.OPERATOR)
    assert link is not None
    stored = ""
    async with api.database.read() as connection:
        for table in metadata.sorted_tables:
            stored += repr((await connection.execute(table.select())).all())
    for kept in (secret, token, link):
        assert fingerprint(kept) in stored
    for hidden in (secret, token, link, PASSWORD):
        assert hidden not in stored


async def test_a_session_ends_when_idle(api: Hub, clock: ManualClock) -> None:
    secret = await open_session(api)
    cookies = {SESSION_COOKIE: secret}
    clock.move(299)
    await api.deps.authenticator.from_request({}, cookies)
    clock.move(299)
    await api.deps.authenticator.from_request({}, cookies)
    clock.move(300)
    with pytest.raises(UnauthenticatedError, match="has ended"):
        await api.deps.authenticator.from_request({}, cookies)


async def test_a_session_ends_however_busy(api: Hub, clock: ManualClock) -> None:
    secret = await open_session(api)
    who = await api.deps.authenticator.from_request({}, {SESSION_COOKIE: secret})
    for _ in range(4):
        clock.move(249)
        assert await api.deps.authenticator.recheck(who) is not None
    clock.move(4)
    assert await api.deps.authenticator.recheck(who) is None


async def test_old_sessions_are_swept_when_a_new_one_opens(api: Hub, clock: ManualClock) -> None:
    await open_session(api)
    clock.move(2000)
    account = (await api.deps.accounts.list(Scope.all()))[0]
    await api.deps.authenticator.open_session(account.id)
    async with api.database.read() as connection:
        found = await connection.execute(sa.text("select count(*) from sessions"))
        assert found.scalar_one() == 1


async def test_signing_out_and_removal_of_the_account_end_it(api: Hub) -> None:
    first, account = await open_session(api), (await api.deps.accounts.list(Scope.all()))[0]
    second = await api.deps.authenticator.open_session(account.id)
    who = await api.deps.authenticator.from_request({}, {SESSION_COOKIE: first})
    await api.deps.authenticator.close_session(who)
    assert await api.deps.authenticator.recheck(who) is None
    other = await api.deps.authenticator.from_request({}, {SESSION_COOKIE: second})
    await api.deps.accounts.remove(account.id, Scope.all())
    assert await api.deps.authenticator.recheck(other) is None


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT", "post"])
async def test_unsafe_methods_by_cookie_need_the_sessions_own_csrf_token(
    api: Hub, method: str
) -> None:
    secret = await open_session(api)
    cookies = {SESSION_COOKIE: secret}
    ask = api.deps.authenticator.from_request
    for wrong in ("", "x", csrf_token("another session"), "é"):
        with pytest.raises(ForbiddenError) as caught:
            await ask({CSRF_HEADER: wrong}, cookies, method=method)
        assert caught.value.code == "csrf"
    await ask({CSRF_HEADER: csrf_token(secret)}, cookies, method=method)


async def test_a_token_needs_no_csrf_and_goes_before_a_cookie(api: Hub) -> None:
    token = await api.token(Role.ENGINEER)
    cookies = {SESSION_COOKIE: await open_session(api)}
    headers = {"authorization": f"bearer {token}"}
    who = await api.deps.authenticator.from_request(headers, cookies, method="POST")
    assert (who.username, who.by_cookie) == ("token:test", False)


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Bearer chb_", "Bearer chb_x", "Bearer x", "Basic YTpi", "\ud800", "é"],
)
async def test_a_wrong_authorization_is_never_rescued_by_a_cookie(
    api: Hub, authorization: str
) -> None:
    cookies = {SESSION_COOKIE: await open_session(api)}
    with pytest.raises(UnauthenticatedError):
        await api.deps.authenticator.from_request({"authorization": authorization}, cookies)


async def test_a_revoked_or_expired_token_ends_at_the_next_look(
    api: Hub, clock: ManualClock
) -> None:
    tokens, everywhere = api.deps.tokens, Scope.all()
    row, secret = await tokens.create(
        "short", OPERATOR, everywhere, expires_us=clock.utc_us() + 10_000_000
    )
    ask = api.deps.authenticator.from_request
    who = await ask({"authorization": f"Bearer {secret}"}, {})
    assert await api.deps.authenticator.recheck(who) == who
    clock.move(10)
    assert await api.deps.authenticator.recheck(who) is None
    row, secret = await tokens.create("revoked", OPERATOR, everywhere)
    who = await ask({"authorization": f"Bearer {secret}"}, {})
    await tokens.revoke(row.id, everywhere)
    assert await api.deps.authenticator.recheck(who) is None
    with pytest.raises(UnauthenticatedError):
        await ask({"authorization": f"Bearer {secret}"}, {})


async def test_recheck_of_a_made_up_principal_finds_nothing(api: Hub) -> None:
    await open_session(api)
    token = await api.token(Role.OPERATOR)
    who = await api.deps.authenticator.from_request({"authorization": f"Bearer {token}"}, {})
    assert await api.deps.authenticator.recheck(replace(who, by_cookie=True)) is None
    assert await api.deps.authenticator.recheck(replace(who, credential="")) is None

"""Time-based codes and recovery codes: each works once, and nothing is kept in the clear."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
import sqlalchemy as sa

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.errors import ConflictError, InvalidError, UnauthenticatedError
from camera_registry.scope import Scope
from ioc_api.access.accounts import Account
from ioc_api.access.auth import SessionPolicy
from ioc_api.access.credentials import Client
from ioc_api.access.rbac import Grant, Role
from ioc_api.access.second_step import RECOVERY_CODES
from ioc_api.adapters.access_tables import accounts, recovery_codes
from tests.fakes import ManualClock
from tests.ioc_api.hub import PASSWORD, Hub, hub

HERE = Client("10.0.0.1")
ADMIN = [Grant(Role.ADMINISTRATOR, Scope.all())]
STRICT = SessionPolicy(totp_for_administrators=True)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def api(tmp_path: Path, bus: NatsBus, clock: ManualClock, engine: str) -> AsyncIterator[Hub]:
    """An api whose time the test moves, that asks administrators for a second step."""
    async with hub(tmp_path, bus, clock=clock, session=STRICT) as made:
        yield made


@pytest.fixture
async def an(api: Hub) -> Account:
    return await api.deps.accounts.create("an", PASSWORD, "", ADMIN, Scope.all())


async def enrolled(api: Hub, account: Account, clock: ManualClock) -> tuple[pyotp.TOTP, list[str]]:
    second = api.deps.access.second
    totp = pyotp.TOTP((await second.begin(account.id, account.username)).secret)
    return totp, await second.confirm(account.id, now(totp, clock))


def now(totp: pyotp.TOTP, clock: ManualClock, steps: int = 0) -> str:
    return totp.at(clock.utc_us() // 1_000_000, counter_offset=steps)


async def sign_in(api: Hub, code: str = "") -> Account:
    return await api.deps.access.login.sign_in("an", PASSWORD, HERE, code)


async def test_enrolling_counts_once_it_is_confirmed(
    api: Hub, an: Account, clock: ManualClock
) -> None:
    second = api.deps.access.second
    begun = await second.begin(an.id, an.username)
    assert begun.uri.startswith("otpauth://totp/camhub:an?secret=" + begun.secret)
    assert begun.svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    await sign_in(api)  # not confirmed yet
    with pytest.raises(InvalidError, match="not right"):
        await second.confirm(an.id, "000000")
    totp = pyotp.TOTP(begun.secret)
    codes = await second.confirm(an.id, now(totp, clock))
    assert len(set(codes)) == RECOVERY_CODES
    assert all(re.fullmatch(r"([a-z2-7]{4}-){3}[a-z2-7]{4}", code) for code in codes)
    with pytest.raises(ConflictError):
        await second.begin(an.id, an.username)
    with pytest.raises(ConflictError):
        await second.confirm(an.id, now(totp, clock, 1))


async def test_a_code_works_once_and_only_about_now(
    api: Hub, an: Account, clock: ManualClock
) -> None:
    totp, _ = await enrolled(api, an, clock)
    with pytest.raises(UnauthenticatedError) as caught:
        await sign_in(api)
    assert caught.value.code == "second_step"
    used = now(totp, clock)
    for code in (used, "000000", now(totp, clock, -2), now(totp, clock, 2), "١٢٣٤٥٦"):
        with pytest.raises(UnauthenticatedError) as caught:
            await sign_in(api, code)
        assert caught.value.code == "second_step_wrong"
        await api.deps.access.brake.unlock("an")
        clock_free = await api.deps.access.brake.take("an", HERE.address)
        await api.deps.access.brake.right(clock_free)
    clock.move(30)
    fresh = now(totp, clock)
    results = await asyncio.gather(*(sign_in(api, fresh) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(each, Account) for each in results) == 1
    clock.move(30)
    await sign_in(api, now(totp, clock, 1))
    with pytest.raises(UnauthenticatedError):
        await sign_in(api, now(totp, clock))  # an earlier step than the one that was spent


async def test_a_right_password_without_a_code_gives_no_new_tries(
    api: Hub, an: Account, clock: ManualClock
) -> None:
    """Otherwise whoever has the password could go on guessing codes for ever."""
    await enrolled(api, an, clock)
    words = []
    for _ in range(6):
        for code in ("000000", ""):
            try:
                await sign_in(api, code)
            except UnauthenticatedError as error:
                words.append(error.code)
            except Exception as error:  # noqa: BLE001 - its kind is what is looked at
                words.append(type(error).__name__)
    assert words.count("second_step_wrong") == 5
    assert words[-2:] == ["TooManyError", "TooManyError"]


async def test_a_recovery_code_works_once_and_renewing_ends_the_old_ones(
    api: Hub, an: Account, clock: ManualClock
) -> None:
    _, codes = await enrolled(api, an, clock)
    await sign_in(api, f" {codes[0].upper()} ")
    with pytest.raises(UnauthenticatedError):
        await sign_in(api, codes[0])
    assert (await api.deps.accounts.get(an.id)).recovery_codes == RECOVERY_CODES - 1
    fresh = await api.deps.access.second.renew_codes(an.id)
    with pytest.raises(UnauthenticatedError):
        await sign_in(api, codes[1])
    await sign_in(api, fresh[1])
    whats = [each.entry.what for each in await api.deps.access.log.list(None, None, 20)]
    assert whats.count("recovery_code_used") == 2


async def test_neither_secret_nor_codes_are_in_the_database(
    api: Hub, an: Account, clock: ManualClock
) -> None:
    totp, codes = await enrolled(api, an, clock)
    async with api.database.read() as connection:
        rows = [str(row) for row in await connection.execute(sa.select(accounts))]
        rows += [str(row) for row in await connection.execute(sa.select(recovery_codes))]
    text = "\n".join(rows)
    assert totp.secret not in text
    assert not any(code in text or code.replace("-", "") in text for code in codes)


async def test_an_administrator_without_it_can_do_nothing_but_enrol(
    api: Hub, an: Account, clock: ManualClock
) -> None:
    async with api.client() as client:
        session = await signed_in(client)
        assert session["user"]["must_enrol"]
        assert session["user"]["actions"] == []
        for path in ("/api/v1/cameras", "/api/v1/users", "/api/v1/units", "/api/v1/openapi.json"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (403, "totp_enrol"), path
        begun = (await client.post("/api/v1/account/totp")).json()
        code = now(pyotp.TOTP(begun["secret"]), clock)
        codes = (await client.post("/api/v1/account/totp/confirm", json={"code": code})).json()
        assert len(codes["codes"]) == RECOVERY_CODES
        assert (await client.get("/api/v1/users")).status_code == 200
        assert not (await client.get("/api/v1/session")).json()["user"]["must_enrol"]


async def test_what_one_does_about_the_own_second_step(
    api: Hub, an: Account, clock: ManualClock
) -> None:
    totp, _ = await enrolled(api, an, clock)
    clock.move(30)
    async with api.client() as client:
        await signed_in(client, now(totp, clock))
        path = "/api/v1/account/recovery-codes"
        wrong = await client.post(path, json={"code": "000000"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "second_step_wrong")
        clock.move(30)
        renewed = (await client.post(path, json={"code": now(totp, clock)})).json()["codes"]
        removed = await client.post("/api/v1/account/totp/remove", json={"code": renewed[0]})
        assert removed.status_code == 204
        again = await client.post("/api/v1/account/totp/remove", json={"code": renewed[1]})
        assert (again.status_code, again.json()["code"]) == (409, "totp_missing")


async def test_another_administrator_resets_it_and_its_sessions_end(
    api: Hub, an: Account, clock: ManualClock
) -> None:
    totp, _ = await enrolled(api, an, clock)
    clock.move(30)
    token = await api.token(Role.ADMINISTRATOR)
    async with api.client() as client, api.client(token) as other:
        await signed_in(client, now(totp, clock))
        own = await client.delete(f"/api/v1/users/{an.id}/totp")
        assert (own.status_code, own.json()["code"]) == (409, "own_account")
        assert (await other.delete(f"/api/v1/users/{an.id}/totp")).status_code == 204
        assert (await client.get("/api/v1/session")).status_code == 401
        assert (await signed_in(client))["user"]["must_enrol"]


async def signed_in(client: httpx.AsyncClient, code: str = "") -> dict[str, Any]:
    body = {"username": "an", "password": PASSWORD, "code": code}
    answer = await client.post("/api/v1/session", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    client.headers["X-CSRF-Token"] = found["csrf_token"]
    return found

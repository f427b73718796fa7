"""Signing in: what it gives away, how often it may be tried, and what is noted of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.errors import UnauthenticatedError
from camera_registry.scope import Scope
from ioc_api.access.brake import Brake, BrakePolicy, TooManyError, network
from ioc_api.access.credentials import Client
from ioc_api.access.login import Login
from ioc_api.access.passwords import Passwords
from ioc_api.access.rbac import Grant, Role
from ioc_api.adapters.access_sql import SqlAttemptStore
from tests.fakes import ManualClock
from tests.ioc_api.hub import PASSWORD, UNIT_A, Hub, hub

CITY = Scope.all()
OPERATOR_A = [Grant(Role.OPERATOR, Scope.of([UNIT_A]))]
HERE, THERE = Client("10.0.0.1", "Firefox"), Client("10.0.0.2")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def api(tmp_path: Path, bus: NatsBus, clock: ManualClock, engine: str) -> AsyncIterator[Hub]:
    """An api whose time the test moves, with a strict brake."""
    policy = BrakePolicy(pair=3, address=20, account=8, base_s=5, cap_s=100)
    async with hub(tmp_path, bus, clock=clock, brake=policy) as made:
        await made.deps.accounts.create("an", PASSWORD, "", OPERATOR_A, CITY)
        yield made


async def test_it_tells_nobody_which_names_exist(api: Hub) -> None:
    login = api.deps.access.login
    off = await api.deps.accounts.create("off", PASSWORD, "", OPERATOR_A, CITY)
    await api.deps.accounts.change(off.id, CITY, disabled=True)
    account = await login.sign_in(" AN ", PASSWORD, HERE)
    assert account.display_name == "an"
    words = set()
    for name, password in (
        ("an", "wrong"),
        ("nobody", PASSWORD),
        ("off", PASSWORD),
        ("", ""),
        ("\ud800", "\ud800"),
    ):
        with pytest.raises(UnauthenticatedError) as caught:
            await login.sign_in(name, password, HERE)
        words.add((str(caught.value), caught.value.code))
    assert len(words) == 1


async def test_an_unknown_name_costs_as_many_hashes_as_a_known_one(
    api: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    real = PasswordHasher.verify

    def verify(self: PasswordHasher, encoded: str, password: str) -> bool:
        checked.append(password)
        return real(self, encoded, password)

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    for name in ("an", "nobody"):
        with pytest.raises(UnauthenticatedError):
            await api.deps.access.login.sign_in(name, f"wrong {name}", HERE)
    assert checked == ["wrong an", "wrong nobody"]


async def test_guessing_has_to_wait_longer_and_longer(api: Hub, clock: ManualClock) -> None:
    login = api.deps.access.login
    for _ in range(3):
        with pytest.raises(UnauthenticatedError):
            await login.sign_in("an", "wrong", HERE)
    with pytest.raises(TooManyError) as caught:
        await login.sign_in("an", PASSWORD, HERE)
    assert caught.value.retry_after_s == 5
    # the right person at another desk is not locked out by it
    await login.sign_in("an", PASSWORD, THERE)
    clock.move(6)
    with pytest.raises(UnauthenticatedError):
        await login.sign_in("an", "wrong", HERE)
    clock.move(6)
    with pytest.raises(TooManyError):
        await login.sign_in("an", PASSWORD, HERE)
    clock.move(5)
    await login.sign_in("an", PASSWORD, HERE)
    for _ in range(2):
        with pytest.raises(UnauthenticatedError):
            await login.sign_in("an", "wrong", HERE)


async def test_guesses_at_the_same_moment_are_all_counted(api: Hub) -> None:
    """Each counts before its password is looked at, in every process that shares the database."""
    results = await asyncio.gather(
        *(api.deps.access.login.sign_in("an", "wrong", HERE) for _ in range(12)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, UnauthenticatedError) for each in results) == 3
    assert sum(isinstance(each, TooManyError) for each in results) == 9


async def test_another_process_sees_the_same_count(api: Hub, clock: ManualClock) -> None:
    policy = BrakePolicy(pair=3)
    other = Brake(SqlAttemptStore(api.database), clock, policy)
    for _ in range(3):
        await other.take("an", HERE.address)
    with pytest.raises(TooManyError):
        await api.deps.access.login.sign_in("an", PASSWORD, HERE)


async def test_one_address_cannot_try_many_names(api: Hub) -> None:
    results = []
    for n in range(24):
        try:
            await api.deps.access.login.sign_in(f"user{n}", "wrong", HERE)
        except (UnauthenticatedError, TooManyError) as error:
            results.append(type(error))
    assert results == [UnauthenticatedError] * 20 + [TooManyError] * 4


async def test_an_account_is_locked_when_many_addresses_guess_and_can_be_unlocked(
    api: Hub, clock: ManualClock
) -> None:
    access = api.deps.access
    for n in range(8):
        with pytest.raises(UnauthenticatedError):
            await access.login.sign_in("an", "wrong", Client(f"10.0.1.{n}"))
    with pytest.raises(TooManyError):
        await access.login.sign_in("an", PASSWORD, Client("10.0.2.1"))
    assert await access.brake.locked_until("an") > clock.utc_us()
    await access.brake.unlock("an")
    await access.login.sign_in("an", PASSWORD, Client("10.0.2.1"))
    assert await access.brake.locked_until("an") == 0


async def test_who_is_locked_at_one_desk_is_shown_so_and_can_be_let_in(
    api: Hub, clock: ManualClock
) -> None:
    access = api.deps.access
    for name in ("an", "binh"):
        for _ in range(3):
            with pytest.raises(UnauthenticatedError):
                await access.login.sign_in(name, "wrong", HERE)
    assert await access.brake.locked_until("an") == clock.utc_us() + 5_000_000
    await access.brake.unlock("an")
    assert await access.brake.locked_until("an") == 0
    await access.login.sign_in("an", PASSWORD, HERE)
    assert await access.brake.locked_until("binh") > 0  # no other account is let in by it


async def test_old_tries_are_forgotten(api: Hub, clock: ManualClock) -> None:
    for _ in range(3):
        with pytest.raises(UnauthenticatedError):
            await api.deps.access.login.sign_in("an", "wrong", HERE)
    clock.move(3601)
    for _ in range(3):
        with pytest.raises(UnauthenticatedError):
            await api.deps.access.login.sign_in("an", "wrong", HERE)


def test_an_ipv6_network_counts_as_one_address() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff") != network("2001:db8:1::1")
    assert network("::ffff:10.0.0.1") == network("10.0.0.1")
    assert network("unix") == "unix"


async def test_who_came_in_and_who_did_not_is_noted_without_what_was_typed(api: Hub) -> None:
    login, log = api.deps.access.login, api.deps.access.log
    await login.sign_in("an", PASSWORD, HERE)
    for name in ("an", PASSWORD):
        with pytest.raises(UnauthenticatedError):
            await login.sign_in(name, "wrong", THERE)
    entries = [stored.entry for stored in await log.list(None, None, 10)]
    assert [(each.what, each.username, each.address) for each in entries] == [
        ("refused", "", "10.0.0.2"),
        ("refused", "an", "10.0.0.2"),
        ("signed_in", "an", "10.0.0.1"),
    ]
    assert entries[2].agent == "Firefox"
    assert PASSWORD not in str(entries)
    account = await api.store.account_named("an")
    assert account is not None
    assert account.signed_in_us == entries[2].at_us


async def test_a_hash_of_cheaper_days_is_made_anew_at_the_next_sign_in(api: Hub) -> None:
    account = await api.store.account_named("an")
    assert account is not None
    before = await api.store.password_hash(account.id)
    dearer = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    access = api.deps.access
    login = Login(api.store, dearer, access.second, access.brake, access.log, ManualClock())
    await login.sign_in("an", PASSWORD, HERE)
    after = await api.store.password_hash(account.id)
    assert before != after
    await login.sign_in("an", PASSWORD, HERE)
    assert await api.store.password_hash(account.id) == after

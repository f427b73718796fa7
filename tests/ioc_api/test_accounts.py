"""Accounts, the set-up link, passwords and the brake on guessing."""

from __future__ import annotations

import asyncio

import pytest
from argon2 import PasswordHasher

from camera_registry.base.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthenticatedError,
)
from camera_registry.scope import Scope
from ioc_api.accounts import Accounts
from ioc_api.passwords import Passwords, check_password
from ioc_api.rbac import Grant, Role
from ioc_api.throttle import Throttle, TooManyError
from tests.fakes import ManualClock
from tests.ioc_api.hub import CHEAP, PASSWORD, UNIT_A, UNIT_B, Hub

CITY = Scope.all()
ADMIN = [Grant(Role.ADMINISTRATOR, CITY)]
OPERATOR_A = [Grant(Role.OPERATOR, Scope.of([UNIT_A]))]


async def test_the_set_up_link_makes_one_administrator_once(api: Hub) -> None:
    setup = api.deps.setup
    assert await setup.needed()
    first = await setup.create()
    token = await setup.create()
    assert first is not None
    assert token is not None
    with pytest.raises(ForbiddenError, match="not valid any more"):
        await setup.use(first, "root", PASSWORD)
    account = await setup.use(token, " Root ", PASSWORD)
    assert (account.username, account.grants) == ("root", tuple(ADMIN))
    assert not await setup.needed()
    assert await setup.create() is None
    with pytest.raises(ForbiddenError):
        await setup.use(token, "second", PASSWORD)


async def test_of_many_who_use_the_link_at_once_one_wins(api: Hub) -> None:
    token = await api.deps.setup.create()
    assert token is not None
    results = await asyncio.gather(
        *(api.deps.setup.use(token, f"root{n}", PASSWORD) for n in range(6)),
        return_exceptions=True,
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert all(
        isinstance(result, ForbiddenError)
        for result in results
        if isinstance(result, BaseException)
    )
    assert len(await api.deps.accounts.list(CITY)) == 1


async def test_an_unused_link_is_worth_nothing_once_there_is_an_account(api: Hub) -> None:
    token = await api.deps.setup.create()
    assert token is not None
    await api.deps.accounts.create("an", PASSWORD, "", OPERATOR_A, CITY)
    with pytest.raises(ForbiddenError, match="not valid any more"):
        await api.deps.setup.use(token, "root", PASSWORD)


async def test_a_refused_password_does_not_burn_the_link(api: Hub) -> None:
    token = await api.deps.setup.create()
    assert token is not None
    with pytest.raises(InvalidError):
        await api.deps.setup.use(token, "root", "short")
    await api.deps.setup.use(token, "root", PASSWORD)


async def test_signing_in_tells_nobody_which_names_exist(api: Hub) -> None:
    await api.deps.accounts.create("an", PASSWORD, "", OPERATOR_A, CITY)
    account = await api.deps.accounts.sign_in(" AN ", PASSWORD, "10.0.0.1")
    assert account.display_name == "an"
    words = set()
    for name, password in (("an", "wrong"), ("nobody", PASSWORD), ("", ""), ("\ud800", "\ud800")):
        with pytest.raises(UnauthenticatedError) as caught:
            await api.deps.accounts.sign_in(name, password, "10.0.0.1")
        words.add((str(caught.value), caught.value.code))
    assert len(words) == 1


async def test_guessing_has_to_wait_longer_and_longer(api: Hub) -> None:
    clock = ManualClock()
    accounts = Accounts(
        api.store, Passwords(CHEAP), api.deps.units, clock, Throttle(clock, free=3, base_s=5)
    )
    await accounts.create("an", PASSWORD, "", OPERATOR_A, CITY)

    async def guess(address: str = "10.0.0.1") -> None:
        await accounts.sign_in("an", "wrong", address)

    for _ in range(3):
        with pytest.raises(UnauthenticatedError):
            await guess()
    with pytest.raises(TooManyError) as caught:
        await accounts.sign_in("an", PASSWORD, "10.0.0.1")
    assert 1 <= caught.value.retry_after_s <= 6
    # The right person at another desk is not locked out by it.
    await accounts.sign_in("an", PASSWORD, "10.0.0.2")
    clock.move(6)
    with pytest.raises(UnauthenticatedError):
        await guess()
    clock.move(6)
    with pytest.raises(TooManyError):
        await guess()
    clock.move(5)
    await accounts.sign_in("an", PASSWORD, "10.0.0.1")
    for _ in range(2):
        with pytest.raises(UnauthenticatedError):
            await guess()


async def test_one_address_cannot_try_many_names(api: Hub) -> None:
    refused = 0
    for n in range(40):
        try:
            await api.deps.accounts.sign_in(f"user{n}", "wrong", "10.0.0.9")
        except UnauthenticatedError:
            refused += 1
        except TooManyError:
            break
    assert refused == 20


def test_the_throttle_forgets_and_stays_small() -> None:
    clock = ManualClock()
    throttle = Throttle(clock, free=1, base_s=10, cap_s=100, capacity=3)
    for key in "abcd":
        throttle.failed(key)
    throttle.check("a")
    with pytest.raises(TooManyError):
        throttle.check("d")
    clock.move(101)
    throttle.failed("d")
    clock.move(11)
    throttle.check("d")


@pytest.mark.parametrize(
    "password", ["", "x" * 11, "x" * 257, "a" * 20, "AdministratoR", "\ud800" + "abcdefghijkl"]
)
def test_a_weak_password_is_refused_without_repeating_it(password: str) -> None:
    with pytest.raises(InvalidError) as caught:
        check_password(password, "administrator")
    assert not password or password not in str(caught.value)


async def test_a_hash_of_cheaper_days_is_made_anew_at_the_next_sign_in(api: Hub) -> None:
    await api.deps.accounts.create("an", PASSWORD, "", OPERATOR_A, CITY)
    before = await api.store.password("an")
    dearer = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    accounts = Accounts(api.store, dearer, api.deps.units, ManualClock())
    await accounts.sign_in("an", PASSWORD, "10.0.0.1")
    after = await api.store.password("an")
    assert before != after
    await accounts.sign_in("an", PASSWORD, "10.0.0.1")
    assert await api.store.password("an") == after


@pytest.mark.parametrize("username", ["", "a b", "-a", "a" * 65, "ă", "a\nb"])
async def test_a_user_name_that_is_none_is_refused(api: Hub, username: str) -> None:
    with pytest.raises(InvalidError, match="username"):
        await api.deps.accounts.create(username, PASSWORD, "", OPERATOR_A, CITY)


async def test_a_user_name_is_taken_whatever_its_case(api: Hub) -> None:
    await api.deps.accounts.create("an", PASSWORD, "", OPERATOR_A, CITY)
    with pytest.raises(ConflictError, match="'an' is taken"):
        await api.deps.accounts.create("AN", PASSWORD, "", OPERATOR_A, CITY)


async def test_nobody_gives_rights_beyond_the_own_units(api: Hub) -> None:
    there = Scope.of([UNIT_B])
    for grants in (OPERATOR_A, ADMIN):
        with pytest.raises(ForbiddenError):
            await api.deps.accounts.create("an", PASSWORD, "", grants, there)
        with pytest.raises(ForbiddenError):
            await api.deps.tokens.create("t", grants, there)
    account = await api.deps.accounts.create("an", PASSWORD, "", OPERATOR_A, CITY)
    token, _ = await api.deps.tokens.create("t", OPERATOR_A, CITY)
    assert list(await api.deps.accounts.list(there)) == []
    assert list(await api.deps.tokens.list(there)) == []
    with pytest.raises(NotFoundError):
        await api.deps.accounts.remove(account.id, there)
    with pytest.raises(NotFoundError):
        await api.deps.tokens.revoke(token.id, there)


async def test_unknown_units_and_empty_grants_are_refused(api: Hub) -> None:
    for grants in ([], [Grant(Role.OPERATOR, Scope())], [Grant(Role.OPERATOR, Scope.of(["1"]))]):
        with pytest.raises(InvalidError, match="grants"):
            await api.deps.tokens.create("t", grants, CITY)


async def test_the_last_administrator_cannot_be_removed(api: Hub) -> None:
    first = await api.deps.accounts.create("a1", PASSWORD, "", ADMIN, CITY)
    with pytest.raises(ConflictError, match="last administrator"):
        await api.deps.accounts.remove(first.id, CITY)
    second = await api.deps.accounts.create("a2", PASSWORD, "", ADMIN, CITY)
    results = await asyncio.gather(
        api.deps.accounts.remove(first.id, CITY),
        api.deps.accounts.remove(second.id, CITY),
        return_exceptions=True,
    )
    assert [type(result) for result in results if result is not None] == [ConflictError]
    assert len(await api.deps.accounts.list(CITY)) == 1

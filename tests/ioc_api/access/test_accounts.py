"""Accounts, the set-up link, passwords and the brake on guessing."""

from __future__ import annotations

import asyncio

import pytest

from camera_registry.adapters.camera_tables import camera_groups
from camera_registry.base.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from camera_registry.base.ids import new_id
from camera_registry.scope import Scope
from ioc_api.access.accounts import AccountChange
from ioc_api.access.passwords import check_password
from ioc_api.access.rbac import Grant, Role
from tests.ioc_api.hub import PASSWORD, UNIT_A, UNIT_B, Hub

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


@pytest.mark.parametrize(
    "password", ["", "x" * 11, "x" * 257, "a" * 20, "AdministratoR", "\ud800" + "abcdefghijkl"]
)
def test_a_weak_password_is_refused_without_repeating_it(password: str) -> None:
    with pytest.raises(InvalidError) as caught:
        check_password(password, "administrator")
    assert not password or password not in str(caught.value)


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


async def test_an_account_without_rights_belongs_to_the_city(api: Hub) -> None:
    grants = [Grant(Role.OPERATOR, Scope.of([UNIT_A]))]
    made = await api.deps.accounts.create("an", PASSWORD, "", grants, Scope.all())
    ward = await api.token(Role.ADMINISTRATOR, Scope.of([UNIT_A]))
    path = f"/api/v1/users/{made.id}"
    async with api.client(ward) as client:
        assert (await client.get(path)).status_code == 200
        await api.store.change_account(made.id, AccountChange(grants=()))
        assert (await client.get("/api/v1/users")).json()["items"] == []
        for wanted in (client.get(path), client.patch(path, json={"password": "a" * 20})):
            assert (await wanted).status_code == 404
        assert (await client.delete(path)).status_code == 404
    async with api.client(await api.token(Role.ADMINISTRATOR)) as client:
        assert (await client.get(path)).json()["grants"] == []


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
    assert sum(isinstance(result, ConflictError) for result in results) == 1
    assert len(await api.deps.accounts.list(CITY)) == 1


async def test_rights_change_and_the_city_keeps_an_administrator(api: Hub) -> None:
    accounts = api.deps.accounts
    root = await accounts.create("root", PASSWORD, "", ADMIN, CITY)
    for change in ({"grants": OPERATOR_A}, {"disabled": True}):
        with pytest.raises(ConflictError, match="last administrator"):
            await accounts.change(root.id, CITY, **change)
    second = await accounts.create("second", PASSWORD, "", ADMIN, CITY)
    changed = await accounts.change(root.id, CITY, grants=OPERATOR_A, display_name="An")
    assert (changed.grants, changed.display_name) == (tuple(OPERATOR_A), "An")
    kept_out = await accounts.change(root.id, CITY, disabled=True)
    assert kept_out.disabled_us > 0
    assert (await accounts.change(root.id, CITY, disabled=False)).disabled_us == 0
    there = Scope.of([UNIT_B])
    with pytest.raises(NotFoundError):
        await accounts.change(second.id, there, disabled=True)
    mine = await accounts.create("mine", PASSWORD, "", [Grant(Role.OPERATOR, there)], CITY)
    with pytest.raises(ForbiddenError):
        await accounts.change(mine.id, there, grants=ADMIN)


async def test_grants_within_groups_come_back_as_they_were_given(api: Hub) -> None:
    group = await a_group(api)
    scope = Scope.of([UNIT_A, UNIT_B], [group])
    grants = [Grant(Role.OPERATOR, scope), Grant(Role.ENGINEER, Scope.of(["*"], [group]))]
    account = await api.deps.accounts.create("an", PASSWORD, "", grants, CITY)
    assert (await api.deps.accounts.get(account.id)).grants == tuple(grants)
    token, _ = await api.deps.tokens.create("t", grants, CITY)
    stored = await api.credentials.token_by_id(token.id)
    assert stored is not None
    assert stored.grants == tuple(grants)
    with pytest.raises(InvalidError, match="no group"):
        await api.deps.tokens.create(
            "t", [Grant(Role.OPERATOR, Scope.of(["*"], ["nowhere"]))], CITY
        )
    # a group in some units is no right to the units themselves
    with pytest.raises(ForbiddenError):
        await api.deps.tokens.create("t", OPERATOR_A, scope)
    assert list(await api.deps.accounts.list(Scope.of([UNIT_A]))) == []


async def a_group(api: Hub) -> str:
    """Make a camera group and return its id."""
    group = new_id(1)
    row = {"id": group, "name": "Cổng", "unit_code": UNIT_A, "created_us": 1}
    async with api.database.write() as connection:
        await connection.execute(camera_groups.insert().values(row))
    return group

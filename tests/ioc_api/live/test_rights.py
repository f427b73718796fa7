"""Rights that are looked up again: lost, moved, and not to be confirmed."""

from __future__ import annotations

import pytest

from camera_registry.base.errors import ForbiddenError, UnauthenticatedError, UnavailableError
from ioc_api.access.rbac import Principal, Role
from ioc_api.live.rights import Rights
from tests.fakes import ManualClock
from tests.ioc_api.live.gateway import OTHER_UNIT, TOKEN, UNIT, Accounts

HEADERS = {"authorization": f"Bearer {TOKEN}"}


class Directory:
    def __init__(self) -> None:
        self.units = {"a": UNIT, "b": OTHER_UNIT}
        self.groups: dict[str, tuple[str, ...]] = {}

    def unit_of(self, camera_id: str) -> str | None:
        return self.units.get(camera_id)

    def groups_of(self, camera_id: str) -> tuple[str, ...]:
        return self.groups.get(camera_id, ())


class BrokenAccounts(Accounts):
    broken = False

    async def recheck(self, principal: Principal) -> Principal | None:
        if self.broken:
            raise UnavailableError("the database does not answer")
        return await super().recheck(principal)


async def rights(accounts: Accounts) -> tuple[Rights, Directory, ManualClock]:
    clock, directory = ManualClock(), Directory()
    principal = await accounts.from_request(HEADERS, {})
    return Rights(accounts, directory, clock, principal), directory, clock


async def test_a_camera_is_shown_hidden_or_unknown() -> None:
    held, directory, _ = await rights(Accounts())
    assert held.refusal("a") is None
    assert held.refusal("b") == "forbidden"
    assert held.refusal("c") == "not_found"
    directory.units["a"] = OTHER_UNIT
    assert held.refusal("a") == "forbidden"


async def test_what_changes_counts_from_the_next_refresh() -> None:
    accounts = Accounts()
    held, _, _ = await rights(accounts)
    accounts.units = frozenset({OTHER_UNIT})
    await held.refresh()
    assert held.refusal("a") == "forbidden"
    assert held.refusal("b") is None
    accounts.role = Role.AUDITOR
    with pytest.raises(ForbiddenError):
        await held.refresh()
    accounts.valid = False
    with pytest.raises(UnauthenticatedError):
        await held.refresh()


async def test_a_database_that_is_away_is_forgiven_for_a_while_only() -> None:
    accounts = BrokenAccounts()
    held, _, clock = await rights(accounts)
    accounts.broken = True
    clock.move(29)
    await held.refresh()
    clock.move(2)
    with pytest.raises(UnavailableError):
        await held.refresh()
    accounts.broken = False
    await held.refresh()
    assert held.refusal("a") is None


async def test_nobody_without_live_view_gets_rights() -> None:
    accounts = Accounts(role=Role.AUDITOR)
    with pytest.raises(ForbiddenError):
        await rights(accounts)

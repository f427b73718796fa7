"""The way in without a default password: a link that makes the first administrator, once."""

from __future__ import annotations

from typing import Protocol

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import ForbiddenError
from camera_registry.scope import Scope
from ioc_api.access.accounts import Account, Accounts
from ioc_api.access.auth import fingerprint, new_secret
from ioc_api.access.rbac import Grant, Role

log = structlog.get_logger(__name__)


class SetupStore(Protocol):
    """Where set-up links are kept."""

    async def count_accounts(self) -> int:
        """Return how many accounts there are."""
        ...

    async def replace_setup_link(self, link_hash: str, now_us: int) -> bool:
        """Make this the only set-up link, if no account exists; say whether none does."""
        ...

    async def setup_link_valid(self, link_hash: str) -> bool:
        """Say whether a set-up link could be used now."""
        ...

    async def use_setup_link(
        self, link_hash: str, account: Account, password_hash: str, now_us: int
    ) -> bool:
        """Burn the link and store the first account, both or neither; say whether it was valid."""
        ...


class SetupLinks:
    """Makes and uses the link."""

    def __init__(self, store: SetupStore, accounts: Accounts, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock

    async def needed(self) -> bool:
        """Say whether no account exists yet."""
        return await self._store.count_accounts() == 0

    async def create(self) -> str | None:
        """Return the token of a new link, which replaces an earlier one; None once set up."""
        token = new_secret()
        if await self._store.replace_setup_link(fingerprint(token), self._clock.utc_us()):
            return token
        return None

    async def use(self, token: str, username: str, password: str) -> Account:
        """Make the first account, an administrator of the whole city, and burn the link.

        Raises ForbiddenError where the link is wrong, was used, or an account exists already.
        """
        link = fingerprint(token)
        # Looked at first, so that a stranger cannot make us hash passwords; decided at the end.
        if not await self._store.setup_link_valid(link):
            raise _used()
        grants = (Grant(Role.ADMINISTRATOR, Scope.all()),)
        account, password_hash = await self._accounts.draft(username, password, "", grants)
        now = self._clock.utc_us()
        if not await self._store.use_setup_link(link, account, password_hash, now):
            raise _used()
        log.info("set_up", account=account.id)
        return account


def _used() -> ForbiddenError:
    return ForbiddenError(
        "The set-up link is not valid any more",
        hint="start camhub again for a new one, or sign in if it is set up already",
        code="setup_link",
    )

"""Accounts: who can sign in, and with which rights. No web framework here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import ConflictError, InvalidError, NotFoundError
from camera_registry.base.ids import new_id
from camera_registry.scope import Scope
from ioc_api.access.grant_rules import GrantRules, lie_in
from ioc_api.access.passwords import Passwords, check_password
from ioc_api.access.rbac import Grant, Role

log = structlog.get_logger(__name__)

USERNAME = r"[a-z0-9](?:[a-z0-9._\-]{0,62}[a-z0-9])?"
_USERNAME = re.compile(USERNAME)
_CITY = Scope.all()


@dataclass(frozen=True, slots=True)
class Account:
    """A person who can sign in. Times are UTC microseconds, 0 where it never happened.

    ``totp``: a second step is set up. ``provider`` names the OpenID provider that vouches for the
    person; such an account has no password.
    """

    id: str
    username: str
    display_name: str
    grants: tuple[Grant, ...]
    created_us: int
    disabled_us: int = 0
    signed_in_us: int = 0
    totp: bool = False
    recovery_codes: int = 0
    provider: str = ""

    @property
    def administrator(self) -> bool:
        """Whether it administrates anything."""
        return any(grant.role is Role.ADMINISTRATOR for grant in self.grants)


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What is to change; None leaves it. ``disabled_us`` 0 lets somebody in again."""

    display_name: str | None = None
    grants: tuple[Grant, ...] | None = None
    disabled_us: int | None = None


class AccountStore(Protocol):
    """Where accounts are kept."""

    async def insert_account(
        self, account: Account, password_hash: str, identity: tuple[str, str] | None = None
    ) -> None:
        """Store a new account, with its (provider, subject) where it comes from one.

        Raises ConflictError where the user name is taken or the identity has an account already.
        """
        ...

    async def account(self, account_id: str) -> Account | None:
        """Return an account by id, or None."""
        ...

    async def account_named(self, username: str) -> Account | None:
        """Return an account by user name, or None."""
        ...

    async def account_of(self, provider: str, subject: str) -> Account | None:
        """Return the account of an identity at a provider, or None."""
        ...

    async def accounts(self) -> Sequence[Account]:
        """Return every account, by user name."""
        ...

    async def password_hash(self, account_id: str) -> str:
        """Return an account's password hash; empty where it has none or is gone."""
        ...

    async def set_password(self, account_id: str, password_hash: str) -> None:
        """Write a new password hash."""
        ...

    async def signed_in(self, account_id: str, now_us: int) -> None:
        """Note when somebody signed in."""
        ...

    async def change_account(
        self, account_id: str, change: AccountChange, *, keep_administrator: bool = True
    ) -> bool:
        """Write a change; a disabled account loses its sessions. Says whether it was there.

        Raises ConflictError where the city would be left without an administrator.
        """
        ...

    async def delete_account(self, account_id: str) -> bool:
        """Delete an account; say whether it was there.

        Raises ConflictError for the last administrator of the whole city.
        """
        ...


def is_username(name: str) -> bool:
    """Say whether a name could be one of an account."""
    return _USERNAME.fullmatch(name) is not None


class Accounts:
    """People: makes, lists, changes and removes accounts."""

    def __init__(
        self, store: AccountStore, passwords: Passwords, rules: GrantRules, clock: Clock
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._rules = rules
        self._clock = clock

    async def draft(
        self, username: str, password: str, display_name: str, grants: Sequence[Grant]
    ) -> tuple[Account, str]:
        """Check what a new account is made of; return it with its password hash, not stored yet."""
        name = username.strip().lower()
        if not is_username(name):
            raise InvalidError(
                "username: use 1 to 64 letters a-z, digits, dots, dashes or underscores",
                code="username",
            )
        shown = _display_name(display_name, name)
        check_password(password, name)
        now = self._clock.utc_us()
        account = Account(new_id(now), name, shown, tuple(grants), now)
        return account, await self._passwords.hash(password)

    async def create(
        self,
        username: str,
        password: str,
        display_name: str,
        grants: Sequence[Grant],
        scope: Scope,
    ) -> Account:
        """Make an account. Whoever makes it (``scope``) can give no right beyond the own ones."""
        await self._rules.check(grants, scope)
        account, password_hash = await self.draft(username, password, display_name, grants)
        await self._store.insert_account(account, password_hash)
        log.info("account_created", account=account.id)
        return account

    async def list(self, scope: Scope) -> Sequence[Account]:
        """Return the accounts whose rights lie wholly in the scope."""
        return [each for each in await self._store.accounts() if lie_in(each.grants, scope)]

    async def get(self, account_id: str, scope: Scope = _CITY) -> Account:
        """Return an account. Raises NotFoundError out of scope."""
        account = await self._store.account(account_id)
        if account is None or not lie_in(account.grants, scope):
            raise NotFoundError("There is no such account")
        return account

    async def change(
        self,
        account_id: str,
        scope: Scope,
        *,
        display_name: str | None = None,
        grants: Sequence[Grant] | None = None,
        disabled: bool | None = None,
    ) -> Account:
        """Change an account that lies in scope; what is None stays.

        Raises NotFoundError, ForbiddenError for rights beyond the scope, and ConflictError where it
        would leave the city without an administrator.
        """
        account = await self.get(account_id, scope)
        if grants is not None:
            await self._rules.check(grants, scope)
        now = self._clock.utc_us()
        change = AccountChange(
            None if display_name is None else _display_name(display_name, account.username),
            None if grants is None else tuple(grants),
            None if disabled is None else (account.disabled_us or now) * disabled,
        )
        if not await self._store.change_account(account.id, change):
            raise NotFoundError("There is no such account")
        log.info("account_changed", account=account.id)
        return await self.get(account.id)

    async def set_password(self, account: Account, password: str) -> None:
        """Give an account a new password. Raises ConflictError for one of a provider.

        Whoever administrates some units could otherwise take over an account whose rights the
        provider widens at the next sign-in.
        """
        if account.provider:
            raise ConflictError(
                "This account signs in at its provider and has no password", code="no_password"
            )
        check_password(password, account.username)
        await self._store.set_password(account.id, await self._passwords.hash(password))
        log.info("password_changed", account=account.id)

    async def remove(self, account_id: str, scope: Scope) -> Account:
        """Remove an account and end its sessions. Raises NotFoundError out of scope."""
        account = await self.get(account_id, scope)
        if not await self._store.delete_account(account_id):
            raise NotFoundError("There is no such account")
        log.info("account_removed", account=account_id)
        return account


def _display_name(given: str, username: str) -> str:
    shown = given.strip() or username
    if len(shown) > 120 or not shown.isprintable():
        raise InvalidError("display_name: at most 120 printable characters", code="display_name")
    return shown

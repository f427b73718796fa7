"""Accounts, signing in, the one-time set-up link and API tokens. No web framework here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from prometheus_client import Counter

from camera_registry.base.clock import Clock
from camera_registry.base.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthenticatedError,
)
from camera_registry.base.ids import new_id
from camera_registry.scope import Scope
from camera_registry.units import Units
from ioc_api.auth import TOKEN_PREFIX, CredentialStore, TokenRow, fingerprint, new_secret
from ioc_api.passwords import Passwords, check_password
from ioc_api.rbac import Grant, Role
from ioc_api.throttle import Throttle, TooManyError

log = structlog.get_logger(__name__)

LOGINS = Counter("camhub_logins", "Tries to sign in, by result.", ["result"])

_USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_PER_ADDRESS = 20
"""Failures that one network address may have over all accounts before it has to wait."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person who can sign in. ``created_us`` is UTC microseconds."""

    id: str
    username: str
    display_name: str
    grants: tuple[Grant, ...]
    created_us: int


class AccountStore(CredentialStore, Protocol):
    """Where accounts, API tokens and set-up links are kept."""

    async def count_accounts(self) -> int:
        """Return how many accounts there are."""
        ...

    async def insert_account(self, account: Account, password_hash: str) -> None:
        """Store a new account. Raises ConflictError where the user name is taken."""
        ...

    async def account(self, account_id: str) -> Account | None:
        """Return an account by id, or None."""
        ...

    async def accounts(self) -> Sequence[Account]:
        """Return every account, by user name."""
        ...

    async def password(self, username: str) -> tuple[str, str] | None:
        """Return the id and the password hash of an account, or None."""
        ...

    async def set_password(self, account_id: str, password_hash: str) -> None:
        """Write a new password hash."""
        ...

    async def delete_account(self, account_id: str) -> bool:
        """Delete an account; say whether it was there.

        Raises ConflictError for the last administrator of the whole city.
        """
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

    async def insert_token(self, token: TokenRow, token_hash: str) -> None:
        """Store a new API token."""
        ...

    async def tokens(self) -> Sequence[TokenRow]:
        """Return every API token that was not revoked, the newest first."""
        ...

    async def revoke_token(self, token_id: str, now_us: int) -> bool:
        """Revoke a token; say whether it was valid until now."""
        ...


def held(grants: Sequence[Grant]) -> Scope:
    """Return every unit in which the grants give any role."""
    scope = Scope()
    for grant in grants:
        scope = scope | grant.scope
    return scope


class Accounts:
    """People: makes, lists and removes accounts, and checks passwords."""

    def __init__(
        self,
        store: AccountStore,
        passwords: Passwords,
        units: Units,
        clock: Clock,
        throttle: Throttle | None = None,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._units = units
        self._clock = clock
        self._throttle = throttle or Throttle(clock)

    async def sign_in(self, username: str, password: str, address: str) -> Account:
        """Return the account of a right name and password.

        Raises UnauthenticatedError, the same for an unknown name and a wrong password, or
        TooManyError where this account from this address, or the address alone, failed too often.
        """
        name = username.strip().lower()[:64]
        by_account, by_address = f"{name} {address}", address
        try:
            self._throttle.check(by_account, by_address)
        except TooManyError:
            LOGINS.labels("throttled").inc()
            raise
        found = await self._store.password(name) if _USERNAME.fullmatch(name) else None
        right = await self._passwords.verify(found[1] if found else None, password)
        if found is None or not right:
            self._throttle.failed(by_account)
            self._throttle.failed(by_address, free=_PER_ADDRESS)
            LOGINS.labels("refused").inc()
            log.warning("login_refused", address=address)
            raise _refused()
        account = await self._store.account(found[0])
        if account is None:
            raise _refused()
        if self._passwords.outdated(found[1]):
            await self._store.set_password(account.id, await self._passwords.hash(password))
        self._throttle.succeeded(by_account)
        LOGINS.labels("ok").inc()
        log.info("login", account=account.id)
        return account

    async def draft(
        self, username: str, password: str, display_name: str, grants: Sequence[Grant]
    ) -> tuple[Account, str]:
        """Check what a new account is made of; return it with its password hash, not stored yet."""
        name = username.strip().lower()
        if _USERNAME.fullmatch(name) is None:
            raise InvalidError(
                "username: use 1 to 64 letters a-z, digits, dots, dashes or underscores",
                code="username",
            )
        shown = display_name.strip() or name
        if len(shown) > 120 or not shown.isprintable():
            raise InvalidError(
                "display_name: at most 120 printable characters", code="display_name"
            )
        check_password(password, name)
        self.check_grants(grants)
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
        """Make an account. Whoever makes it (``scope``) can give no right beyond its own units."""
        _inside(grants, scope)
        account, password_hash = await self.draft(username, password, display_name, grants)
        await self._store.insert_account(account, password_hash)
        log.info("account_created", account=account.id)
        return account

    async def list(self, scope: Scope) -> Sequence[Account]:
        """Return the accounts whose rights lie wholly in the scope."""
        return [each for each in await self._store.accounts() if scope.covers(held(each.grants))]

    async def remove(self, account_id: str, scope: Scope) -> None:
        """Remove an account and end its sessions. Raises NotFoundError out of scope."""
        account = await self._store.account(account_id)
        if account is None or not scope.covers(held(account.grants)):
            raise NotFoundError("There is no such account")
        if not await self._store.delete_account(account_id):
            raise NotFoundError("There is no such account")
        log.info("account_removed", account=account_id)

    def check_grants(self, grants: Sequence[Grant]) -> None:
        """Raise InvalidError for no grant, an empty scope or an unknown unit."""
        if not grants or len(grants) > 50:
            raise InvalidError("grants: give 1 to 50 of them", code="grants")
        for grant in grants:
            if grant.scope.empty:
                raise InvalidError(
                    "grants: units must not be empty", hint='["*"] means all units', code="grants"
                )
            for code in grant.scope.units or ():
                self._units.get(code, field="grants.units")


class SetupLinks:
    """The way in without a default password: a link that makes the first administrator, once."""

    def __init__(self, store: AccountStore, accounts: Accounts, clock: Clock) -> None:
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


class Tokens:
    """API tokens: shown once, stored as a hash."""

    def __init__(self, store: AccountStore, accounts: Accounts, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock

    async def create(
        self, name: str, grants: Sequence[Grant], scope: Scope, *, expires_us: int = 0
    ) -> tuple[TokenRow, str]:
        """Make a token and return it with its secret. ``expires_us`` 0 means never."""
        shown = name.strip()
        if not shown or len(shown) > 80 or not shown.isprintable():
            raise InvalidError("name: give 1 to 80 printable characters", code="name")
        now = self._clock.utc_us()
        if expires_us and expires_us <= now:
            raise InvalidError("expires_at: lies in the past", code="expires_at")
        self._accounts.check_grants(grants)
        _inside(grants, scope)
        secret = TOKEN_PREFIX + new_secret()
        token = TokenRow(new_id(now), shown, tuple(grants), now, expires_us)
        await self._store.insert_token(token, fingerprint(secret))
        log.info("token_created", token=token.id)
        return token, secret

    async def list(self, scope: Scope) -> Sequence[TokenRow]:
        """Return the tokens whose rights lie wholly in the scope."""
        return [each for each in await self._store.tokens() if scope.covers(held(each.grants))]

    async def revoke(self, token_id: str, scope: Scope) -> None:
        """End a token's validity. Raises NotFoundError out of scope."""
        token = await self._store.token_by_id(token_id)
        if token is None or not scope.covers(held(token.grants)):
            raise NotFoundError("There is no such token")
        if not await self._store.revoke_token(token_id, self._clock.utc_us()):
            raise NotFoundError("There is no such token")
        log.info("token_revoked", token=token_id)


def _inside(grants: Sequence[Grant], scope: Scope) -> None:
    if not scope.covers(held(grants)):
        raise ForbiddenError(
            "grants: you can give rights only in your own units", hint="name fewer units"
        )


def _used() -> ForbiddenError:
    return ForbiddenError(
        "The set-up link is not valid any more",
        hint="start camhub again for a new one, or sign in if it is set up already",
        code="setup_link",
    )


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError(
        "The user name or the password is wrong", hint="check both", code="login"
    )

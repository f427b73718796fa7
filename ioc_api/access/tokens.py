"""API tokens: shown once, stored as a hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import InvalidError, NotFoundError
from camera_registry.base.ids import new_id
from camera_registry.scope import Scope
from ioc_api.access.auth import TOKEN_PREFIX, fingerprint, new_secret
from ioc_api.access.credentials import TokenRow
from ioc_api.access.grant_rules import GrantRules, lie_in
from ioc_api.access.rbac import Grant

log = structlog.get_logger(__name__)


class TokenStore(Protocol):
    """Where API tokens are kept."""

    async def insert_token(self, token: TokenRow, token_hash: str) -> None:
        """Store a new API token."""
        ...

    async def tokens(self) -> Sequence[TokenRow]:
        """Return every API token that was not revoked, the newest first."""
        ...

    async def token_by_id(self, token_id: str) -> TokenRow | None:
        """Return an API token by its id, or None."""
        ...

    async def revoke_token(self, token_id: str, now_us: int) -> bool:
        """Revoke a token; say whether it was valid until now."""
        ...


class Tokens:
    """Makes, lists and revokes API tokens."""

    def __init__(self, store: TokenStore, rules: GrantRules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
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
        await self._rules.check(grants, scope)
        secret = TOKEN_PREFIX + new_secret()
        token = TokenRow(new_id(now), shown, tuple(grants), now, expires_us)
        await self._store.insert_token(token, fingerprint(secret))
        log.info("token_created", token=token.id)
        return token, secret

    async def list(self, scope: Scope) -> Sequence[TokenRow]:
        """Return the tokens whose rights lie wholly in the scope."""
        return [each for each in await self._store.tokens() if lie_in(each.grants, scope)]

    async def revoke(self, token_id: str, scope: Scope) -> TokenRow:
        """End a token's validity and return it. Raises NotFoundError out of scope."""
        token = await self._store.token_by_id(token_id)
        if token is None or not lie_in(token.grants, scope):
            raise NotFoundError("There is no such token")
        if not await self._store.revoke_token(token_id, self._clock.utc_us()):
            raise NotFoundError("There is no such token")
        log.info("token_revoked", token=token_id)
        return token

"""Proof of identity: sessions by cookie, programs by bearer token. No web framework here.

Only SHA-256 hashes of session and API tokens are stored. Both are 256 random bits, so a plain hash
is enough: there is nothing to guess, unlike with passwords.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from camera_registry.base.clock import Clock
from camera_registry.base.errors import ForbiddenError, UnauthenticatedError
from ioc_api.rbac import Grant, Principal

SESSION_COOKIE = "camhub_session"
CSRF_HEADER = "x-csrf-token"
TOKEN_PREFIX = "chb_"  # noqa: S105 - a prefix, not a secret
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_TOUCH_US = 60_000_000
"""A session's last use is written at most this often, so that reading does not mean writing."""


def new_secret() -> str:
    """Return 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """Return the SHA-256 of a secret as hex: what is stored and looked up instead of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(session_token: str) -> str:
    """Derive the CSRF token of a session: known to whoever was given it, useless elsewhere."""
    return hmac.new(session_token.encode(), b"camhub csrf", hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """How long a session lives: in all, and without use; in seconds. The default spans a shift."""

    absolute_s: int = 14 * 3600
    idle_s: int = 3600


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A stored session with its account. Times are UTC microseconds."""

    hash: str
    created_us: int
    seen_us: int
    account_id: str
    username: str
    display_name: str
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A stored API token. ``expires_us`` and ``revoked_us`` are 0 where they do not apply."""

    id: str
    name: str
    grants: tuple[Grant, ...]
    created_us: int
    expires_us: int = 0
    revoked_us: int = 0


class CredentialStore(Protocol):
    """Where sessions and API tokens are kept."""

    async def insert_session(self, session_hash: str, account_id: str, now_us: int) -> None:
        """Store a session that begins now."""
        ...

    async def session(self, session_hash: str) -> SessionRow | None:
        """Return a session with its account's present grants, or None."""
        ...

    async def touch_session(self, session_hash: str, now_us: int) -> None:
        """Note that the session was used now."""
        ...

    async def delete_session(self, session_hash: str) -> None:
        """Forget a session; deleting a missing one is no error."""
        ...

    async def delete_sessions_before(self, created_us: int, seen_us: int) -> None:
        """Forget sessions that began before ``created_us`` or were last used before ``seen_us``."""
        ...

    async def token_by_hash(self, token_hash: str) -> TokenRow | None:
        """Return an API token by the hash of its secret, or None."""
        ...

    async def token_by_id(self, token_id: str) -> TokenRow | None:
        """Return an API token by its id, or None."""
        ...


class Authenticator:
    """Turns what a request carries into a principal."""

    def __init__(
        self, store: CredentialStore, clock: Clock, policy: SessionPolicy | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy or SessionPolicy()

    @property
    def policy(self) -> SessionPolicy:
        """How long sessions live."""
        return self._policy

    async def open_session(self, account_id: str) -> str:
        """Begin a session and return its secret, which only the cookie ever holds."""
        now = self._clock.utc_us()
        await self._store.delete_sessions_before(
            now - self._policy.absolute_s * 1_000_000, now - self._policy.idle_s * 1_000_000
        )
        secret = new_secret()
        await self._store.insert_session(fingerprint(secret), account_id, now)
        return secret

    async def close_session(self, principal: Principal) -> None:
        """End the session that the principal came by."""
        if principal.by_cookie:
            await self._store.delete_session(principal.credential)

    async def from_request(
        self, headers: Mapping[str, str], cookies: Mapping[str, str], *, method: str = "GET"
    ) -> Principal:
        """Return who sent a request; a bearer token goes before a cookie.

        ``headers`` must look up names without regard to case, or hold them in lower case.
        Raises UnauthenticatedError where there is no valid credential, and ForbiddenError where an
        unsafe ``method`` comes by cookie without the session's CSRF token.
        """
        authorization = headers.get("authorization", "")
        if authorization:
            scheme, _, secret = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise UnauthenticatedError(
                    "Only bearer tokens are accepted", hint="send Authorization: Bearer chb_…"
                )
            return await self._by_token(secret.strip())
        secret = cookies.get(SESSION_COOKIE, "")
        if not secret:
            raise UnauthenticatedError("Nobody is signed in", hint="sign in, or send an API token")
        principal = await self._by_session(fingerprint(secret))
        if method.upper() not in SAFE_METHODS:
            given = headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(given.encode(), csrf_token(secret).encode()):
                raise ForbiddenError(
                    "The CSRF token is missing or wrong",
                    hint="send the csrf_token of GET /api/v1/session as X-CSRF-Token",
                    code="csrf",
                )
        return principal

    async def recheck(self, principal: Principal) -> Principal | None:
        """Look the same credential up again, for connections that stay open.

        Returns the principal with its present grants, or None where the credential is no longer
        valid. Counts as use of the session. Call it at least every 30 s.
        """
        try:
            if principal.by_cookie:
                return await self._by_session(principal.credential)
            return self._token_principal(await self._store.token_by_id(principal.credential))
        except UnauthenticatedError:
            return None

    async def _by_session(self, session_hash: str) -> Principal:
        row = await self._store.session(session_hash)
        now = self._clock.utc_us()
        if (
            row is None
            or now - row.created_us >= self._policy.absolute_s * 1_000_000
            or now - row.seen_us >= self._policy.idle_s * 1_000_000
        ):
            raise UnauthenticatedError("The session has ended", hint="sign in again")
        if now - row.seen_us >= _TOUCH_US:
            await self._store.touch_session(session_hash, now)
        return Principal(
            row.account_id, row.username, row.display_name, row.grants, session_hash, by_cookie=True
        )

    async def _by_token(self, secret: str) -> Principal:
        if not secret.startswith(TOKEN_PREFIX):
            raise UnauthenticatedError("The API token is not valid")
        return self._token_principal(await self._store.token_by_hash(fingerprint(secret)))

    def _token_principal(self, row: TokenRow | None) -> Principal:
        expired = row is not None and 0 < row.expires_us <= self._clock.utc_us()
        if row is None or row.revoked_us or expired:
            raise UnauthenticatedError(
                "The API token is not valid", hint="it may have expired or been revoked"
            )
        name = f"token:{row.name}"
        return Principal(row.id, name, row.name, row.grants, row.id, by_cookie=False)

"""Proof of identity: sessions by cookie, programs by bearer token. No web framework here.

Only SHA-256 hashes of session and API tokens are stored. Both are 256 random bits, so a plain hash
is enough: there is nothing to guess, unlike with passwords.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from camera_registry.base.clock import Clock
from camera_registry.base.errors import ForbiddenError, UnauthenticatedError
from camera_registry.base.ids import new_id
from ioc_api.access.credentials import Client, CredentialStore, NewSession, SessionRow, TokenRow
from ioc_api.access.rbac import Grant, Principal, Role

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
    """How long a session lives: in all, and without use; in seconds. The default spans a shift.

    ``totp_for_administrators``: one without a second step can do nothing but set one up, unless a
    provider vouches for the person.
    """

    absolute_s: int = 14 * 3600
    idle_s: int = 3600
    totp_for_administrators: bool = False


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

    async def open_session(
        self,
        account_id: str,
        client: Client | None = None,
        *,
        provider: str = "",
        sealed: bytes | None = None,
    ) -> str:
        """Begin a session and return its secret, which only the cookie ever holds."""
        now = self._clock.utc_us()
        await self._store.delete_sessions_before(*self._oldest(now))
        secret = new_secret()
        new = NewSession(new_id(now), account_id, now, client or Client(), provider, sealed)
        await self._store.insert_session(fingerprint(secret), new)
        return secret

    async def sessions(
        self, account_id: str, after: tuple[int, str] | None = None, limit: int = 100
    ) -> Sequence[SessionRow]:
        """Return the sessions of an account that are alive, the latest used first.

        ``after`` is when the last one of the page before was used (UTC µs), and its id.
        """
        created_us, seen_us = self._oldest(self._clock.utc_us())
        return await self._store.sessions_of(account_id, created_us, seen_us, after, limit)

    async def end_sessions(
        self, account_id: str, *, only: str | None = None, but: str | None = None
    ) -> int:
        """End an account's session with the id ``only``, or all but ``but``; return how many.

        What they have open ends at its next look at its rights, see ``recheck``.
        """
        return await self._store.delete_sessions(account_id, only=only, but=but)

    async def session_of(self, principal: Principal) -> SessionRow | None:
        """Return the session that a principal came by, or None."""
        return await self._store.session(principal.credential) if principal.by_cookie else None

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
            row = await self._store.token_by_id(principal.credential)
            return await self._token_principal(row)
        except UnauthenticatedError:
            return None

    def _oldest(self, now_us: int) -> tuple[int, int]:
        policy = self._policy
        return now_us - policy.absolute_s * 1_000_000, now_us - policy.idle_s * 1_000_000

    async def _by_session(self, session_hash: str) -> Principal:
        row = await self._store.session(session_hash)
        now = self._clock.utc_us()
        created_us, seen_us = self._oldest(now)
        if row is None or row.disabled or row.created_us <= created_us or row.seen_us <= seen_us:
            raise UnauthenticatedError("The session has ended", hint="sign in again")
        if now - row.seen_us >= _TOUCH_US:
            await self._store.touch_session(session_hash, now)
        must_enrol = self.must_enrol(row.grants, totp=row.totp, provider=row.provider)
        return Principal(
            row.account_id,
            row.username,
            row.display_name,
            () if must_enrol else row.grants,
            session_hash,
            by_cookie=True,
            must_enrol=must_enrol,
            session_id=row.id,
        )

    def must_enrol(self, grants: tuple[Grant, ...], *, totp: bool, provider: str) -> bool:
        """Say whether somebody has to set up a second step before anything else."""
        administrator = any(grant.role is Role.ADMINISTRATOR for grant in grants)
        required = self._policy.totp_for_administrators and administrator
        return required and not totp and not provider

    async def _by_token(self, secret: str) -> Principal:
        if not secret.startswith(TOKEN_PREFIX):
            raise UnauthenticatedError("The API token is not valid")
        return await self._token_principal(await self._store.token_by_hash(fingerprint(secret)))

    async def _token_principal(self, row: TokenRow | None) -> Principal:
        now = self._clock.utc_us()
        expired = row is not None and 0 < row.expires_us <= now
        if row is None or row.revoked_us or expired:
            raise UnauthenticatedError(
                "The API token is not valid", hint="it may have expired or been revoked"
            )
        if now - row.used_us >= _TOUCH_US:
            await self._store.touch_token(row.id, now)
        name = f"token:{row.name}"
        return Principal(row.id, name, row.name, row.grants, row.id, by_cookie=False)

"""What requests prove themselves with, as it is stored: sessions and API tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ioc_api.access.rbac import Grant


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request came from: network address and what the browser calls itself."""

    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that begins at ``now_us``. ``sealed`` is what its end at the provider needs."""

    id: str
    account_id: str
    now_us: int
    client: Client
    provider: str = ""
    sealed: bytes | None = None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A stored session with its account. Times are UTC microseconds."""

    hash: str
    id: str
    created_us: int
    seen_us: int
    account_id: str
    username: str
    display_name: str
    grants: tuple[Grant, ...]
    address: str
    agent: str
    provider: str
    sealed: bytes | None
    disabled: bool
    totp: bool


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A stored API token. The times but the first are 0 where they do not apply."""

    id: str
    name: str
    grants: tuple[Grant, ...]
    created_us: int
    expires_us: int = 0
    revoked_us: int = 0
    used_us: int = 0


class CredentialStore(Protocol):
    """Where sessions and API tokens are kept."""

    async def insert_session(self, session_hash: str, new: NewSession) -> None:
        """Store a session that begins now. Raises ConflictError where the account is gone."""
        ...

    async def session(self, session_hash: str) -> SessionRow | None:
        """Return a session with its account's present grants, or None."""
        ...

    async def sessions_of(
        self,
        account_id: str,
        created_us: int,
        seen_us: int,
        after: tuple[int, str] | None,
        limit: int,
    ) -> Sequence[SessionRow]:
        """Return an account's sessions that began and were used after times, the latest used first.

        ``after`` is when the last one of the page before was used, and its id.
        """
        ...

    async def touch_session(self, session_hash: str, now_us: int) -> None:
        """Note that the session was used now."""
        ...

    async def delete_session(self, session_hash: str) -> None:
        """Forget a session; deleting a missing one is no error."""
        ...

    async def delete_sessions(
        self, account_id: str, *, only: str | None = None, but: str | None = None
    ) -> int:
        """Forget an account's sessions: the one with the id ``only``, or all but ``but``."""
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

    async def touch_token(self, token_id: str, now_us: int) -> None:
        """Note that the token was used now."""
        ...

"""The log of who came in, who was refused, and who changed whose rights."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from camera_registry.base.clock import Clock
from ioc_api.access.credentials import Client
from ioc_api.access.rbac import Principal

log = structlog.get_logger(__name__)

KEPT_US = 400 * 86_400_000_000
"""Entries are kept for 400 days: a year, and time to look at it."""


class What(StrEnum):
    """What happened."""

    SIGNED_IN = "signed_in"
    REFUSED = "refused"
    THROTTLED = "throttled"
    SECOND_STEP_WRONG = "second_step_wrong"
    RECOVERY_CODE_USED = "recovery_code_used"
    PROVIDER_REFUSED = "provider_refused"
    SIGNED_OUT = "signed_out"
    SESSIONS_ENDED = "sessions_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an entry
    TOTP_ENROLLED = "totp_enrolled"
    TOTP_REMOVED = "totp_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    ACCOUNT_CREATED = "account_created"
    ACCOUNT_CHANGED = "account_changed"
    ACCOUNT_REMOVED = "account_removed"
    ACCOUNT_UNLOCKED = "account_unlocked"
    TOKEN_CREATED = "token_created"  # noqa: S105 - the name of an entry
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - the name of an entry


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what happened to whom (empty where no such account), by whom, from where.

    ``at_us`` is UTC microseconds. ``username`` is a token's name where it is about a token.
    """

    at_us: int
    what: str
    account_id: str
    username: str
    by_id: str
    by_name: str
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry with its place in the log."""

    seq: int
    entry: Entry


class AccessLogStore(Protocol):
    """Where the log is kept."""

    async def append(self, entry: Entry, oldest_us: int) -> None:
        """Write an entry, and forget those before ``oldest_us``."""
        ...

    async def list(
        self, accounts_only: Collection[str] | None, before: int | None, limit: int
    ) -> Sequence[StoredEntry]:
        """Return entries, the latest first: of all, or of some accounts; with seq below before."""
        ...


class AccessLog:
    """Writes the log; reading it is for auditors."""

    def __init__(self, store: AccessLogStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def note(
        self,
        what: What,
        subject: tuple[str, str] = ("", ""),
        *,
        by: Principal | None = None,
        client: Client | None = None,
    ) -> None:
        """Write what happened to ``subject`` (id and name), done by ``by`` or by the subject."""
        client = client or Client()
        now = self._clock.utc_us()
        entry = Entry(
            at_us=now,
            what=what.value,
            account_id=subject[0],
            username=subject[1][:64],
            by_id=by.id if by else "",
            by_name=by.username[:128] if by else "",
            address=client.address[:64],
            agent=client.agent[:256],
        )
        log.info("access", what=entry.what, account=entry.account_id, by=entry.by_id)
        await self._store.append(entry, now - KEPT_US)

    async def list(
        self, accounts_only: Collection[str] | None, before: int | None, limit: int
    ) -> Sequence[StoredEntry]:
        """Return entries, the latest first; ``accounts_only`` None means of everybody."""
        return await self._store.list(accounts_only, before, limit)

"""Shapes of JSON about accounts, sessions and tokens."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from camera_registry.base.clock import us_to_iso
from ioc_api.access.accounts import Account
from ioc_api.access.auth import Authenticator
from ioc_api.access.credentials import SessionRow, TokenRow
from ioc_api.access.passwords import MAX_LENGTH, MIN_LENGTH
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Body, GrantShape, grant_shapes

Grants = Annotated[list[GrantShape], Field(min_length=1, max_length=50)]
NewPassword = Annotated[SecretStr, Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]
DisplayName = Annotated[str, Field(max_length=120)]
Code = Annotated[str, Field(min_length=6, max_length=40)]


class AccountBody(Body):
    """A person to let in."""

    username: Annotated[str, Field(max_length=64)]
    password: NewPassword
    display_name: DisplayName = ""
    grants: Grants


class AccountPatch(Body):
    """Changes to an account; what is left out stays."""

    display_name: DisplayName | None = None
    grants: Grants | None = None
    disabled: bool | None = None
    password: NewPassword | None = None


class AccountShape(BaseModel):
    """A person who can sign in.

    ``totp``: a second step is set up. ``provider``: where the person signs in, empty for a password
    of our own. ``locked_until``: too many wrong passwords came, from one address or from all.
    """

    id: str
    username: str
    display_name: str
    grants: list[GrantShape]
    created_at: str
    signed_in_at: str | None
    disabled: bool
    totp: bool
    recovery_codes: int
    provider: str
    locked_until: str | None


class AccountPage(BaseModel):
    """Accounts by user name."""

    items: list[AccountShape]
    next_cursor: str | None


class SessionInfo(BaseModel):
    """A session that somebody has open. ``current``: the one that asks."""

    id: str
    created_at: str
    seen_at: str
    address: str
    agent: str
    provider: str
    current: bool


class SessionPage(BaseModel):
    """Sessions of one account, the latest used first."""

    items: list[SessionInfo]
    next_cursor: str | None


class TokenBody(Body):
    """A program to let in. ``expires_at`` is RFC 3339 with a zone."""

    name: Annotated[str, Field(max_length=80)]
    grants: Grants
    expires_at: Annotated[str, Field(max_length=40)] | None = None


class TokenShape(BaseModel):
    """An API token without its secret."""

    id: str
    name: str
    grants: list[GrantShape]
    created_at: str
    expires_at: str | None
    used_at: str | None


class NewTokenShape(TokenShape):
    """A new API token; ``token`` is shown this once."""

    token: str


class TokenPage(BaseModel):
    """Tokens that were not revoked, the newest first."""

    items: list[TokenShape]
    next_cursor: str | None


def account_shape(account: Account, locked_until_us: int = 0) -> AccountShape:
    """Write an account as JSON."""
    return AccountShape(
        id=account.id,
        username=account.username,
        display_name=account.display_name,
        grants=grant_shapes(account.grants),
        created_at=us_to_iso(account.created_us),
        signed_in_at=_instant(account.signed_in_us),
        disabled=account.disabled_us > 0,
        totp=account.totp,
        recovery_codes=account.recovery_codes,
        provider=account.provider,
        locked_until=_instant(locked_until_us),
    )


async def session_page(
    authenticator: Authenticator, account_id: str, current: str, limit: int, cursor: str
) -> SessionPage:
    """Read a page of an account's sessions; ``current`` is the id of the one that asks."""
    after = decode_cursor(cursor, tuple[int, str]) if cursor else None
    found = await authenticator.sessions(account_id, after, limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return SessionPage(
        items=[_session_info(row, current) for row in page],
        next_cursor=encode_cursor((page[-1].seen_us, page[-1].id)) if more else None,
    )


def _session_info(row: SessionRow, current: str) -> SessionInfo:
    return SessionInfo(
        id=row.id,
        created_at=us_to_iso(row.created_us),
        seen_at=us_to_iso(row.seen_us),
        address=row.address,
        agent=row.agent,
        provider=row.provider,
        current=row.id == current,
    )


def token_shape(token: TokenRow) -> TokenShape:
    """Write a token as JSON."""
    return TokenShape(
        id=token.id,
        name=token.name,
        grants=grant_shapes(token.grants),
        created_at=us_to_iso(token.created_us),
        expires_at=_instant(token.expires_us),
        used_at=_instant(token.used_us),
    )


def _instant(at_us: int) -> str | None:
    return us_to_iso(at_us) if at_us else None

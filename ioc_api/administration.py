"""``/api/v1/users`` and ``/api/v1/tokens``: who may come in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from camera_registry.base.clock import iso_to_us, us_to_iso
from camera_registry.base.errors import InvalidError
from ioc_api.accounts import Account
from ioc_api.auth import TokenRow
from ioc_api.deps import Deps
from ioc_api.guard import Granted, permission
from ioc_api.rbac import Action
from ioc_api.shapes import Body, GrantShape, grant_shapes

router = APIRouter(tags=["administration"])

Grants = Annotated[list[GrantShape], Field(min_length=1, max_length=50)]


class AccountBody(Body):
    """A person to let in."""

    username: str
    password: SecretStr
    display_name: str = ""
    grants: Grants


class AccountShape(BaseModel):
    """A person who can sign in."""

    id: str
    username: str
    display_name: str
    grants: list[GrantShape]
    created_at: str


class AccountList(BaseModel):
    """Accounts by user name."""

    items: list[AccountShape]


class TokenBody(Body):
    """A program to let in. ``expires_at`` is RFC 3339 with a zone."""

    name: str
    grants: Grants
    expires_at: str | None = None


class TokenShape(BaseModel):
    """An API token without its secret."""

    id: str
    name: str
    grants: list[GrantShape]
    created_at: str
    expires_at: str | None


class NewTokenShape(TokenShape):
    """A new API token; ``token`` is shown this once."""

    token: str


class TokenList(BaseModel):
    """Tokens that were not revoked, the newest first."""

    items: list[TokenShape]


@router.get("/api/v1/users", **permission(Action.USER_MANAGE))
async def list_users(deps: Deps, scope: Granted) -> AccountList:
    """List the accounts whose rights lie in the caller's units."""
    return AccountList(items=[_account(each) for each in await deps.accounts.list(scope)])


@router.post("/api/v1/users", status_code=201, **permission(Action.USER_MANAGE, also=(409,)))
async def add_user(deps: Deps, scope: Granted, body: AccountBody) -> AccountShape:
    """Make an account."""
    account = await deps.accounts.create(
        body.username,
        body.password.get_secret_value(),
        body.display_name,
        [shape.grant() for shape in body.grants],
        scope,
    )
    return _account(account)


@router.delete(
    "/api/v1/users/{user_id}", status_code=204, **permission(Action.USER_MANAGE, also=(409,))
)
async def remove_user(deps: Deps, scope: Granted, user_id: str) -> None:
    """Remove an account and end its sessions."""
    await deps.accounts.remove(user_id, scope)


@router.get("/api/v1/tokens", **permission(Action.TOKEN_MANAGE))
async def list_tokens(deps: Deps, scope: Granted) -> TokenList:
    """List the tokens whose rights lie in the caller's units."""
    return TokenList(items=[_token(each) for each in await deps.tokens.list(scope)])


@router.post("/api/v1/tokens", status_code=201, **permission(Action.TOKEN_MANAGE))
async def add_token(deps: Deps, scope: Granted, body: TokenBody) -> NewTokenShape:
    """Make an API token; its secret is shown this once."""
    try:
        expires_us = iso_to_us(body.expires_at) if body.expires_at else 0
    except (ValueError, OverflowError):
        raise InvalidError(
            "expires_at: is no instant with a time zone",
            hint="write for example 2027-01-31T00:00:00+07:00",
            code="expires_at",
        ) from None
    grants = [shape.grant() for shape in body.grants]
    token, secret = await deps.tokens.create(body.name, grants, scope, expires_us=expires_us)
    return NewTokenShape(**_token(token).model_dump(), token=secret)


@router.delete("/api/v1/tokens/{token_id}", status_code=204, **permission(Action.TOKEN_MANAGE))
async def revoke_token(deps: Deps, scope: Granted, token_id: str) -> None:
    """End a token's validity."""
    await deps.tokens.revoke(token_id, scope)


def _account(account: Account) -> AccountShape:
    return AccountShape(
        id=account.id,
        username=account.username,
        display_name=account.display_name,
        grants=grant_shapes(account.grants),
        created_at=us_to_iso(account.created_us),
    )


def _token(token: TokenRow) -> TokenShape:
    return TokenShape(
        id=token.id,
        name=token.name,
        grants=grant_shapes(token.grants),
        created_at=us_to_iso(token.created_us),
        expires_at=us_to_iso(token.expires_us) if token.expires_us else None,
    )

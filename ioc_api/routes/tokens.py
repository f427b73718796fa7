"""``/api/v1/tokens``: programs that may come in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from camera_registry.base.clock import iso_to_us
from camera_registry.base.errors import InvalidError
from ioc_api.access.guard import Granted, Me, permission
from ioc_api.access.log import What
from ioc_api.access.rbac import Action, name_group
from ioc_api.routes.account_shapes import NewTokenShape, TokenBody, TokenPage, token_shape
from ioc_api.routes.deps import Deps, Visitor
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Limit

router = APIRouter(tags=["administration"])


@router.get("/api/v1/tokens", **permission(Action.TOKEN_MANAGE))
async def list_tokens(
    deps: Deps,
    scope: Granted,
    group: Annotated[str, Query(max_length=36, description="Whose rights name this group")] = "",
    limit: Limit = 100,
    cursor: str = "",
) -> TokenPage:
    """List the tokens whose rights lie in the caller's."""
    before = decode_cursor(cursor, str) if cursor else ""
    found = [
        each
        for each in await deps.tokens.list(scope)
        if (not before or each.id < before) and (not group or name_group(each.grants, group))
    ]
    page = found[:limit]
    return TokenPage(
        items=[token_shape(each) for each in page],
        next_cursor=encode_cursor(page[-1].id) if len(found) > limit else None,
    )


@router.post("/api/v1/tokens", status_code=201, **permission(Action.TOKEN_MANAGE))
async def add_token(
    deps: Deps, scope: Granted, me: Me, client: Visitor, body: TokenBody
) -> NewTokenShape:
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
    await deps.access.log.note(What.TOKEN_CREATED, (token.id, token.name), by=me, client=client)
    return NewTokenShape(**token_shape(token).model_dump(), token=secret)


@router.delete("/api/v1/tokens/{token_id}", status_code=204, **permission(Action.TOKEN_MANAGE))
async def revoke_token(deps: Deps, scope: Granted, me: Me, client: Visitor, token_id: str) -> None:
    """End a token's validity, with what it has open."""
    token = await deps.tokens.revoke(token_id, scope)
    await deps.access.log.note(What.TOKEN_REVOKED, (token.id, token.name), by=me, client=client)

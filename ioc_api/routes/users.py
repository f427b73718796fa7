"""``/api/v1/users``: people who may come in, their rights, second steps and sessions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from camera_registry.base.errors import ConflictError, NotFoundError
from ioc_api.access.accounts import Account
from ioc_api.access.guard import Granted, Me, permission
from ioc_api.access.log import What
from ioc_api.access.rbac import Action, name_group
from ioc_api.routes.account_shapes import (
    AccountBody,
    AccountPage,
    AccountPatch,
    AccountShape,
    SessionPage,
    account_shape,
    session_page,
)
from ioc_api.routes.deps import ApiDeps, Deps, Visitor
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Limit

router = APIRouter(tags=["administration"])

_USER = "/api/v1/users/{user_id}"


@router.get("/api/v1/users", **permission(Action.USER_MANAGE))
async def list_users(
    deps: Deps,
    scope: Granted,
    q: Annotated[str, Query(max_length=64)] = "",
    group: Annotated[str, Query(max_length=36, description="Whose rights name this group")] = "",
    limit: Limit = 100,
    cursor: str = "",
) -> AccountPage:
    """List the accounts whose rights lie in the caller's; ``q`` looks into both names."""
    after = decode_cursor(cursor, str) if cursor else ""
    wanted = q.casefold()
    found = [
        each
        for each in await deps.accounts.list(scope)
        if (not group or name_group(each.grants, group))
        and each.username > after
        and wanted in f"{each.username}\n{each.display_name}".casefold()
    ]
    page = found[:limit]
    return AccountPage(
        items=[await _shape(deps, each) for each in page],
        next_cursor=encode_cursor(page[-1].username) if len(found) > limit else None,
    )


@router.post("/api/v1/users", status_code=201, **permission(Action.USER_MANAGE, also=(409,)))
async def add_user(
    deps: Deps, scope: Granted, me: Me, client: Visitor, body: AccountBody
) -> AccountShape:
    """Make an account."""
    account = await deps.accounts.create(
        body.username,
        body.password.get_secret_value(),
        body.display_name,
        [shape.grant() for shape in body.grants],
        scope,
    )
    await deps.access.log.note(What.ACCOUNT_CREATED, _subject(account), by=me, client=client)
    return await _shape(deps, account)


@router.get(_USER, **permission(Action.USER_MANAGE))
async def get_user(deps: Deps, scope: Granted, user_id: str) -> AccountShape:
    """Show one account."""
    return await _shape(deps, await deps.accounts.get(user_id, scope))


@router.patch(_USER, **permission(Action.USER_MANAGE, also=(409,)))
async def change_user(
    deps: Deps, scope: Granted, me: Me, client: Visitor, user_id: str, body: AccountPatch
) -> AccountShape:
    """Change names, rights or the password of an account, or keep it out for a while.

    A new password and being kept out end its sessions.
    """
    account = await deps.accounts.get(user_id, scope)
    if body.disabled and account.id == me.id:
        raise ConflictError("You cannot disable your own account", code="own_account")
    account = await deps.accounts.change(
        user_id,
        scope,
        display_name=body.display_name,
        grants=None if body.grants is None else [shape.grant() for shape in body.grants],
        disabled=body.disabled,
    )
    if body.password is not None:
        await deps.accounts.set_password(account, body.password.get_secret_value())
        await deps.authenticator.end_sessions(account.id, but=me.session_id)
        await deps.access.log.note(What.PASSWORD_CHANGED, _subject(account), by=me, client=client)
    await deps.access.log.note(What.ACCOUNT_CHANGED, _subject(account), by=me, client=client)
    return await _shape(deps, account)


@router.delete(_USER, status_code=204, **permission(Action.USER_MANAGE, also=(409,)))
async def remove_user(deps: Deps, scope: Granted, me: Me, client: Visitor, user_id: str) -> None:
    """Remove an account and end its sessions."""
    account = await deps.accounts.remove(user_id, scope)
    await deps.access.log.note(What.ACCOUNT_REMOVED, _subject(account), by=me, client=client)


@router.delete(f"{_USER}/totp", status_code=204, **permission(Action.USER_MANAGE, also=(409,)))
async def reset_totp(deps: Deps, scope: Granted, me: Me, client: Visitor, user_id: str) -> None:
    """Take an account's second step away, for somebody who lost the device; ends its sessions."""
    account = await deps.accounts.get(user_id, scope)
    if account.id == me.id:
        raise ConflictError(
            "Your own second step is removed on your account's page, with a code",
            code="own_account",
        )
    await deps.access.second.remove(account.id)
    await deps.authenticator.end_sessions(account.id)
    await deps.access.log.note(What.TOTP_REMOVED, _subject(account), by=me, client=client)


@router.delete(f"{_USER}/lock", status_code=204, **permission(Action.USER_MANAGE))
async def unlock(deps: Deps, scope: Granted, me: Me, client: Visitor, user_id: str) -> None:
    """Lift the lock that too many wrong passwords put on an account."""
    account = await deps.accounts.get(user_id, scope)
    await deps.access.brake.unlock(account.username)
    await deps.access.log.note(What.ACCOUNT_UNLOCKED, _subject(account), by=me, client=client)


@router.get(f"{_USER}/sessions", **permission(Action.USER_MANAGE))
async def list_sessions(
    deps: Deps, scope: Granted, me: Me, user_id: str, limit: Limit = 50, cursor: str = ""
) -> SessionPage:
    """List the sessions that an account has open."""
    account = await deps.accounts.get(user_id, scope)
    return await session_page(deps.authenticator, account.id, me.session_id, limit, cursor)


@router.delete(f"{_USER}/sessions", status_code=204, **permission(Action.USER_MANAGE))
async def end_sessions(deps: Deps, scope: Granted, me: Me, client: Visitor, user_id: str) -> None:
    """End every session of an account, with what it has open, but the one that asks."""
    account = await deps.accounts.get(user_id, scope)
    await deps.authenticator.end_sessions(account.id, but=me.session_id)
    await deps.access.log.note(What.SESSIONS_ENDED, _subject(account), by=me, client=client)


@router.delete(
    f"{_USER}/sessions/{{session_id}}", status_code=204, **permission(Action.USER_MANAGE)
)
async def end_session(
    deps: Deps, scope: Granted, me: Me, client: Visitor, user_id: str, session_id: str
) -> None:
    """End one session of an account, with what it has open."""
    account = await deps.accounts.get(user_id, scope)
    if not await deps.authenticator.end_sessions(account.id, only=session_id):
        raise NotFoundError("There is no such session")
    await deps.access.log.note(What.SESSIONS_ENDED, _subject(account), by=me, client=client)


def _subject(account: Account) -> tuple[str, str]:
    return account.id, account.username


async def _shape(deps: ApiDeps, account: Account) -> AccountShape:
    return account_shape(account, await deps.access.brake.locked_until(account.username))

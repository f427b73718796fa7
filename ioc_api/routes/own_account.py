"""``/api/v1/account``: what everybody may do about the own account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from camera_registry.base.errors import ConflictError, NotFoundError
from ioc_api.access.accounts import Account
from ioc_api.access.guard import SIGNED_IN, Me, permission
from ioc_api.access.log import What
from ioc_api.access.rbac import Principal
from ioc_api.routes.account_shapes import (
    AccountShape,
    Code,
    NewPassword,
    SessionPage,
    account_shape,
    session_page,
)
from ioc_api.routes.deps import ApiDeps, Deps, Visitor
from ioc_api.web.shapes import Body, Limit

router = APIRouter(tags=["account"])

_MINE = permission(SIGNED_IN, also=(409, 429), enrolling=True)


class PasswordBody(Body):
    """The password of now and the one to come."""

    current: Annotated[SecretStr, Field(max_length=1024)]
    password: NewPassword


class CodeBody(Body):
    """A code of the authenticator app, or a recovery code where one is taken."""

    code: Code


class EnrolmentShape(BaseModel):
    """What an authenticator app needs: its secret in Base32, as a URI, and that as an SVG."""

    secret: str
    uri: str
    svg: str


class RecoveryCodes(BaseModel):
    """Codes that each work once, shown this once."""

    codes: list[str]


@router.get("/api/v1/account", **_MINE)
async def my_account(deps: Deps, me: Me) -> AccountShape:
    """Show the own account."""
    return account_shape(await _mine(deps, me))


@router.post("/api/v1/account/password", status_code=204, **_MINE)
async def change_password(deps: Deps, me: Me, client: Visitor, body: PasswordBody) -> None:
    """Change the own password; every other session of the account ends."""
    account = await _mine(deps, me)
    if account.provider:
        raise ConflictError(
            "This account signs in at its provider and has no password", code="no_password"
        )
    await deps.access.login.confirm_password(account, body.current.get_secret_value(), client)
    await deps.accounts.set_password(account, body.password.get_secret_value())
    await deps.authenticator.end_sessions(account.id, but=me.session_id)
    await deps.access.log.note(What.PASSWORD_CHANGED, _subject(account), client=client)


@router.post("/api/v1/account/totp", status_code=201, **_MINE)
async def begin_totp(deps: Deps, me: Me) -> EnrolmentShape:
    """Begin to set up a second step; it counts once it is confirmed."""
    account = await _mine(deps, me)
    made = await deps.access.second.begin(account.id, account.username)
    return EnrolmentShape(secret=made.secret, uri=made.uri, svg=made.svg)


@router.post("/api/v1/account/totp/confirm", **_MINE)
async def confirm_totp(deps: Deps, me: Me, client: Visitor, body: CodeBody) -> RecoveryCodes:
    """Confirm the second step with a code; other sessions of the account end."""
    account = await _mine(deps, me)
    codes = await deps.access.second.confirm(account.id, body.code.strip())
    await deps.authenticator.end_sessions(account.id, but=me.session_id)
    await deps.access.log.note(What.TOTP_ENROLLED, _subject(account), client=client)
    return RecoveryCodes(codes=codes)


@router.post("/api/v1/account/totp/remove", status_code=204, **_MINE)
async def remove_totp(deps: Deps, me: Me, client: Visitor, body: CodeBody) -> None:
    """Remove the second step, with a code of it."""
    account = await _with_totp(deps, me)
    await deps.access.login.confirm_code(account, body.code, client)
    await deps.access.second.remove(account.id)
    await deps.access.log.note(What.TOTP_REMOVED, _subject(account), client=client)


@router.post("/api/v1/account/recovery-codes", **_MINE)
async def renew_recovery_codes(
    deps: Deps, me: Me, client: Visitor, body: CodeBody
) -> RecoveryCodes:
    """Make new recovery codes, with a code; the old ones are worth nothing any more."""
    account = await _with_totp(deps, me)
    await deps.access.login.confirm_code(account, body.code, client)
    codes = await deps.access.second.renew_codes(account.id)
    await deps.access.log.note(What.RECOVERY_CODES_RENEWED, _subject(account), client=client)
    return RecoveryCodes(codes=codes)


@router.get("/api/v1/account/sessions", **_MINE)
async def my_sessions(deps: Deps, me: Me, limit: Limit = 50, cursor: str = "") -> SessionPage:
    """List the sessions that the own account has open."""
    account = await _mine(deps, me)
    return await session_page(deps.authenticator, account.id, me.session_id, limit, cursor)


@router.delete("/api/v1/account/sessions", status_code=204, **_MINE)
async def end_other_sessions(deps: Deps, me: Me, client: Visitor) -> None:
    """End every session of the own account but this one, with what they have open."""
    account = await _mine(deps, me)
    await deps.authenticator.end_sessions(account.id, but=me.session_id)
    await deps.access.log.note(What.SESSIONS_ENDED, _subject(account), client=client)


@router.delete("/api/v1/account/sessions/{session_id}", status_code=204, **_MINE)
async def end_my_session(deps: Deps, me: Me, client: Visitor, session_id: str) -> None:
    """End one session of the own account, with what it has open."""
    account = await _mine(deps, me)
    if not await deps.authenticator.end_sessions(account.id, only=session_id):
        raise NotFoundError("There is no such session")
    await deps.access.log.note(What.SESSIONS_ENDED, _subject(account), client=client)


def _subject(account: Account) -> tuple[str, str]:
    return account.id, account.username


async def _mine(deps: ApiDeps, me: Principal) -> Account:
    if not me.by_cookie:
        raise ConflictError("An API token has no account of its own", code="no_account")
    return await deps.accounts.get(me.id)


async def _with_totp(deps: ApiDeps, me: Principal) -> Account:
    account = await _mine(deps, me)
    if not account.totp:
        raise ConflictError("No second step is set up", code="totp_missing")
    return account

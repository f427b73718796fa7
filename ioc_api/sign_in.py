"""``/api/v1/setup`` and ``/api/v1/session``: the first account, signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from ioc_api.accounts import Account
from ioc_api.auth import SESSION_COOKIE, csrf_token
from ioc_api.deps import ApiDeps, Deps
from ioc_api.guard import PUBLIC, SIGNED_IN, Me, permission
from ioc_api.rbac import Action, Principal
from ioc_api.shapes import Body, GrantShape, grant_shapes

router = APIRouter(tags=["session"])

Name = Annotated[str, Field(max_length=64)]


class UserShape(BaseModel):
    """Who is signed in, with the actions that are allowed somewhere."""

    id: str
    username: str
    display_name: str
    grants: list[GrantShape]
    actions: list[Action]


class SessionShape(BaseModel):
    """A session. Unsafe requests by cookie carry ``csrf_token`` as X-CSRF-Token."""

    user: UserShape
    csrf_token: str


class SetupNeeded(BaseModel):
    """Whether no account exists yet."""

    needed: bool


class SetupBody(Body):
    """The set-up link's token and the first administrator."""

    token: Annotated[SecretStr, Field(max_length=200)]
    username: Name
    password: SecretStr


class LoginBody(Body):
    """A user name and a password."""

    username: Name
    password: Annotated[SecretStr, Field(max_length=1024)]


@router.get("/api/v1/setup", **permission(PUBLIC))
async def setup_needed(deps: Deps) -> SetupNeeded:
    """Say whether the hub waits for its first account."""
    return SetupNeeded(needed=await deps.setup.needed())


@router.post("/api/v1/setup", status_code=201, **permission(PUBLIC))
async def set_up(deps: Deps, request: Request, response: Response, body: SetupBody) -> SessionShape:
    """Make the first administrator with the one-time set-up link."""
    account = await deps.setup.use(
        body.token.get_secret_value(), body.username, body.password.get_secret_value()
    )
    return await _open(deps, request, response, account)


@router.post("/api/v1/session", **permission(PUBLIC, also=(401, 429)))
async def sign_in(
    deps: Deps, request: Request, response: Response, body: LoginBody
) -> SessionShape:
    """Sign in."""
    address = request.client.host if request.client else "unknown"
    account = await deps.accounts.sign_in(body.username, body.password.get_secret_value(), address)
    return await _open(deps, request, response, account)


@router.get("/api/v1/session", **permission(SIGNED_IN))
async def who_am_i(request: Request, me: Me) -> SessionShape:
    """Say who is signed in."""
    secret = request.cookies.get(SESSION_COOKIE, "") if me.by_cookie else ""
    return SessionShape(user=_user(me), csrf_token=csrf_token(secret) if secret else "")


@router.delete("/api/v1/session", status_code=204, **permission(SIGNED_IN))
async def sign_out(deps: Deps, request: Request, response: Response, me: Me) -> None:
    """Sign out: the session ends here, whatever the browser does with its cookie."""
    await deps.authenticator.close_session(me)
    response.delete_cookie(
        SESSION_COOKIE, httponly=True, samesite="strict", secure=_secure(request)
    )


async def _open(
    deps: ApiDeps, request: Request, response: Response, account: Account
) -> SessionShape:
    secret = await deps.authenticator.open_session(account.id)
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=deps.authenticator.policy.absolute_s,
        httponly=True,
        samesite="strict",
        secure=_secure(request),
    )
    me = Principal(
        account.id, account.username, account.display_name, account.grants, "", by_cookie=True
    )
    return SessionShape(user=_user(me), csrf_token=csrf_token(secret))


def _secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _user(me: Principal) -> UserShape:
    return UserShape(
        id=me.id,
        username=me.username,
        display_name=me.display_name,
        grants=grant_shapes(me.grants),
        actions=list(me.actions),
    )

"""``/api/v1/setup`` and ``/api/v1/session``: the first account, signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from camera_registry.base.errors import UnavailableError
from ioc_api.access.accounts import Account
from ioc_api.access.auth import SESSION_COOKIE, csrf_token
from ioc_api.access.credentials import Client, SessionRow
from ioc_api.access.guard import PUBLIC, SIGNED_IN, Me, permission
from ioc_api.access.log import What
from ioc_api.access.rbac import Action, Principal
from ioc_api.routes.deps import ApiDeps, Deps, Visitor
from ioc_api.web.shapes import Body, GrantShape, grant_shapes

router = APIRouter(tags=["session"])

Name = Annotated[str, Field(max_length=64)]


class UserShape(BaseModel):
    """Who is signed in, with the actions that are allowed somewhere.

    ``must_enrol``: a second step has to be set up before anything else is allowed.
    """

    id: str
    username: str
    display_name: str
    grants: list[GrantShape]
    actions: list[Action]
    must_enrol: bool


class SessionShape(BaseModel):
    """A session. Unsafe requests by cookie carry ``csrf_token`` as X-CSRF-Token."""

    user: UserShape
    csrf_token: str


class SignedOut(BaseModel):
    """``next``: where to go to sign out at the provider too, null where there is no such place."""

    next: str | None


class SetupNeeded(BaseModel):
    """Whether no account exists yet."""

    needed: bool


class SetupBody(Body):
    """The set-up link's token and the first administrator."""

    token: Annotated[SecretStr, Field(max_length=200)]
    username: Name
    password: SecretStr


class LoginBody(Body):
    """A user name and a password, and the code where a second step is set up."""

    username: Name
    password: Annotated[SecretStr, Field(max_length=1024)]
    code: Annotated[str, Field(max_length=40)] = ""


@router.get("/api/v1/setup", **permission(PUBLIC))
async def setup_needed(deps: Deps) -> SetupNeeded:
    """Say whether the hub waits for its first account."""
    return SetupNeeded(needed=await deps.setup.needed())


@router.post("/api/v1/setup", status_code=201, **permission(PUBLIC))
async def set_up(
    deps: Deps, request: Request, response: Response, client: Visitor, body: SetupBody
) -> SessionShape:
    """Make the first administrator with the one-time set-up link."""
    account = await deps.setup.use(
        body.token.get_secret_value(), body.username, body.password.get_secret_value()
    )
    subject = (account.id, account.username)
    await deps.access.log.note(What.ACCOUNT_CREATED, subject, client=client)
    await deps.access.login.arrived(account, client)
    return await open_session(deps, request, response, account, client)


@router.post("/api/v1/session", **permission(PUBLIC, also=(401, 429)))
async def sign_in(
    deps: Deps, request: Request, response: Response, client: Visitor, body: LoginBody
) -> SessionShape:
    """Sign in. Answers 401 with the code ``second_step`` where a code is needed too."""
    account = await deps.access.login.sign_in(
        body.username, body.password.get_secret_value(), client, body.code
    )
    return await open_session(deps, request, response, account, client)


@router.get("/api/v1/session", **permission(SIGNED_IN, enrolling=True))
async def who_am_i(request: Request, me: Me) -> SessionShape:
    """Say who is signed in."""
    secret = request.cookies.get(SESSION_COOKIE, "") if me.by_cookie else ""
    return SessionShape(user=_user(me), csrf_token=csrf_token(secret) if secret else "")


@router.delete("/api/v1/session", **permission(SIGNED_IN, enrolling=True))
async def sign_out(
    deps: Deps, request: Request, response: Response, client: Visitor, me: Me
) -> SignedOut:
    """Sign out: the session ends here, whatever the browser does with its cookie."""
    session = await deps.authenticator.session_of(me)
    await deps.authenticator.close_session(me)
    if me.by_cookie:
        await deps.access.log.note(What.SIGNED_OUT, (me.id, me.username), client=client)
    response.delete_cookie(
        SESSION_COOKIE, httponly=True, samesite="strict", secure=is_secure(request)
    )
    return SignedOut(next=await _provider_logout(deps, request, session))


async def _provider_logout(
    deps: ApiDeps, request: Request, session: SessionRow | None
) -> str | None:
    if session is None or not session.provider:
        return None
    try:
        return await deps.access.oidc.logout_url(session, str(request.base_url))
    except UnavailableError:
        return None  # signed out here all the same


async def open_session(
    deps: ApiDeps, request: Request, response: Response, account: Account, client: Client
) -> SessionShape:
    """Begin a session and put its cookie into the answer."""
    secret = await deps.authenticator.open_session(account.id, client)
    set_session_cookie(deps, request, response, secret)
    must_enrol = deps.authenticator.must_enrol(account.grants, totp=account.totp, provider="")
    me = Principal(
        account.id,
        account.username,
        account.display_name,
        () if must_enrol else account.grants,
        "",
        by_cookie=True,
        must_enrol=must_enrol,
    )
    return SessionShape(user=_user(me), csrf_token=csrf_token(secret))


def set_session_cookie(deps: ApiDeps, request: Request, response: Response, secret: str) -> None:
    """Put a session's cookie into an answer, out of reach of scripts and of other sites."""
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=deps.authenticator.policy.absolute_s,
        httponly=True,
        samesite="strict",
        secure=is_secure(request),
    )


def is_secure(request: Request) -> bool:
    """Say whether the browser came by https."""
    return request.url.scheme == "https"


def _user(me: Principal) -> UserShape:
    return UserShape(
        id=me.id,
        username=me.username,
        display_name=me.display_name,
        grants=grant_shapes(me.grants),
        actions=list(me.actions),
        must_enrol=me.must_enrol,
    )

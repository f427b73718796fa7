"""A route's permission, declared and enforced by one and the same call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Annotated, Any

from fastapi import Depends, Request

from camera_registry.base.errors import ForbiddenError
from camera_registry.model import Actor
from camera_registry.scope import Scope
from ioc_api.access.auth import SAFE_METHODS, Authenticator
from ioc_api.access.rbac import Action, Principal

DECLARATION = "x-camhub-permission"
ALSO = "x-camhub-problems"
PUBLIC = "public"
SIGNED_IN = "signed-in"

Check = Callable[[Request], Awaitable[None]]


def permission(
    wanted: Action | str, *, also: Collection[int] = (), enrolling: bool = False
) -> dict[str, Any]:
    """Return the keyword arguments of a route that needs ``wanted``.

    ``wanted`` is an action, "signed-in" or "public". The application must hold its Authenticator
    in ``app.state.authenticator``. After the check, ``Me`` and ``Granted`` give the route its
    principal and the scope of the very action that was declared.

    ``also`` are the problems that the route itself answers with, such as 409 and 412, beyond those
    that ``ioc_api.web.openapi`` knows of every route. ``enrolling`` opens a signed-in route to
    somebody who has to set up a second step first.
    """
    check = _public if wanted == PUBLIC else _signed_in(wanted, enrolling)
    declared = wanted.value if isinstance(wanted, Action) else wanted
    extra: dict[str, Any] = {DECLARATION: declared}
    if also:
        extra[ALSO] = sorted(also)
    return {"openapi_extra": extra, "dependencies": [Depends(check)]}


async def _public(request: Request) -> None:
    """Refuse unsafe requests that another site's page makes: there is no CSRF token yet."""
    site = request.headers.get("sec-fetch-site", "none")
    if request.method not in SAFE_METHODS and site not in ("same-origin", "none"):
        raise ForbiddenError("Another web site made this request", code="cross_site")


def _signed_in(wanted: Action | str, enrolling: bool) -> Check:
    action = None if wanted == SIGNED_IN else Action(wanted)

    async def check(request: Request) -> None:
        authenticator: Authenticator = request.app.state.authenticator
        principal = await authenticator.from_request(
            request.headers, request.cookies, method=request.method
        )
        if principal.must_enrol and not enrolling:
            raise ForbiddenError(
                "Administrators have to set up a second step first",
                hint="set it up on the page of your account",
                code="totp_enrol",
            )
        request.state.principal = principal
        request.state.granted = Scope() if action is None else principal.require(action)

    return check


def _principal(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


def _granted(request: Request) -> Scope:
    granted: Scope = request.state.granted
    return granted


def _actor(request: Request) -> Actor:
    principal: Principal = request.state.principal
    return Actor(principal.id, principal.username)


Me = Annotated[Principal, Depends(_principal)]
By = Annotated[Actor, Depends(_actor)]
"""Who makes a change, for the history of what is changed."""
Granted = Annotated[Scope, Depends(_granted)]

"""``/api/v1/oidc``: to a provider and back. A browser walks here, so the end is always a page."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from camera_registry.base.errors import CamhubError
from ioc_api.access.guard import PUBLIC, permission
from ioc_api.access.oidc import FLOW_S
from ioc_api.routes.deps import Deps, Visitor
from ioc_api.routes.sign_in import is_secure, set_session_cookie

router = APIRouter(tags=["session"])

FLOW_COOKIE = "camhub_oidc"
_PATH = "/api/v1/oidc"
_REDIRECT: dict[int | str, dict[str, Any]] = {
    303: {
        "description": "On to the next page",
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
}
_SENT = re.compile(r"[\x20-\x7e]{0,2048}")
"""What RFC 6749 (appendix A) lets a provider send back: printable ASCII."""


@router.get(
    f"{_PATH}/{{provider}}/start",
    status_code=303,
    response_class=RedirectResponse,
    responses=_REDIRECT,
    **permission(PUBLIC),
)
async def start(deps: Deps, request: Request, provider: str) -> RedirectResponse:
    """Leave for the provider, with a cookie that only this browser has."""
    url, cookie = await deps.access.oidc.leave(provider, _redirect_uri(request, provider))
    response = RedirectResponse(url, 303)
    response.set_cookie(
        FLOW_COOKIE,
        cookie,
        max_age=FLOW_S,
        path=_PATH,
        httponly=True,
        # lax: the way back from the provider begins on another site
        samesite="lax",
        secure=is_secure(request),
    )
    return response


@router.get(
    f"{_PATH}/{{provider}}/callback",
    status_code=303,
    response_class=RedirectResponse,
    responses=_REDIRECT,
    **permission(PUBLIC),
)
async def callback(
    deps: Deps,
    request: Request,
    client: Visitor,
    provider: str,
    code: str = "",
    state: str = "",
    error: str = "",
) -> RedirectResponse:
    """Come back from the provider: to the wall, or to the sign-in page with the reason.

    The parameters have no bounds in the document: a person's browser stands here, and what no
    provider sends takes it back to the sign-in page like any other sign-in that was not ours.
    """
    if not all(_SENT.fullmatch(each) for each in (code, state, error)):
        return _finished("/#/signin/oidc_expired")
    try:
        if error or not code:
            return _finished("/#/signin/oidc_denied")
        account, secret = await deps.access.oidc.come_back(
            provider,
            request.cookies.get(FLOW_COOKIE, ""),
            state,
            code,
            _redirect_uri(request, provider),
            client,
        )
    except CamhubError as refused:
        known = refused.code if refused.code.startswith("oidc_") else "oidc_failed"
        return _finished(f"/#/signin/{known}")
    await deps.access.login.arrived(account, client)
    response = _finished("/")
    set_session_cookie(deps, request, response, secret)
    return response


def _finished(where: str) -> RedirectResponse:
    response = RedirectResponse(where, 303)
    response.delete_cookie(FLOW_COOKIE, path=_PATH)
    return response


def _redirect_uri(request: Request, provider: str) -> str:
    """Return our address as the browser has it; the provider takes only those it was told of."""
    return f"{request.url.scheme}://{request.url.netloc}{_PATH}/{provider}/callback"

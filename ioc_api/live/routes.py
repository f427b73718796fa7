"""The WHEP routes: HTTP in, HTTP out, each with its permission declared where it is enforced."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from camera_registry.base.errors import InvalidError
from ioc_api.access.guard import PUBLIC, Me, permission
from ioc_api.live.rights import ACTION
from ioc_api.live.whep import WhepService
from ioc_api.live.whep_offer import MAX_SDP
from ioc_api.web.problems import problem_response

SDP = "application/sdp"
_METHODS = {"Allow": "POST, OPTIONS", "Accept-Post": SDP}


def whep_router(service: WhepService) -> APIRouter:
    """Build the routes of ``/live/whep``."""
    router = APIRouter(prefix="/live/whep", tags=["live"])

    @router.post(
        "/{camera}",
        status_code=201,
        summary="Begin a WebRTC view of one camera (WHEP)",
        response_class=Response,
        responses={
            201: {
                "content": {SDP: {"schema": {"type": "string"}}},
                "headers": {"Location": {"schema": {"type": "string"}}},
            }
        },
        **_offered(permission(ACTION, also=(429,))),
    )
    async def begin(camera: str, request: Request, me: Me) -> Response:
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != SDP:
            return problem_response(
                415,
                "An offer is sent as application/sdp",
                code="not_sdp",
                headers={"Accept-Post": SDP},
            )
        answer = await service.create(me, camera, await _body(request))
        location = f"/live/whep/{camera}/{answer.session_id}"
        return Response(answer.sdp, 201, {"Location": location}, media_type=SDP)

    @router.delete(
        "/{camera}/{session}", status_code=200, summary="End a WebRTC view", **permission(ACTION)
    )
    async def end(camera: str, session: str, me: Me) -> Response:
        await service.delete(me, camera, session)
        return Response(status_code=200)

    @router.patch(
        "/{camera}/{session}",
        status_code=405,
        summary="Trickle ICE and ICE restarts are not supported",
        **permission(ACTION, also=(405,)),
    )
    async def trickle(camera: str, session: str) -> Response:
        return problem_response(
            405,
            "This session takes no candidates later: its answer has them all",
            code="no_trickle",
            headers={"Allow": "DELETE"},
        )

    @router.options(
        "/{camera}", status_code=204, summary="What an offer has to be", **permission(PUBLIC)
    )
    async def options(camera: str) -> Response:
        return Response(status_code=204, headers=_METHODS)

    return router


def _offered(declared: dict[str, Any]) -> dict[str, Any]:
    """Say that the body is an offer: the route reads it itself, within its own limit."""
    body = {"required": True, "content": {SDP: {"schema": {"type": "string"}}}}
    extra = {**declared["openapi_extra"], "requestBody": body}
    return {**declared, "openapi_extra": extra}


async def _body(request: Request) -> str:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_SDP:
            raise InvalidError("The offer is too long", code="bad_offer")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InvalidError("The offer is not UTF-8", code="bad_offer") from error

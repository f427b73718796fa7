"""``/api/v1/cameras/{id}/snapshot``: a camera's newest picture."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from camera_registry.base.clock import us_to_iso
from ioc_api.access.guard import Granted, Me, permission
from ioc_api.access.rbac import Action
from ioc_api.routes.deps import Deps
from ioc_api.routes.reads import count_read

router = APIRouter(tags=["cameras"])


@router.get(
    "/api/v1/cameras/{camera_id}/snapshot",
    response_class=Response,
    responses={
        200: {
            "content": {"image/jpeg": {}},
            "description": "The newest keyframe, at most 1280 pixels wide",
            "headers": {
                "X-Camhub-At": {
                    "description": "Time of capture, RFC 3339",
                    "schema": {"type": "string", "format": "date-time"},
                },
                "X-Camhub-Size": {
                    "description": "Width and height of the camera's picture, as 1920x1080",
                    "schema": {"type": "string"},
                },
            },
        }
    },
    **permission(Action.LIVE_VIEW),
)
async def get_still(deps: Deps, me: Me, scope: Granted, camera_id: str) -> Response:
    """Show the newest picture of a camera; 503 with a reason where there is none now."""
    camera = await deps.registry.get(camera_id, scope)
    count_read(deps, me, [camera])
    found = await deps.stills.still(camera.id)
    headers = {
        "X-Camhub-At": us_to_iso(found.at_us),
        "X-Camhub-Size": f"{found.width}x{found.height}",
    }
    return Response(found.jpeg, media_type="image/jpeg", headers=headers)

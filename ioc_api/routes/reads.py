"""Notes that another system has read cameras: what comes with a token is no person."""

from __future__ import annotations

from collections.abc import Iterable

from camera_registry.model import Camera
from camera_registry.quality.model import Use
from ioc_api.access.rbac import Principal
from ioc_api.routes.deps import ApiDeps


def count_read(deps: ApiDeps, me: Principal, cameras: Iterable[Camera]) -> None:
    """Count cameras as used by another system where it was one that asked."""
    if not me.by_cookie:
        deps.quality.uses.note((camera.id for camera in cameras), Use.SYSTEMS)

"""Who may see which camera, for as long as a connection stays open."""

from __future__ import annotations

from camera_registry.base.clock import Clock
from camera_registry.base.errors import (
    CamhubError,
    ForbiddenError,
    UnauthenticatedError,
    UnavailableError,
)
from ioc_api.access.rbac import Action, Principal
from ioc_api.live.ports import Authentication, CameraDirectory

ACTION = Action.LIVE_VIEW
"""The one action of this room."""


class Rights:
    """The rights behind one open connection, looked up again and again.

    While the accounts cannot be asked, the last answer counts for ``grace_s`` seconds, then it is
    the connection that ends: a right that cannot be confirmed is none.
    """

    def __init__(
        self,
        auth: Authentication,
        directory: CameraDirectory,
        clock: Clock,
        principal: Principal,
        grace_s: float = 30.0,
    ) -> None:
        self._auth = auth
        self._directory = directory
        self._clock = clock
        self._principal = principal
        self._scope = principal.require(ACTION)
        self._grace_s = grace_s
        self._confirmed = clock.monotonic()

    async def refresh(self) -> None:
        """Look the principal up again.

        Raises UnauthenticatedError where it is no longer valid, ForbiddenError where it may see no
        camera any more, and UnavailableError where nobody could say for too long.
        """
        asked = self._clock.monotonic()
        try:
            principal = await self._auth.recheck(self._principal)
        except (UnauthenticatedError, ForbiddenError):
            raise
        except CamhubError as error:
            if asked - self._confirmed < self._grace_s:
                return
            raise UnavailableError(
                "Your rights could not be confirmed", hint="connect again later"
            ) from error
        if principal is None:
            raise UnauthenticatedError("The session has ended", hint="sign in again")
        self._scope = principal.require(ACTION)
        self._principal = principal
        self._confirmed = asked

    def refusal(self, camera_id: str) -> str | None:
        """Return why a camera is not shown (``not_found`` or ``forbidden``), or None."""
        unit = self._directory.unit_of(camera_id)
        if unit is None:
            return "not_found"
        groups = self._directory.groups_of(camera_id)
        return None if self._scope.allows(unit, groups) else "forbidden"

"""What the gateway needs of others: who may see what, which cameras exist, how they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from camera_registry.model import CameraState
from ioc_api.access.rbac import Principal


class Authentication(Protocol):
    """Who is at the other end; ``ioc_api.access.auth.Authenticator`` is one."""

    async def from_request(
        self, headers: Mapping[str, str], cookies: Mapping[str, str], *, method: str = "GET"
    ) -> Principal:
        """Return who sent a request.

        Raises UnauthenticatedError, and ForbiddenError where an unsafe method lacks its CSRF token.
        """
        ...

    async def recheck(self, principal: Principal) -> Principal | None:
        """Return the principal with its present grants, or None where it is no longer valid."""
        ...


class CameraDirectory(Protocol):
    """Which cameras there are."""

    def unit_of(self, camera_id: str) -> str | None:
        """Code of the camera's unit; None where there is no such enabled camera."""
        ...

    def groups_of(self, camera_id: str) -> tuple[str, ...]:
        """Return the ids of the camera's groups."""
        ...


class StateSource(Protocol):
    """How the cameras are."""

    def state_of(self, camera_id: str) -> CameraState | None:
        """Last known state."""
        ...

    def listen(self, listener: Callable[[CameraState], None]) -> Callable[[], None]:
        """Call ``listener`` on each report; returns what ends it."""
        ...

"""Who may do what, where: actions, roles, grants and the principal that carries them. No web here.

A permission is (action, unit scope). A role is a set of actions; a grant gives a role within a
scope; a principal's scope for an action is the union over its grants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from camera_registry.base.errors import ForbiddenError
from camera_registry.scope import EVERYWHERE, Scope

__all__ = ["EVERYWHERE", "ROLE_ACTIONS", "Action", "Grant", "Principal", "Role", "Scope"]


class Action(StrEnum):
    """What can be allowed."""

    CAMERA_VIEW = "camera.view"
    CAMERA_MANAGE = "camera.manage"
    CAMERA_PTZ = "camera.ptz"
    LIVE_VIEW = "live.view"
    EVENT_VIEW = "event.view"
    USER_MANAGE = "user.manage"
    TOKEN_MANAGE = "token.manage"  # noqa: S105 - the name of an action
    SYSTEM_VIEW = "system.view"
    MODEL_MANAGE = "model.manage"
    AUDIT_VIEW = "audit.view"


class Role(StrEnum):
    """A named set of actions."""

    OPERATOR = "operator"
    POLICE_LIAISON = "police_liaison"
    ENGINEER = "engineer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


_WATCH = frozenset({Action.CAMERA_VIEW, Action.CAMERA_PTZ, Action.LIVE_VIEW, Action.EVENT_VIEW})

ROLE_ACTIONS: dict[Role, frozenset[Action]] = {
    Role.OPERATOR: _WATCH,
    Role.POLICE_LIAISON: _WATCH,
    Role.ENGINEER: _WATCH | {Action.CAMERA_MANAGE, Action.SYSTEM_VIEW, Action.MODEL_MANAGE},
    Role.AUDITOR: frozenset({Action.AUDIT_VIEW, Action.CAMERA_VIEW, Action.EVENT_VIEW}),
    Role.ADMINISTRATOR: frozenset(Action),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A role within a scope."""

    role: Role
    scope: Scope


def name_group(grants: Iterable[Grant], group: str) -> bool:
    """Say whether one of the grants is cut to a camera group."""
    return any(group == named for grant in grants for named, _ in grant.scope.grouped)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody, or some program, that has proved who it is.

    ``credential`` names the session or token that it came by (a hash or an id, never the secret),
    so that the same right can be looked up again later. ``by_cookie`` tells sessions from tokens.
    ``must_enrol``: an administrator without the second step that the settings ask for; it comes
    without any grant, so that nothing but enrolling is left to it.
    """

    id: str
    username: str
    display_name: str
    grants: tuple[Grant, ...]
    credential: str
    by_cookie: bool
    must_enrol: bool = False
    session_id: str = ""

    def scope(self, action: Action | str) -> Scope:
        """Return the units in which this principal may do ``action``; empty where it may not."""
        wanted = Action(action)
        scope = Scope()
        for grant in self.grants:
            if wanted in ROLE_ACTIONS[grant.role]:
                scope = scope | grant.scope
        return scope

    def require(self, action: Action | str) -> Scope:
        """Return the scope of ``action``; raise ForbiddenError where it is empty."""
        scope = self.scope(action)
        if scope.empty:
            raise ForbiddenError(
                f"Your roles do not include {Action(action).value}",
                hint="ask an administrator for a role that does",
            )
        return scope

    @property
    def actions(self) -> tuple[Action, ...]:
        """Every action that is allowed somewhere, in the order of their definition."""
        return tuple(action for action in Action if not self.scope(action).empty)

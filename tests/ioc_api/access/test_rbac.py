"""Permissions: action and scope together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.base.errors import ForbiddenError
from camera_registry.scope import Scope
from ioc_api.access.rbac import ROLE_ACTIONS, Action, Grant, Principal, Role

codes = st.sampled_from(["25747", "25750", "25760"])
grants = st.builds(
    Grant, st.sampled_from(Role), st.one_of(st.just(Scope.all()), st.frozensets(codes).map(Scope))
)


def principal(held: list[Grant]) -> Principal:
    return Principal("id", "name", "Name", tuple(held), "credential", by_cookie=True)


@given(st.lists(grants, max_size=4), st.sampled_from(Action), codes)
def test_allowed_is_what_some_grant_allows(held: list[Grant], action: Action, code: str) -> None:
    expected = any(
        action in ROLE_ACTIONS[grant.role] and grant.scope.allows(code) for grant in held
    )
    assert principal(held).scope(action).allows(code) == expected


@given(st.lists(grants, max_size=4), st.sampled_from(Action))
def test_require_agrees_with_scope(held: list[Grant], action: Action) -> None:
    someone = principal(held)
    if someone.scope(action).empty:
        assert action not in someone.actions
        with pytest.raises(ForbiddenError, match=action.value):
            someone.require(action)
    else:
        assert action in someone.actions
        assert someone.require(action.value) == someone.scope(action)


def test_the_roles_are_those_of_the_design() -> None:
    watch = {Action.CAMERA_VIEW, Action.CAMERA_PTZ, Action.LIVE_VIEW, Action.EVENT_VIEW}
    assert ROLE_ACTIONS[Role.OPERATOR] == ROLE_ACTIONS[Role.POLICE_LIAISON] == watch
    assert Action.LIVE_VIEW not in ROLE_ACTIONS[Role.AUDITOR]
    assert Action.USER_MANAGE not in ROLE_ACTIONS[Role.ENGINEER]
    assert ROLE_ACTIONS[Role.ADMINISTRATOR] == set(Action)


def test_a_right_in_one_unit_gives_no_other_right_there() -> None:
    someone = principal(
        [Grant(Role.ENGINEER, Scope.of(["25747"])), Grant(Role.OPERATOR, Scope.all())]
    )
    assert someone.scope(Action.CAMERA_MANAGE) == Scope.of(["25747"])
    assert someone.scope(Action.CAMERA_VIEW) == Scope.all()

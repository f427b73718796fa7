"""Every route × role × scope, from the OpenAPI documents of the api and of the gateway.

A route that declares no permission fails here, and so does a new route for which this test knows
no object and no body: whoever adds a route says below how to call it.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from camera_registry.scope import Scope
from ioc_api.access.guard import DECLARATION, PUBLIC, SIGNED_IN
from ioc_api.access.rbac import ROLE_ACTIONS, Action, Role
from tests.ioc_api.hub import UNIT_A, UNIT_B
from tests.ioc_api.walk_bodies import BODIES
from tests.ioc_api.walked import GROUP_A, GROUP_B, Site, fresh_url, site

METHODS = ("get", "post", "put", "patch", "delete", "options", "head")
SCOPES = {
    "city": Scope.all(),
    "own unit": Scope.of([UNIT_A]),
    "other unit": Scope.of([UNIT_B]),
    "own group": Scope.of(["*"], [GROUP_A]),
    "own group in own unit": Scope.of([UNIT_A], [GROUP_A, GROUP_B]),
    "own group in other unit": Scope.of([UNIT_B], [GROUP_A]),
    "other group": Scope.of(["*"], [GROUP_B]),
    "none": None,
}
OF_CAMERA = ("{camera", "{event_id}", "{credential_id}", "{change_id}")
"""Paths with these are about the camera: who has rights in its group may go there."""
OWN = ("/api/v1/imports/{import_id}", "/api/v1/camera-edits/{edit_id}")
"""What lies under these is seen by who made it and by who manages the whole city."""
HUB_WIDE = "/api/v1/model"
"""What lies under this serves the whole city: who manages models in a part of it changes none."""
CHOOSES = {"/api/v1/password-changes", "/api/v1/password-changes/preview"}
"""POST to these is for cameras that are named, and the walk names none that there is."""
MAKES_IN_A = {
    "/api/v1/cameras",
    "/api/v1/camera-groups",
    "/api/v1/credentials",
    "/api/v1/users",
    "/api/v1/tokens",
    "/api/v1/maintenance",
}
"""POST to these makes something in unit A: with rights in another unit only, it is refused."""

__all__ = ["site"]


def operations(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, item in app.openapi()["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


async def test_every_route_is_in_the_document_and_declares_its_permission(site: Site) -> None:
    known = {PUBLIC, SIGNED_IN, *(action.value for action in Action)}
    for name, app in site.apps.items():
        found = operations(app)
        assert len(found) >= 4, name
        for method, path, operation in found:
            assert operation.get(DECLARATION) in known, f"{method} {path} declares no permission"
        documented = {(method.upper(), path) for method, path, _ in found}
        for route in app.routes:
            for each in iter_route_contexts([route]):
                if isinstance(each.original_route, APIRoute) and each.include_in_schema:
                    for method in each.methods or ():
                        assert (method, each.path_format) in documented


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_every_route_for_every_role_and_scope(site: Site) -> None:
    walked = 0
    for role in (*Role, None):
        for where, scope in SCOPES.items():
            token = await site.token(role, scope)
            for name, app in site.apps.items():
                transport = httpx.ASGITransport(app, raise_app_exceptions=False)
                async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                    for method, path, operation in operations(app):
                        answer = await call(site, client, method, path, operation, token)
                        wanted = operation[DECLARATION]
                        case = f"{name} {method} {path} as {role} in {where}: {answer.text[:200]}"
                        check(answer.status_code, path, method, wanted, role, scope, case)
                        walked += 1
    assert walked >= 6 * 4 * 20


async def test_without_a_credential_only_public_routes_answer(site: Site) -> None:
    for app in site.apps.values():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            for method, path, operation in operations(app):
                for token in ("", "chb_wrong", "wrong"):
                    answer = await call(site, client, method, path, operation, token)
                    refused = answer.status_code == 401
                    login = (method, path) == ("post", "/api/v1/session")
                    assert refused == (operation[DECLARATION] != PUBLIC or login), path


async def call(
    site: Site,
    client: httpx.AsyncClient,
    method: str,
    path: str,
    operation: dict[str, Any],
    token: str,
) -> httpx.Response:
    body = BODIES.get((method, path))
    offer = path.startswith("/live/whep")
    known = body is not None or offer or "requestBody" not in operation
    assert known, f"no body known for {method} {path}"
    if path == "/api/v1/models/{name}/install":
        path = "/api/v1/models/yolox-nano/install"
    if "{" in path:
        path = path.format(**await site.objects(path))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None and "username" in body and body["username"] == "":
        body = body | {"username": f"w{new_id(1)}"}
    if body is not None and body.get("name") == "":
        body = body | {"name": f"w{new_id(SystemClock().utc_us())}"}
    if (method, path) == ("post", "/api/v1/cameras"):
        body = {**(body or {}), "url": fresh_url()}
    if offer:
        headers["Content-Type"] = "application/sdp"
        return await client.request(method, path, headers=headers, content=b"v=0\r\n")
    answer = await client.request(method, path, headers=headers, json=body)
    if method not in ("get", "head", "options") and answer.is_success:
        site.standing.clear()
    return answer


def check(
    status: int,
    path: str,
    method: str,
    wanted: str,
    role: Role | None,
    scope: Scope | None,
    case: str,
) -> None:
    if wanted in (PUBLIC, SIGNED_IN):
        login = path in ("/api/v1/setup", "/api/v1/session") and method == "post"
        assert login or status not in (401, 403), case
        return
    allowed = role is not None and scope is not None and Action(wanted) in ROLE_ACTIONS[role]
    if not allowed:
        assert status == 403, case
        return
    assert scope is not None
    if path.startswith(HUB_WIDE):
        if wanted == Action.MODEL_MANAGE and scope.units is not None:
            assert status == 403, case
        else:
            assert status not in (401, 403, 404, 500), case
    elif path.startswith(OWN):
        assert status in ((200, 202, 204, 409, 422) if scope.units is None else (404,)), case
    elif method == "post" and path in CHOOSES:
        assert status == 422, case
    elif scope.allows(UNIT_A, _groups(path)):
        assert status not in (401, 403, 500), case
        assert status != 404 or path.endswith("/{session}"), case
    elif "{" in path:
        assert status in ((403, 404, 405) if path.startswith("/live") else (404,)), case
    elif method == "post" and path in MAKES_IN_A:
        assert status == 403, case
    elif (method, path) == ("post", "/api/v1/imports"):
        assert status == 201, case  # a file is uploaded by whoever manages cameras anywhere
    else:
        assert status in (200, 202, 503), case
        seen = scope.allows(UNIT_A, [GROUP_A])
        # a group that a grant names is known to its holder, wherever the group's home is
        seen = seen or (path == "/api/v1/camera-groups" and _only_named(scope, case))
        # rights in the other group reach into the unit too, to that group and its cameras alone
        foreign = GROUP_A if scope.allows(UNIT_A, [GROUP_B]) else UNIT_A
        assert seen or foreign not in case, f"something out of scope is shown: {case}"


def _only_named(scope: Scope, text: str) -> bool:
    named = {group for group, _ in scope.grouped}
    return all(group in named or group not in text for group in (GROUP_A, GROUP_B))


def _groups(path: str) -> list[str]:
    if path.startswith("/api/v1/camera-groups/"):
        return []  # who makes members of a group manages its unit
    return [GROUP_A] if any(word in path for word in OF_CAMERA) else []


@pytest.mark.parametrize("where", [name for name in SCOPES if "group" in name])
async def test_what_is_shown_of_a_group_is_its_cameras_alone(site: Site, where: str) -> None:
    """Lists, not only single things: cameras, events and states of two groups of one unit."""
    (mine, mine_event), (other, other_event) = (
        await site.camera(GROUP_A),
        await site.camera(GROUP_B),
    )
    scope = SCOPES[where]
    assert scope is not None
    inside, outside = scope.allows(UNIT_A, [GROUP_A]), scope.allows(UNIT_A, [GROUP_B])
    secret = await site.token(Role.ENGINEER, scope)
    async with site.hub.client(secret) as client:
        for path in ("cameras", "events"):
            text = (await client.get(f"/api/v1/{path}?limit=500")).text
            assert (mine.id in text) is inside
            assert (other.id in text) is outside
        for camera, event, seen in ((mine, mine_event, inside), (other, other_event, outside)):
            for path in (f"cameras/{camera.id}", f"events/{event.id}/snapshot"):
                assert ((await client.get(f"/api/v1/{path}")).status_code == 200) is seen

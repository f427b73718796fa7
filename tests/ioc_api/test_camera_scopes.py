"""Rights cut to camera groups: in lists, single cameras, events, counts, the stream and live."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import ForbiddenError
from camera_registry.base.ids import new_id
from camera_registry.records import NewCamera
from camera_registry.scope import Scope
from ioc_api.access.rbac import Action, Grant, Role
from ioc_api.events.records import NewRecord
from tests.ioc_api.hub import UNIT_A, UNIT_B, Hub
from tests.ioc_api.samples import event

CITY = Scope.all()


async def site(api: Hub) -> tuple[dict[str, str], dict[str, str]]:
    """Make cameras a1, a2, b1, b2 in units A and B; a1 and b1 in the group "gates"."""
    groups = {"gates": (await api.deps.groups.create("gates", "*", CITY)).id}
    cameras = {}
    for name, unit, belongs in (
        ("a1", UNIT_A, True),
        ("a2", UNIT_A, False),
        ("b1", UNIT_B, True),
        ("b2", UNIT_B, False),
    ):
        made = await api.deps.registry.add(
            NewCamera(
                name,
                unit,
                f"rtsp://10.0.0.9/{name}",
                groups=(groups["gates"],) if belongs else (),
            ),
            CITY,
        )
        cameras[name] = made.id
        recorded = event(camera_id=made.id, unit_code=unit, id=new_id(SystemClock().utc_us()))
        await api.events.record([NewRecord(recorded, recorded.at_us, "")], [])
    return cameras, groups


async def names(client: httpx.AsyncClient, query: str = "") -> list[str]:
    items: list[dict[str, Any]] = (await client.get(f"/api/v1/cameras{query}")).json()["items"]
    return [camera["name"] for camera in items]


async def test_a_grant_within_a_group_shows_its_cameras_and_no_other(api: Hub) -> None:
    cameras, groups = await site(api)
    gates = groups["gates"]
    empty = (await api.deps.groups.create("empty", "*", CITY)).id
    for scope, seen in (
        (Scope.of(["*"], [gates]), ["a1", "b1"]),
        (Scope.of([UNIT_A], [gates]), ["a1"]),
        (Scope.of([UNIT_A]) | Scope.of([UNIT_B], [gates]), ["a1", "a2", "b1"]),
        (Scope.of(["*"], [empty]), []),
    ):
        async with api.client(await api.token(Role.OPERATOR, scope)) as client:
            assert await names(client) == seen
            for name, camera_id in cameras.items():
                for path in (
                    f"/api/v1/cameras/{camera_id}",
                    f"/api/v1/cameras/{camera_id}/versions",
                    f"/api/v1/cameras/{camera_id}/counts",
                    f"/api/v1/cameras/{camera_id}/rules",
                ):
                    status = (await client.get(path)).status_code
                    assert status == (200 if name in seen else 404), path
            events = (await client.get("/api/v1/events")).json()["items"]
            shown = {each["camera_id"] for each in events}
            assert shown == {cameras[name] for name in seen}
            view = (await client.get("/api/v1/map")).json()
            assert view["total"] == 0  # none has a position


async def test_whoever_leaves_the_group_is_seen_no_more(api: Hub) -> None:
    cameras, groups = await site(api)
    scope = Scope.of(["*"], [groups["gates"]])
    path = f"/api/v1/camera-groups/{groups['gates']}/cameras"
    async with (
        api.client(await api.token(Role.OPERATOR, scope)) as guard,
        api.client(await api.token(Role.ENGINEER)) as engineer,
    ):
        assert (await engineer.delete(f"{path}/{cameras['a1']}")).status_code == 204
        assert (await engineer.put(f"{path}/{cameras['b2']}")).status_code == 204
        assert await names(guard) == ["b1", "b2"]
        versions = (await engineer.get(f"/api/v1/cameras/{cameras['a1']}/versions")).json()
        assert [each["field"] for each in versions["items"][0]["changes"]] == ["groups"]
        assert (await engineer.delete(path.removesuffix("/cameras"))).status_code == 204
        assert await names(guard) == []
        assert (await engineer.get(path.removesuffix("/cameras"))).status_code == 404


async def test_a_manager_of_a_group_keeps_its_cameras_in_it(api: Hub) -> None:
    cameras, groups = await site(api)
    scope = Scope.of([UNIT_A], [groups["gates"]])
    async with api.client(await api.token(Role.ENGINEER, scope)) as client:
        new = {"name": "n", "unit_code": UNIT_A, "url": "rtsp://10.0.0.3/"}
        assert (await client.post("/api/v1/cameras", json=new)).status_code == 403
        inside = new | {"groups": [groups["gates"]]}
        assert (await client.post("/api/v1/cameras", json=inside)).status_code == 201
        path = f"/api/v1/cameras/{cameras['a1']}"
        assert (await client.patch(path, json={"name": "other"})).status_code == 200
        leavings: tuple[dict[str, Any], ...] = ({"groups": []}, {"unit_code": UNIT_B})
        for leaving in leavings:
            assert (await client.patch(path, json=leaving)).status_code == 403
        group = f"/api/v1/camera-groups/{groups['gates']}"
        assert (await client.get(group)).status_code == 200
        assert (await client.patch(group, json={"name": "mine"})).status_code == 403


async def test_no_camera_is_put_into_a_group_that_one_may_not_know(api: Hub) -> None:
    theirs = (await api.deps.groups.create("theirs", UNIT_B, CITY)).id
    new = {"name": "n", "unit_code": UNIT_A, "url": "rtsp://10.0.0.3/"}
    async with (
        api.client(await api.token(Role.ENGINEER, Scope.of([UNIT_A]))) as client,
        api.client(await api.token(Role.ENGINEER)) as city,
    ):
        refused = await client.post("/api/v1/cameras", json=new | {"groups": [theirs]})
        assert (refused.status_code, refused.json()["code"]) == (422, "groups")
        path = f"/api/v1/cameras/{(await client.post('/api/v1/cameras', json=new)).json()['id']}"
        refused = await client.patch(path, json={"groups": [theirs]})
        assert (refused.status_code, refused.json()["code"]) == (422, "groups")
        assert (await city.patch(path, json={"groups": [theirs]})).status_code == 200
        kept = await client.patch(path, json={"name": "m", "groups": [theirs]})
        assert (kept.status_code, kept.json()["groups"]) == (200, [theirs])


async def test_groups_are_made_renamed_listed_and_their_names_are_unique(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER, Scope.of([UNIT_A]))) as client:
        made = await client.post("/api/v1/camera-groups", json={"name": "g", "unit_code": UNIT_A})
        assert made.status_code == 201
        path = f"/api/v1/camera-groups/{made.json()['id']}"
        for wrong, status in (
            ({"name": "g", "unit_code": UNIT_A}, 409),
            ({"name": "h", "unit_code": UNIT_B}, 403),
            ({"name": "h"}, 403),
            ({"name": " ", "unit_code": UNIT_A}, 422),
            ({"name": "h", "unit_code": "nowhere"}, 422),
        ):
            answer = await client.post("/api/v1/camera-groups", json=wrong)
            assert answer.status_code == status, wrong
        assert (await client.patch(path, json={"name": "k"})).json()["name"] == "k"
        await api.deps.groups.create("city", "*", CITY)
        await api.deps.groups.create("theirs", UNIT_B, CITY)
        page = (await client.get("/api/v1/camera-groups?limit=1")).json()
        rest = (await client.get(f"/api/v1/camera-groups?cursor={page['next_cursor']}")).json()
        assert [each["name"] for each in page["items"] + rest["items"]] == ["city", "k"]
        assert (await client.delete(path)).status_code == 204


async def test_a_principal_joins_grants_of_several_kinds(api: Hub) -> None:
    _, groups = await site(api)
    grants = [
        Grant(Role.OPERATOR, Scope.of([UNIT_A])),
        Grant(Role.ENGINEER, Scope.of(["*"], [groups["gates"]])),
    ]
    _, secret = await api.deps.tokens.create("both", grants, CITY)
    principal = await api.deps.authenticator.from_request({"authorization": f"Bearer {secret}"}, {})
    view, manage = (principal.scope(each) for each in (Action.CAMERA_VIEW, Action.CAMERA_MANAGE))
    assert view.allows(UNIT_A)
    assert not manage.allows(UNIT_A)
    assert manage.allows(UNIT_B, [groups["gates"]])
    with pytest.raises(ForbiddenError) as refused:
        await api.deps.registry.add(NewCamera("x", UNIT_A, "rtsp://10.0.0.1/"), manage)
    assert "groups" in refused.value.hint

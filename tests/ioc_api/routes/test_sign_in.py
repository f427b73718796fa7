"""Signing in over HTTP as a browser does it."""

from __future__ import annotations

import httpx

from camera_registry.scope import Scope
from ioc_api.access.rbac import Grant, Role
from tests.ioc_api.hub import PASSWORD, Hub


async def set_up(api: Hub, client: httpx.AsyncClient) -> str:
    token = await api.deps.setup.create()
    body = {"token": token, "username": "root", "password": PASSWORD}
    answer = await client.post("/api/v1/setup", json=body)
    assert answer.status_code == 201, answer.text
    csrf: str = answer.json()["csrf_token"]
    return csrf


async def test_from_the_set_up_link_to_signing_out(api: Hub) -> None:
    async with api.client() as client:
        assert (await client.get("/api/v1/setup")).json() == {"needed": True}
        csrf = await set_up(api, client)
        assert (await client.get("/api/v1/setup")).json() == {"needed": False}
        me = (await client.get("/api/v1/session")).json()
        assert me["csrf_token"] == csrf
        assert me["user"]["grants"] == [{"role": "administrator", "units": ["*"], "groups": ["*"]}]
        assert "user.manage" in me["user"]["actions"]
        camera = {"name": "n", "unit_code": "25747", "url": "rtsp://10.0.0.1/"}
        refused = await client.post("/api/v1/cameras", json=camera)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
        headers = {"X-CSRF-Token": csrf}
        made = await client.post("/api/v1/cameras", json=camera, headers=headers)
        assert made.status_code == 201
        assert (await client.delete("/api/v1/session")).status_code == 403
        out = await client.delete("/api/v1/session", headers=headers)
        assert (out.status_code, out.json()) == (200, {"next": None})
        assert (await client.get("/api/v1/session")).status_code == 401


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(api: Hub) -> None:
    await api.deps.accounts.create(
        "an", PASSWORD, "", [Grant(Role.OPERATOR, Scope.all())], Scope.all()
    )
    body = {"username": "an", "password": PASSWORD}
    async with api.client() as client:
        plain = (await client.post("/api/v1/session", json=body)).headers["set-cookie"].lower()
        secure = await client.post("https://hub/api/v1/session", json=body)
    for flag in ("httponly", "samesite=strict", "path=/"):
        assert flag in plain
    assert "secure" not in plain
    assert "secure" in secure.headers["set-cookie"].lower()


async def test_a_stolen_cookie_is_worth_nothing_after_signing_out(api: Hub) -> None:
    async with api.client() as client:
        csrf = await set_up(api, client)
        stolen = dict(client.cookies)
        await client.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})
    async with api.client() as thief:
        thief.cookies.update(stolen)
        assert (await thief.get("/api/v1/session")).status_code == 401


async def test_another_site_cannot_sign_anybody_in(api: Hub) -> None:
    body = {"username": "an", "password": PASSWORD}
    async with api.client() as client:
        for site in ("cross-site", "same-site"):
            answer = await client.post(
                "/api/v1/session", json=body, headers={"Sec-Fetch-Site": site}
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


async def test_guessing_over_http_is_told_when_to_come_back(api: Hub) -> None:
    body = {"username": "an", "password": "wrong"}
    async with api.client() as client:
        for _ in range(5):
            assert (await client.post("/api/v1/session", json=body)).status_code == 401
        answer = await client.post("/api/v1/session", json=body)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


async def test_users_and_tokens_by_an_administrator(api: Hub) -> None:
    async with api.client(await api.token(Role.ADMINISTRATOR)) as client:
        grants = [{"role": "engineer", "units": ["25750", "25747"]}]
        body = {"username": "an", "password": PASSWORD, "display_name": "An", "grants": grants}
        made = await client.post("/api/v1/users", json=body)
        assert made.status_code == 201
        assert made.json()["grants"] == [
            {"role": "engineer", "units": ["25747", "25750"], "groups": ["*"]}
        ]
        assert PASSWORD not in made.text
        assert [u["username"] for u in (await client.get("/api/v1/users")).json()["items"]] == [
            "an"
        ]
        user_id = made.json()["id"]
        assert (await client.delete(f"/api/v1/users/{user_id}")).status_code == 204
        assert (await client.delete(f"/api/v1/users/{user_id}")).status_code == 404
        expires = {"name": "t", "grants": grants, "expires_at": "2100-01-01T00:00:00+07:00"}
        token = (await client.post("/api/v1/tokens", json=expires)).json()
        assert token["token"].startswith("chb_")
        assert token["expires_at"] == "2099-12-31T17:00:00.000000Z"
        listed = (await client.get("/api/v1/tokens")).text
        assert token["id"] in listed
        assert token["token"] not in listed
        for when in ("yesterday", "2100-01-01T00:00:00", "2000-01-01T00:00:00Z"):
            refused = await client.post("/api/v1/tokens", json=expires | {"expires_at": when})
            assert (refused.status_code, refused.json()["code"]) == (422, "expires_at")
        assert (await client.delete(f"/api/v1/tokens/{token['id']}")).status_code == 204
        assert (await client.delete(f"/api/v1/tokens/{token['id']}")).status_code == 404

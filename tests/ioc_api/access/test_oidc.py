"""Signing in at a real OpenID provider, and what is refused of what comes back from one."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import UnavailableError
from camera_registry.scope import Scope
from camera_registry.units import Units
from ioc_api.access.auth import SESSION_COOKIE
from ioc_api.access.oidc_claims import GrantMapping, grants_of, usernames
from ioc_api.access.oidc_model import Provider, is_safe_url
from ioc_api.access.oidc_provider import OidcClient
from ioc_api.access.rbac import Grant, Role
from tests.fakes import ManualClock
from tests.ioc_api.hub import PASSWORD, UNIT_A, UNIT_B, Hub, hub
from tests.oidc.provider import SECRET, TestProvider
from tests.tools import require

START = "/api/v1/oidc/city/start"
CALLBACK = "http://hub/api/v1/oidc/city/callback"
MAPPINGS = (
    GrantMapping("groups", "cctv-admins", Role.ADMINISTRATOR),
    GrantMapping("groups", "cctv", Role.OPERATOR, units_claim="units"),
)


@pytest.fixture(scope="module")
def city() -> Iterator[TestProvider]:
    """The provider of the city's staff."""
    require("oidc-provider")
    made = TestProvider(CALLBACK, "http://hub/")
    try:
        yield made
    finally:
        made.stop()


def provider(issuer: str, **changes: object) -> Provider:
    values: dict[str, object] = {
        "id": "city",
        "label": "Thành phố",
        "issuer": issuer,
        "client_id": "camhub",
        "client_secret": SECRET,
        "mappings": MAPPINGS,
        "scope": "openid profile groups",
    }
    return Provider(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
async def api(tmp_path: Path, bus: NatsBus, city: TestProvider, engine: str) -> AsyncIterator[Hub]:
    """An api with one provider."""
    async with hub(tmp_path, bus, providers=[provider(city.issuer)]) as made:
        yield made


async def sign_in(client: httpx.AsyncClient, city: TestProvider, sub: str) -> httpx.Response:
    """Walk from our button through the provider and back."""
    left = await client.get(START)
    assert left.status_code == 303, left.text
    back = await city.walk(left.headers["location"], sub)
    return await client.get(back)


async def test_from_the_button_through_the_provider_to_the_wall_and_out(
    api: Hub, city: TestProvider
) -> None:
    city.person(
        "sub-an", preferred_username="Nguyễn An", name="An", groups=["cctv"], units=[UNIT_A, "1"]
    )
    async with api.client() as client:
        config = (await client.get("/api/v1/config")).json()
        assert config["providers"] == [{"id": "city", "label": "Thành phố"}]
        left = await client.get(START)
        query = parse_qs(urlsplit(left.headers["location"]).query)
        assert query["code_challenge_method"] == ["S256"]
        assert query["redirect_uri"] == [CALLBACK]
        assert {"state", "nonce", "code_challenge"} <= query.keys()
        cookie = left.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        came = await sign_in(client, city, "sub-an")
        assert (came.status_code, came.headers["location"]) == (303, "/")
        me = (await client.get("/api/v1/session")).json()
        assert me["user"]["username"] == "nguy-n-an"
        assert me["user"]["display_name"] == "An"
        assert me["user"]["grants"] == [{"role": "operator", "units": [UNIT_A], "groups": ["*"]}]
        [session] = (await client.get("/api/v1/account/sessions")).json()["items"]
        assert session["provider"] == "city"
        headers = {"X-CSRF-Token": me["csrf_token"]}
        changed = await client.post(
            "/api/v1/account/password",
            json={"current": "", "password": PASSWORD},
            headers=headers,
        )
        assert (changed.status_code, changed.json()["code"]) == (409, "no_password")
        out = (await client.delete("/api/v1/session", headers=headers)).json()["next"]
        assert out.startswith(f"{city.issuer}/session/end?")
        wanted = parse_qs(urlsplit(out).query)
        assert wanted["post_logout_redirect_uri"] == ["http://hub/"]
        assert wanted["id_token_hint"]
        async with httpx.AsyncClient() as browser:
            assert (await browser.get(out)).status_code == 200
        assert (await client.get("/api/v1/session")).status_code == 401


async def test_rights_follow_the_claims_at_each_sign_in(api: Hub, city: TestProvider) -> None:
    city.person("sub-bo", preferred_username="bo", groups=["cctv", "cctv-admins"], units=[UNIT_B])
    async with api.client() as first, api.client() as second, api.client() as third:
        await sign_in(first, city, "sub-bo")
        roles = (await first.get("/api/v1/session")).json()["user"]["grants"]
        assert [each["role"] for each in roles] == ["administrator", "operator"]
        # the last administrator of the city, and all the same
        city.person("sub-bo", preferred_username="other", groups=["cctv"], units=[UNIT_A])
        await sign_in(second, city, "sub-bo")
        user = (await first.get("/api/v1/session")).json()["user"]
        assert user["username"] == "bo"
        assert user["grants"] == [{"role": "operator", "units": [UNIT_A], "groups": ["*"]}]
        city.person("sub-bo", groups=[])
        refused = await sign_in(third, city, "sub-bo")
        assert refused.headers["location"] == "/#/signin/oidc_no_rights"
        assert SESSION_COOKIE not in third.cookies
        assert (await first.get("/api/v1/session")).status_code == 401
    [account] = await api.deps.accounts.list(Scope.all())
    assert account.grants == ()


async def test_an_account_is_never_joined_with_one_of_ours(api: Hub, city: TestProvider) -> None:
    ours = await api.deps.accounts.create(
        "root", PASSWORD, "", [Grant(Role.ADMINISTRATOR, Scope.all())], Scope.all()
    )
    city.person("sub-root", preferred_username="root", groups=["cctv"], units=[UNIT_A])
    async with api.client() as client:
        await sign_in(client, city, "sub-root")
        user = (await client.get("/api/v1/session")).json()["user"]
    assert user["username"] == "root.city"
    assert user["id"] != ours.id
    assert (await api.deps.accounts.get(ours.id)).administrator


async def test_a_disabled_account_stays_out_and_nobody_gives_it_a_password(
    api: Hub, city: TestProvider
) -> None:
    city.person("sub-ha", preferred_username="ha", groups=["cctv"], units=[UNIT_A])
    async with api.client() as client, api.client(await api.token(Role.ADMINISTRATOR)) as admin:
        await sign_in(client, city, "sub-ha")
        [account] = (await admin.get("/api/v1/users")).json()["items"]
        assert account["provider"] == "city"
        path = f"/api/v1/users/{account['id']}"
        assert (await admin.patch(path, json={"password": PASSWORD})).status_code == 409
        assert (await admin.patch(path, json={"disabled": True})).status_code == 200
        refused = await sign_in(client, city, "sub-ha")
        assert refused.headers["location"] == "/#/signin/oidc_disabled"


async def test_what_comes_back_must_belong_to_what_left(api: Hub, city: TestProvider) -> None:
    city.person("sub-ti", preferred_username="ti", groups=["cctv"], units=[UNIT_A])
    async with api.client() as mine, api.client() as other:
        location = (await mine.get(START)).headers["location"]
        back = await city.walk(location, "sub-ti")
        # another browser has no cookie, or that of a flow of its own
        assert "oidc_expired" in (await other.get(back)).headers["location"]
        await other.get(START)
        assert "oidc_expired" in (await other.get(back)).headers["location"]
        await mine.get(START)
        assert "oidc_expired" in (await mine.get(back)).headers["location"]
        for query, told in (
            ({"error": "access_denied"}, "oidc_denied"),
            ({"code": "x"}, "oidc_expired"),
            ({"code": "x", "state": "\ud800"}, "oidc_expired"),
            ({"code": "x", "state": "x" * 3000}, "oidc_expired"),
            ({"code": "mã\n", "state": "x"}, "oidc_expired"),
            ({"error": "hỏng"}, "oidc_expired"),
        ):
            answer = await mine.get(f"{CALLBACK}?{urlencode(query, errors='surrogatepass')}")
            assert (answer.status_code, answer.headers["location"]) == (303, f"/#/signin/{told}")
        assert SESSION_COOKIE not in mine.cookies
        assert (await mine.get("/api/v1/oidc/nobody/start")).status_code == 404


async def test_a_code_works_once(api: Hub, city: TestProvider) -> None:
    city.person("sub-mo", preferred_username="mo", groups=["cctv"], units=[UNIT_A])
    async with api.client() as client:
        left = await client.get(START)
        back = await city.walk(left.headers["location"], "sub-mo")
        cookies = dict(client.cookies)
        assert (await client.get(back)).headers["location"] == "/"
        client.cookies.update(cookies)
        assert "oidc_failed" in (await client.get(back)).headers["location"]


async def test_new_keys_of_the_provider_are_fetched(
    tmp_path: Path, bus: NatsBus, city: TestProvider, engine: str
) -> None:
    clock = Moving()
    async with hub(tmp_path, bus, clock=clock, providers=[provider(city.issuer)]) as api:
        city.person("sub-ky", preferred_username="ky", groups=["cctv"], units=[UNIT_A])
        async with api.client() as client:
            assert (await sign_in(client, city, "sub-ky")).headers["location"] == "/"
            city.change_keys()
            clock.ahead += 31
            assert (await sign_in(client, city, "sub-ky")).headers["location"] == "/"


@pytest.mark.parametrize("changes", [{"require_amr": ("mfa",)}, {"client_secret": "wrong"}])
async def test_a_provider_that_does_not_do_as_the_settings_ask_lets_nobody_in(
    tmp_path: Path, bus: NatsBus, city: TestProvider, changes: dict[str, object], engine: str
) -> None:
    city.person("sub-vy", preferred_username="vy", groups=["cctv"], units=[UNIT_A])
    async with hub(tmp_path, bus, providers=[provider(city.issuer, **changes)]) as api:
        async with api.client() as client:
            left = await client.get(START)
            back = await city.walk(left.headers["location"], "sub-vy")
            answer = await client.get(back)
            assert answer.headers["location"] == "/#/signin/oidc_failed"
        whats = [each.entry.what for each in await api.deps.access.log.list(None, None, 5)]
        assert whats == ["provider_refused"]


@pytest.mark.parametrize("ahead_s", [-7200, 7200])
async def test_an_id_token_of_another_time_is_refused(
    tmp_path: Path, bus: NatsBus, city: TestProvider, ahead_s: int, engine: str
) -> None:
    clock = Moving()
    async with hub(tmp_path, bus, clock=clock, providers=[provider(city.issuer)]) as api:
        city.person("sub-xa", preferred_username="xa", groups=["cctv"], units=[UNIT_A])
        clock.ahead = ahead_s
        async with api.client() as client:
            answer = await sign_in(client, city, "sub-xa")
        assert answer.headers["location"] == "/#/signin/oidc_failed"


async def test_a_provider_that_is_away_or_another_one_is_said_clearly(city: TestProvider) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for issuer, words in (
        (f"http://127.0.0.1:{port}", "does not answer"),
        (city.issuer.replace("127.0.0.1", "localhost"), "another issuer"),
        ("http://192.0.2.1", "not https"),
    ):
        client = OidcClient(provider(issuer), ManualClock())
        with pytest.raises(UnavailableError, match=words):
            await client.logout_url("", "http://hub/")


class Moving:
    """The real time, and more or less of it."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._real = SystemClock()

    def utc_us(self) -> int:
        return self._real.utc_us() + int(self.ahead * 1e6)

    def monotonic(self) -> float:
        return self._real.monotonic() + max(0.0, self.ahead)

    async def sleep(self, seconds: float) -> None:
        await self._real.sleep(seconds)


def test_claims_become_grants_and_no_more() -> None:
    units = Units.load()
    mappings = (
        GrantMapping("realm.roles", "op", Role.OPERATOR, (UNIT_A,), groups_claim="cams"),
        GrantMapping("realm.roles", "eng", Role.ENGINEER, units_claim="units"),
    )
    claims = {"realm": {"roles": ["op", "eng", 7]}, "cams": ["g1", "*", "g 2"], "units": "*"}
    assert grants_of(claims, mappings, units) == (Grant(Role.OPERATOR, Scope.of([UNIT_A], ["g1"])),)
    for nothing in ({}, {"realm": "op"}, {"realm": {"roles": {"op": True}}}):
        assert grants_of(nothing, mappings, units) == ()


def test_user_names_are_made_fit() -> None:
    for given in ("", "---", "ă", None, 7):
        [name] = usernames({"sub": "1", "n": given}, "n", "city")
        assert re.fullmatch(r"city-[0-9a-f]{8}", name)
    assert usernames({"sub": "1", "n": "A@b.vn"}, "n", "city")[:2] == ["a-b.vn", "a-b.vn.city"]


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://id.example", True),
        ("http://127.0.0.1:1", True),
        ("http://[::1]:1", True),
        ("http://id.example", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("http://[", False),
    ],
)
def test_providers_are_spoken_to_by_https(url: str, safe: bool) -> None:
    assert is_safe_url(url) is safe

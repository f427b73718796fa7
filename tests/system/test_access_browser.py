"""Signing in, second steps, users and tokens in a real browser; and at a real OpenID provider."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pyotp
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, Page, async_playwright, expect

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.scope import Scope
from ioc_api.access.auth import SessionPolicy
from ioc_api.access.oidc_claims import GrantMapping
from ioc_api.access.oidc_model import Provider
from ioc_api.access.rbac import Grant, Role
from tests.ioc_api.hub import PASSWORD, Hub, hub
from tests.oidc.provider import SECRET, TestProvider
from tests.tools import require
from wall_ui import assets

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

expect.set_options(timeout=30_000)

NEW = "bảy con diệc ồn ào"
STRICT = SessionPolicy(totp_for_administrators=True)
ADMIN = [Grant(Role.ADMINISTRATOR, Scope.all())]


@pytest.fixture(autouse=True)
def needed() -> None:
    """Skip, or fail under CI, where there is no browser."""
    require("chromium")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium without a window."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        await started.close()


@pytest.fixture
def port() -> int:
    """A port that is free now: the provider has to know it before we listen."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def served(app: FastAPI, port: int) -> AsyncIterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False)
    )
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.force_exit = server.should_exit = True
        await running


@pytest.fixture
async def site(
    tmp_path: Path, bus: NatsBus, port: int, engine: str
) -> AsyncIterator[tuple[Hub, str]]:
    """An api with the wall, that asks administrators for a second step."""
    async with hub(tmp_path, bus, session=STRICT, wall=assets.directory()) as made:
        await made.deps.push.stop()
        await made.deps.accounts.create("root", PASSWORD, "", ADMIN, Scope.all())
        async with served(made.app, port) as url:
            yield made, url


async def sign_in(page: Page, url: str, name: str, password: str = PASSWORD) -> None:
    await page.goto(url)
    await page.get_by_test_id("username").fill(name)
    await page.get_by_test_id("password").fill(password)
    await page.get_by_test_id("submit").click()


async def enrol(page: Page) -> pyotp.TOTP:
    await page.get_by_test_id("totp-begin").click()
    drawn = await page.locator("img").evaluate("(image) => image.decode().then(() => image.width)")
    assert drawn > 100
    totp = pyotp.TOTP(await page.get_by_test_id("totp-secret").inner_text())
    await page.get_by_test_id("totp-code").fill(totp.now())
    await page.get_by_test_id("totp-confirm").click()
    codes = page.get_by_test_id("recovery-codes").locator("li")
    await expect(codes).to_have_count(10)
    return totp


async def test_an_administrator_enrols_makes_a_user_and_a_token(
    browser: Browser, site: tuple[Hub, str]
) -> None:
    api, url = site
    page = await browser.new_page(viewport={"width": 1400, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await sign_in(page, url, "root")
    await expect(page.get_by_test_id("must-enrol")).to_be_visible()
    await enrol(page)
    recovery = await page.get_by_test_id("recovery-codes").locator("li").first.inner_text()
    await page.get_by_test_id("codes-kept").click()
    await expect(page.get_by_test_id("wall")).to_be_visible()

    await page.goto(f"{url}/#/users")
    await page.get_by_test_id("user-add").click()
    await page.get_by_test_id("user-username").fill("an")
    await page.get_by_test_id("user-display-name").fill("Nguyễn Thị An")
    await page.get_by_test_id("user-password").fill(PASSWORD)
    await page.get_by_test_id("grant-units-0").select_option("some")
    await page.get_by_test_id("grant-unit-0").fill("25747")
    await page.get_by_test_id("grant-unit-0").press("Enter")
    await page.get_by_test_id("user-save").click()
    await expect(page.get_by_test_id("users")).to_contain_text("Nguyễn Thị An")
    account = await api.store.account_named("an")
    assert account is not None
    assert account.grants == (Grant(Role.OPERATOR, Scope.of(["25747"])),)

    await page.get_by_test_id("user-edit-an").click()
    await page.get_by_test_id("user-disabled").check()
    await page.get_by_test_id("user-save").click()
    await expect(page.get_by_test_id("user-dialog")).to_have_count(0)
    assert (await api.deps.accounts.get(account.id)).disabled_us > 0

    await page.goto(f"{url}/#/tokens")
    await page.get_by_test_id("token-add").click()
    await page.get_by_test_id("token-name").fill("bảng tin")
    await page.get_by_test_id("token-days").fill("30")
    await page.get_by_test_id("token-save").click()
    secret = await page.get_by_test_id("token-secret").inner_text()
    assert secret.startswith("chb_")
    await page.get_by_test_id("token-close").click()
    await page.get_by_test_id("token-revoke-bảng tin").click()
    await page.get_by_test_id("token-sure-yes").click()
    await expect(page.get_by_test_id("tokens")).not_to_contain_text("bảng tin")

    await page.goto(f"{url}/#/access-log")
    await expect(page.get_by_test_id("access-log")).to_contain_text("root")
    await page.close()

    fresh = await browser.new_page()
    await sign_in(fresh, url, "root")
    await fresh.get_by_test_id("code").fill("000000")
    await fresh.get_by_test_id("submit").click()
    await expect(fresh.get_by_test_id("sign-in-error")).to_be_visible()
    await fresh.get_by_test_id("code").fill(recovery)
    await fresh.get_by_test_id("submit").click()
    await expect(fresh.get_by_test_id("wall")).to_be_visible()
    assert errors == []


async def test_the_own_password_and_sessions(browser: Browser, site: tuple[Hub, str]) -> None:
    api, url = site
    operator = [Grant(Role.OPERATOR, Scope.all())]
    await api.deps.accounts.create("bo", PASSWORD, "", operator, Scope.all())
    desk, phone = await browser.new_context(), await browser.new_context()
    mine, other = await desk.new_page(), await phone.new_page()
    for page in (mine, other):
        await sign_in(page, url, "bo")
        await expect(page.get_by_test_id("wall")).to_be_visible()
    await mine.goto(f"{url}/#/account")
    await expect(mine.get_by_test_id("session-end")).to_have_count(1)
    await mine.get_by_test_id("session-end").click()
    await expect(mine.get_by_test_id("session-end")).to_have_count(0)
    await other.reload()
    await expect(other.get_by_test_id("sign-in-form")).to_be_visible()
    await mine.get_by_test_id("password-current").fill(PASSWORD)
    await mine.get_by_test_id("password-new").fill(NEW)
    await mine.get_by_test_id("password-again").fill(NEW)
    await mine.get_by_test_id("password-submit").click()
    await expect(mine.get_by_test_id("password-current")).to_have_value("")
    await sign_in(other, url, "bo", NEW)
    await expect(other.get_by_test_id("wall")).to_be_visible()


@pytest.fixture
def city(port: int) -> Iterator[TestProvider]:
    """A real provider that knows the address of the hub under test."""
    require("oidc-provider")
    base = f"http://127.0.0.1:{port}/"
    made = TestProvider(f"{base}api/v1/oidc/city/callback", base)
    try:
        yield made
    finally:
        made.stop()


async def test_from_the_providers_button_to_the_wall_and_out_again(
    browser: Browser, tmp_path: Path, bus: NatsBus, city: TestProvider, port: int, engine: str
) -> None:
    provider = Provider(
        id="city",
        label="Sở Thông tin",
        issuer=city.issuer,
        client_id="camhub",
        client_secret=SECRET,
        mappings=(GrantMapping("groups", "cctv", Role.OPERATOR),),
        scope="openid profile groups",
    )
    async with hub(tmp_path, bus, providers=[provider], wall=assets.directory()) as made:
        await made.deps.push.stop()
        async with served(made.app, port) as url:
            page = await browser.new_page()
            for sub, groups in (("khach", []), ("hoa", ["cctv"])):
                city.person(sub, preferred_username=sub, name="Hoa", groups=groups)
                await page.goto(url)
                await page.get_by_test_id("provider-city").click()
                await page.locator('input[name="login"]').fill(sub)
                await page.locator('input[name="password"]').fill("any")
                await page.locator('button[type="submit"]').click()
                await page.locator('button[type="submit"]').click()  # the provider asks for consent
                if not groups:
                    await expect(page.get_by_test_id("sign-in-notice")).to_be_visible()
                    await page.context.clear_cookies()
            await expect(page.get_by_test_id("wall")).to_be_visible()
            await page.goto(f"{url}/#/account")
            await expect(page.get_by_test_id("sessions")).to_contain_text("city")
            await page.locator('[data-testid="sign-out"]').click()
            await expect(page).to_have_url(re.compile(re.escape(city.issuer)))
            await page.locator('button[value="yes"]').click()
            await expect(page.get_by_test_id("sign-in-form")).to_be_visible()
            assert page.url.startswith(url)

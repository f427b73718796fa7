"""One hub with four demo cameras for the tests that leave it as they found it, and a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.system.hub import Hub
from tests.tools import require

NAME, PASSWORD = "chihuy", "nhieu tu khac nhau 42"
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A running hub."""
    made = Hub(tmp_path_factory.mktemp("hub") / "data", demo=4)
    made.start()
    try:
        yield made
    finally:
        if made.process is not None:
            made.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium without a window; a test is skipped, or fails under CI, without it."""
    require("chromium")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
        yield started
        await started.close()


@pytest.fixture
async def page(browser: Browser, hub: Hub) -> AsyncIterator[Page]:
    """A page that is signed in; the first one comes by the set-up link. Any page error fails."""
    errors: list[str] = []
    opened = await browser.new_page(viewport={"width": 1600, "height": 900})
    opened.on("pageerror", lambda error: errors.append(str(error)))
    link = hub.ready["setup_link"]
    with hub.client() as client:
        fresh = client.get("/api/v1/setup").json()["needed"]
    await opened.goto(link if fresh else hub.url)
    await sign_in(opened, NAME, PASSWORD, fresh=fresh)
    yield opened
    assert errors == []


async def sign_in(page: Page, name: str, password: str, *, fresh: bool = False) -> None:
    """Sign in on a page that shows the form, or set up the first account where it is ``fresh``."""
    await page.get_by_test_id("username").fill(name)
    await page.get_by_test_id("password").fill(password)
    if fresh:
        await page.get_by_test_id("password2").fill(password)
    await page.get_by_test_id("submit").click()
    await expect(page.get_by_test_id("wall")).to_be_visible()

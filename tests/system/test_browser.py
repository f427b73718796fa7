"""The wall in a real browser, on a real hub, as an operator uses it."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.request
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.system.hub import Hub
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


async def decoded(page: Page) -> list[int]:
    """Decoded frames of each tile."""
    stats: list[dict[str, Any]] = await page.evaluate("() => window.__camhub.stats()")
    return [tile["decoded"] for tile in stats]


async def moving(page: Page, tiles: int) -> bool:
    """Whether ``tiles`` tiles have decoded, and look live."""
    counts = await decoded(page)
    lively = await page.locator('[data-testid^="tile-"][data-live="true"]').count()
    return len(counts) == tiles and all(count > 5 for count in counts) and lively == tiles


async def test_set_up_then_four_tiles_decode_and_an_event_arrives(page: Page) -> None:
    await page.get_by_test_id("grid-4").click()
    await eventually(lambda: moving(page, 4), within_s=60, what="four tiles decode")
    before = await decoded(page)

    async def all_rise() -> bool:
        now = await decoded(page)
        return all(late > early for late, early in zip(now, before, strict=True))

    await eventually(all_rise, within_s=60)
    item = page.get_by_test_id("event-item").first
    await expect(item).to_be_visible()
    picture = item.locator("img")
    await eventually(
        lambda: picture.evaluate("image => image.complete && image.naturalWidth > 100"),
        what="the snapshot is shown",
    )
    await item.click()
    await expect(page.get_by_test_id("event-detail")).to_be_visible()
    await expect(page.get_by_test_id("event-box")).to_be_attached()
    await page.get_by_test_id("event-close").click()


async def test_a_live_event_comes_without_reload(page: Page) -> None:
    first = page.get_by_test_id("event-item").first
    await expect(first).to_be_visible()
    shown = await first.inner_html()

    async def another() -> bool:
        source = re.search(r'src="([^"]+)"', await first.inner_html())
        return source is not None and source[1] not in shown

    await eventually(another, within_s=60, what="a new event at the top of the list")


async def test_a_double_click_opens_a_webrtc_view_that_decodes(page: Page) -> None:
    await page.get_by_test_id("grid-4").click()
    await eventually(lambda: moving(page, 4), within_s=60)
    await page.get_by_test_id("tile-0").dblclick()
    await expect(page.get_by_test_id("focus-video")).to_be_visible()
    frames: list[int] = []

    async def rising() -> bool:
        stats = await page.evaluate("async () => await window.__camhub.focusStats()")
        if stats and stats.get("transport") == "webrtc":
            frames.append(stats["framesDecoded"])
        return len(frames) > 1 and frames[-1] > frames[0] > 0

    await eventually(rising, within_s=60, what="framesDecoded of getStats rises")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("focus")).to_have_count(0)


async def test_the_tiles_of_a_killed_worker_come_back(page: Page, hub: Hub) -> None:
    await page.get_by_test_id("grid-4").click()
    await eventually(lambda: moving(page, 4), within_s=60)
    for role in ("worker-0", "worker-1"):
        os.kill(hub.pid(role), signal.SIGKILL)
    await expect(page.locator('[data-testid^="tile-"][data-live="true"]')).to_have_count(0)
    counts = await decoded(page)

    async def all_rise() -> bool:
        now = await decoded(page)
        return await moving(page, 4) and all(a > b for a, b in zip(now, counts, strict=True))

    await eventually(all_rise, within_s=60, what="every tile decodes again")


async def test_a_picture_older_than_five_seconds_never_looks_live(page: Page, hub: Hub) -> None:
    await page.get_by_test_id("grid-4").click()
    await eventually(lambda: moving(page, 4), within_s=60)
    pids = [hub.pid("worker-0"), hub.pid("worker-1")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        # the workers' last word was "live", and no packet says otherwise
        await expect(page.locator('[data-testid^="tile-"][data-live="true"]')).to_have_count(
            0, timeout=9_000
        )
        ages = page.get_by_test_id("tile-age")
        await expect(ages.first).to_have_attribute("data-old", "true")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    await eventually(lambda: moving(page, 4), within_s=60)


async def test_a_fault_of_a_camera_is_told_on_its_tile_and_harms_no_other(
    page: Page, hub: Hub
) -> None:
    await page.get_by_test_id("grid-4").click()
    await eventually(lambda: moving(page, 4), within_s=60)
    log = (hub.data / "logs" / "simulator.log").read_text()
    found = re.findall(r"control: (http://\S+)/cameras", log)
    control = found[-1]

    def fault(method: str, body: dict[str, Any] | None) -> None:
        request = urllib.request.Request(
            f"{control}/cameras/cam01/fault",
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60):
            pass

    fault("POST", {"fault": "freeze"})
    try:
        await expect(page.locator('[data-testid="tile-state"][data-state="frozen"]')).to_have_count(
            1
        )
        await expect(page.locator('[data-testid^="tile-"][data-live="true"]')).to_have_count(3)
    finally:
        fault("DELETE", None)
    await eventually(lambda: moving(page, 4), within_s=60)


async def test_language_and_sign_out(page: Page) -> None:
    await page.get_by_test_id("language-en").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.get_by_text("Events").first).to_be_visible()
    await page.get_by_test_id("language-vi").click()
    await expect(page.locator("html")).to_have_attribute("lang", "vi")
    await page.get_by_test_id("sign-out").click()
    await expect(page.get_by_test_id("sign-in-form")).to_be_visible()
    await page.reload()
    await expect(page.get_by_test_id("sign-in-form")).to_be_visible()

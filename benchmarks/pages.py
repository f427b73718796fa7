"""How the camera list and the map feel with 50,000 cameras in Chromium, beside the same with 500.

A hub without a camera to connect to runs over a filled SQLite database; a headless Chromium does
what a reader does: opens a page, types a search, scrolls, turns the page; drags the map and zooms.
A wait is from the last thing that the reader did to the frame after what was asked for is shown,
the pages' own pause for typing (250 ms in the list, 200 ms on the map) included. Frames are the
longest ones while scrolling or dragging, by requestAnimationFrame; there is no GPU, so the map is
drawn by the processor.

Example: python -m benchmarks.pages --cameras 50000 --rounds 12
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from playwright.async_api import Page, Response, async_playwright, expect

from benchmarks import numbers
from benchmarks.browser import CHROMIUM
from benchmarks.machine import version_of
from benchmarks.registry import fill
from benchmarks.report import Figure, Result, Run, finish, parser
from tests.system.conftest import NAME, PASSWORD, sign_in
from tests.system.hub import Hub

_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_SEARCHES = ("ben thanh", "cong cho", "le loi", "hang xanh", "truong dong khoi", "hem")
_RECORD = """() => {
  const frames = (window.__frames = []);
  let last = performance.now();
  const step = (now) => {
    frames.push(now - last);
    last = now;
    window.__recording = requestAnimationFrame(step);
  };
  window.__recording = requestAnimationFrame(step);
}"""
_RECORDED = "() => { cancelAnimationFrame(window.__recording); return window.__frames; }"
_NEXT_FRAME = "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
_NOW = "() => performance.now()"
Deed = Callable[[], Awaitable[object]]
Times = dict[str, list[float]]


async def _until_shown(page: Page, asked: str, deed: Deed) -> float:
    """Do something that asks the hub; return the ms from its end to the frame with the answer."""

    def wanted(answer: Response) -> bool:
        return asked in answer.url and answer.request.method == "GET"

    async with page.expect_response(wanted) as answered:
        await deed()
        began = await page.evaluate(_NOW)
    await (await answered.value).finished()
    await page.evaluate(_NEXT_FRAME)
    ended: float = await page.evaluate(_NOW)
    return ended - float(began)


async def _frames(page: Page, deed: Deed) -> float:
    """Return the longest frame in ms while something is done."""
    await page.evaluate(_RECORD)
    await deed()
    frames: list[float] = await page.evaluate(_RECORDED)
    return max(frames[1:], default=0.0)


async def _typed(page: Page, field: str, text: str) -> None:
    await page.get_by_test_id(field).fill("")
    await page.get_by_test_id(field).press_sequentially(text, delay=40)


async def _list(page: Page, hub: Hub, rounds: int, found: Times) -> None:
    chance = random.Random(1)
    rows = page.get_by_test_id("cameras").locator("tbody tr[data-row]")
    for number in range(rounds):
        await page.goto("about:blank")
        opened = await _until_shown(
            page, "/api/v1/cameras?", lambda: page.goto(f"{hub.url}/#/cameras", wait_until="commit")
        )
        await expect(rows).to_have_count(50)
        words = chance.choice(_SEARCHES) if number % 2 else str(chance.randrange(500))
        searched = await _until_shown(
            page, f"q={words.split()[0]}", partial(_typed, page, "cameras-search", words)
        )
        await expect(page.get_by_test_id("cameras")).to_have_attribute("aria-busy", "false")
        await _until_shown(
            page, "/api/v1/cameras?", lambda: page.get_by_test_id("cameras-search").fill("")
        )
        await expect(rows).to_have_count(50)
        scrolled = await _frames(page, lambda: _scrolled(page))
        turned = await _until_shown(
            page, "cursor=", lambda: page.get_by_test_id("table-next").click()
        )
        for name, value in (
            ("list: open", opened),
            ("list: search", searched),
            ("list: longest frame of scrolling", scrolled),
            ("list: next page", turned),
        ):
            found.setdefault(name, []).append(value)


async def _scrolled(page: Page) -> None:
    await page.mouse.move(700, 500)
    for step in range(12):
        await page.mouse.wheel(0, 200 if step < 8 else -200)
        await page.evaluate(_NEXT_FRAME)


async def _map(page: Page, hub: Hub, rounds: int, found: Times) -> None:
    chance = random.Random(2)
    shown = page.get_by_test_id("map")
    await page.goto(f"{hub.url}/#/map?at=11/10.8/106.7")
    await expect(shown).to_have_attribute("data-ready", "true")
    box = await shown.bounding_box()
    assert box is not None  # it is visible: the line above waited for it
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(rounds):
        longest: list[float] = []

        async def drag(longest: list[float] = longest) -> None:
            longest.append(await _frames(page, lambda: _dragged(page, middle, chance)))

        panned = await _until_shown(page, "/api/v1/map?", drag)
        zoomed = await _until_shown(page, "/api/v1/map?", lambda: _zoomed(page, "+"))
        await _until_shown(page, "/api/v1/map?", lambda: _zoomed(page, "-"))
        words = chance.choice(_SEARCHES)
        searched = await _until_shown(
            page, f"q={words.split()[0]}", partial(_typed, page, "map-search", words)
        )
        await _until_shown(page, "/api/v1/map?", lambda: page.get_by_test_id("map-search").fill(""))
        for name, value in (
            ("map: pan", panned),
            ("map: longest frame of dragging", longest[0]),
            ("map: zoom in", zoomed),
            ("map: search", searched),
        ):
            found.setdefault(name, []).append(value)


async def _dragged(page: Page, middle: tuple[float, float], chance: random.Random) -> None:
    await page.mouse.move(*middle)
    await page.mouse.down()
    by = (chance.choice((-180, 180)), chance.choice((-120, 120)))
    for step in range(1, 11):
        await page.mouse.move(middle[0] + by[0] * step / 10, middle[1] + by[1] * step / 10)
        await page.evaluate(_NEXT_FRAME)
    await page.mouse.up()


async def _zoomed(page: Page, key: str) -> None:
    await page.locator(".maplibregl-canvas").press(key)


async def _read(hub: Hub, rounds: int) -> Times:
    found: Times = {}
    async with async_playwright() as playwright:
        path = shutil.which(CHROMIUM)
        browser = await playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            page = await browser.new_page(viewport={"width": 1366, "height": 768})
            await page.goto(hub.ready["setup_link"])
            await sign_in(page, NAME, PASSWORD, fresh=True)
            await _list(page, hub, rounds, found)
            await _map(page, hub, rounds, found)
        finally:
            await browser.close()
    return found


def measure_with(count: int, rounds: int) -> Times:
    """Return the ms of each thing that a reader does with ``count`` cameras, by name."""
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{Path(name) / 'hub.db'}"
        asyncio.run(fill(url, count))
        hub = Hub(Path(name) / "data", demo=0, workers=1, environment={"CAMHUB_DATABASE_URL": url})
        try:
            hub.start()
            return asyncio.run(_read(hub, rounds))
        finally:
            if hub.process is not None:
                hub.stop()


def measure(run: Run, count: int, few: int, rounds: int) -> Result:
    """Measure with many cameras and with few."""
    peer, found = measure_with(few, rounds), measure_with(count, rounds)
    figures = [
        Figure(
            f"{name} p{share * 100:.0f}",
            numbers.percentile(values, share),
            "ms",
            numbers.percentile(peer[name], share),
            f"with {few}",
        )
        for name, values in found.items()
        for share in (0.5, 0.95)
    ]
    notes = [
        f"{count} cameras, {rounds} rounds, SQLite",
        f"{version_of([CHROMIUM, '--version'])}, headless, no GPU: hub and page share the machine",
    ]
    return run.result(figures, notes, {"many": found, "few": peer})


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=0.0)
    options.add_argument("--cameras", type=int, default=50_000)
    options.add_argument("--few", type=int, default=500)
    options.add_argument("--rounds", type=int, default=12)
    given = options.parse_args()
    if shutil.which(CHROMIUM) is None:
        options.exit(2, f"{CHROMIUM} is missing: apt-get install chromium\n")
    run = Run("pages")
    finish(measure(run, given.cameras, given.few, given.rounds), given.json)


if __name__ == "__main__":
    main()

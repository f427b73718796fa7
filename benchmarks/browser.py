"""How long a picture takes from its arrival at the worker to being decoded in Chromium, one tile.

A whole hub with one demo camera runs; the wall shows it in a headless Chromium of this machine,
which shares the worker's clock. The latencies are the wall's own (``window.__camhub.stats()``).
At the same time a WebSocket client of this process reads the same camera's headers: what the hub
itself takes of it (arrival at the worker to the gateway's send) is the peer.

Example: python -m benchmarks.browser --seconds 15
"""

from __future__ import annotations

import asyncio
import json
import shutil
import struct
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
from playwright.async_api import Page, async_playwright, expect
from websockets.asyncio.client import connect

from benchmarks import numbers
from benchmarks.events import ARRIVAL, wait_until_live
from benchmarks.machine import version_of
from benchmarks.report import Figure, Result, Run, finish, parser
from tests.system.hub import Hub

CHROMIUM = "chromium"
HEADER = struct.Struct(">BBHIqqq")  # version, flags, tile, seq, capture, arrival, sent
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_NAME, _PASSWORD = "benchmark", "a measured pass phrase 42"
_WARM_UP_S = 10.0
_KEPT = 2048  # latencies that the wall keeps of a tile


def hub_times(header: bytes, received_us: int) -> tuple[float, float]:
    """Return in ms: arrival at the worker to the gateway's send, and to here."""
    _, _, _, _, _, arrival_us, sent_us = HEADER.unpack_from(header)
    return (sent_us - arrival_us) / 1000, (received_us - arrival_us) / 1000


async def _sign_in(page: Page, hub: Hub) -> None:
    await page.goto(hub.ready["setup_link"])
    for field, text in (
        ("username", _NAME),
        ("password", _PASSWORD),
        ("password2", _PASSWORD),
    ):
        await page.get_by_test_id(field).fill(text)
    await page.get_by_test_id("submit").click()
    await expect(page.get_by_test_id("wall")).to_be_visible(timeout=30_000)
    await page.get_by_test_id("grid-1").click()
    await page.wait_for_function(
        "() => { const s = window.__camhub.stats(); return s.length === 1 && s[0].decoded > 25; }",
        timeout=60_000,
    )


async def _read_headers(hub: Hub, camera: str, found: list[tuple[float, float]]) -> None:
    headers = {"Authorization": f"Bearer {hub.token}"}
    address = hub.url.replace("http", "ws", 1) + "/live/ws"
    async with connect(address, additional_headers=headers, max_size=None) as socket:
        tiles = [{"tile": 0, "camera": camera}]
        await socket.send(json.dumps({"type": "watch", "tiles": tiles}))
        async for message in socket:
            received_us = time.time_ns() // 1000
            if isinstance(message, bytes):
                found.append(hub_times(message, received_us))


async def watch(
    hub: Hub, seconds: float, windows: int
) -> tuple[list[list[float]], list[list[tuple[float, float]]], dict[str, int]]:
    """Return the tile's latencies and the hub's times, each by window, and the tile's counters."""
    tile: list[list[float]] = []
    wire: list[list[tuple[float, float]]] = []
    headers: list[tuple[float, float]] = []
    path = shutil.which(CHROMIUM)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            page = await browser.new_page(viewport={"width": 1600, "height": 900})
            await _sign_in(page, hub)
            camera = await page.evaluate("() => window.__camhub.stats()[0].camera")
            reading = asyncio.create_task(_read_headers(hub, camera, headers))
            try:
                # both begin with buffered pictures, which are old
                await asyncio.sleep(_WARM_UP_S)
                for _ in range(windows):
                    headers.clear()
                    await page.evaluate("() => window.__camhub.clearLatencies()")
                    await asyncio.sleep(seconds)
                    stats = (await page.evaluate("() => window.__camhub.stats()"))[0]
                    tile.append([float(ms) for ms in stats["latencyMs"]])
                    wire.append(list(headers))
                if reading.done():
                    reading.result()  # raises what ended it
            finally:
                reading.cancel()
                with suppress(asyncio.CancelledError):
                    await reading
        finally:
            await browser.close()
    counters = {name: int(stats[name]) for name in ("decoded", "dropped", "width", "height")}
    return tile, wire, counters


def measure(run: Run, seconds: float, windows: int) -> Result:
    """Run the hub and a browser."""
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(Path(folder) / "data", demo=1, workers=1)
        try:
            hub.start()
            wait_until_live(hub, 1)
            psutil.cpu_percent()
            tile, wire, counters = asyncio.run(watch(hub, seconds, windows))
            busy = psutil.cpu_percent()
        finally:
            if hub.process is not None:
                hub.stop()
    sent = [[pair[0] for pair in window] for window in wire]
    here = [[pair[1] for pair in window] for window in wire]
    peer = "arrival to gateway's send"
    figures = [
        Figure(
            f"arrival to decoded p{share * 100:.0f}",
            numbers.median_of_windows(tile, share),
            "ms",
            numbers.median_of_windows(sent, share),
            peer,
        )
        for share in (0.5, 0.95)
    ]
    for share in (0.5, 0.95):
        name = f"arrival to a WebSocket client p{share * 100:.0f}"
        figures.append(Figure(name, numbers.median_of_windows(here, share), "ms"))
    rate = sum(map(len, tile)) / seconds / windows
    notes = [
        f"{rate:.1f} pictures a second of {counters['width']}x{counters['height']}",
        f"{counters['dropped']} pictures dropped, all of the wall's start included",
        f"the whole machine was {busy:.0f} % busy",
        f"{version_of([CHROMIUM, '--version'])}, headless, no GPU: it decodes on the same cores",
        "the peer is the hub's own part: WebRTC tells no time of arrival at the worker to compare",
        ARRIVAL,
    ]
    return run.result(figures, notes, {"tile_ms": tile, "hub_ms": wire})


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=15.0)
    given = options.parse_args()
    if shutil.which(CHROMIUM) is None:
        options.exit(2, f"{CHROMIUM} is missing: apt-get install chromium\n")
    if given.seconds * 25 > _KEPT:
        options.error(f"--seconds: the wall keeps {_KEPT} latencies, so at most 80")
    run = Run("browser")
    finish(measure(run, given.seconds, given.windows), given.json)


if __name__ == "__main__":
    main()

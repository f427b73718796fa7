"""The map over tiles in a real browser: drawn where they are good, whole where they are not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.async_api import Browser, Page, expect

from tests.pmtiles import EXTENT, MVT, PNG, vector_tile, write_pmtiles
from tests.system.conftest import NAME, PASSWORD, sign_in
from tests.system.hub import Hub
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SIDE = ((0, 0), (EXTENT, 0), (EXTENT, EXTENT), (0, EXTENT))
WATER = np.array([0x0E, 0x25, 0x33])
"""The colour that the style gives to water, in red, green and blue."""
# a corner of the city without a camera, so that nothing lies over the tiles
PLACE = "at=11/10.4/106.4"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the hub's archive of tiles lies; each test puts there what it wants."""
    return tmp_path_factory.mktemp("tiles") / "city.pmtiles"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> Iterator[Hub]:
    """A hub whose map is drawn over an archive."""
    made = Hub(
        tmp_path_factory.mktemp("hub") / "data",
        demo=2,
        workers=1,
        environment={"CAMHUB_MAP_TILES": str(archive), "CAMHUB_MAP_ATTRIBUTION": "© Ta"},
    )
    made.start()
    try:
        yield made
    finally:
        made.stop()


async def open_map(page: Page, hub: Hub) -> None:
    await page.goto("about:blank")
    await page.goto(f"{hub.url}/#/map?{PLACE}")
    await expect(page.get_by_test_id("map")).to_have_attribute("data-ready", "true")


async def middle(page: Page) -> NDArray[np.uint8]:
    """Mean colour of the middle of the map, as red, green and blue."""
    shot = await page.get_by_test_id("map").screenshot()
    picture = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    height, width = picture.shape[:2]
    part = picture[height // 3 : height // 2, width // 3 : width // 2]
    colour: NDArray[np.uint8] = np.median(part.reshape(-1, 3), axis=0)[::-1].astype(np.uint8)
    return colour


async def test_vector_tiles_of_the_hub_are_drawn_in_its_own_style(
    page: Page, hub: Hub, archive: Path
) -> None:
    tile = vector_tile({"water": [SIDE]})
    about = {"vector_layers": [{"id": "water"}], "attribution": "<b onload=alert(1)>© Họ</b>"}
    write_pmtiles(archive, {(0, 0, 0): tile}, kind=MVT, about=about)
    await open_map(page, hub)
    await expect(page.get_by_test_id("map")).to_have_attribute("data-ground", "drawn")
    await expect(page.get_by_test_id("ground-whose")).to_have_text("© Ta")

    async def watery() -> bool:
        return bool(np.abs(await middle(page) - WATER.astype(int)).max() <= 3)

    await eventually(watery, what="the water is drawn")


async def test_pictures_are_drawn_and_dimmed(page: Page, hub: Hub, archive: Path) -> None:
    red = np.zeros((256, 256, 3), np.uint8)
    red[:, :, 2] = 255
    encoded = cv2.imencode(".png", red)[1].tobytes()
    write_pmtiles(archive, {(0, 0, 0): encoded}, kind=PNG)
    await open_map(page, hub)
    await expect(page.get_by_test_id("map")).to_have_attribute("data-ground", "drawn")

    async def reddish() -> bool:
        shade = (await middle(page)).astype(int)
        return bool(shade[0] > shade[1] + 20 and shade[0] > shade[2] + 20 and shade.max() < 140)

    await eventually(reddish, what="the dimmed picture is drawn")


async def test_a_broken_archive_is_said_and_the_map_works_until_it_is_mended(
    page: Page, hub: Hub, archive: Path
) -> None:
    archive.write_bytes(b"PMTiles\x03" + bytes(range(256)) * 80)
    await open_map(page, hub)
    trouble = page.get_by_test_id("ground-trouble")
    await expect(trouble).to_contain_text("Nền bản đồ hỏng")
    shown = page.get_by_test_id("map")
    await expect(shown).to_have_attribute("data-ground", "failed")
    await page.get_by_test_id("map-search").fill("khong co gi nhu the")
    await expect(page.get_by_test_id("map-list")).to_contain_text("Không có camera")
    archive.unlink()
    await page.get_by_test_id("ground-again").click()
    await expect(trouble).to_contain_text("không cho tải")
    about = {"vector_layers": [{"id": "water"}]}
    write_pmtiles(archive, {(0, 0, 0): vector_tile({"water": [SIDE]})}, kind=MVT, about=about)
    await page.get_by_test_id("ground-again").click()
    await expect(shown).to_have_attribute("data-ground", "drawn")
    await expect(trouble).to_have_count(0)


async def test_tiles_of_another_host_are_drawn_and_its_absence_is_said(
    tmp_path: Path, browser: Browser
) -> None:
    port = _free_port()
    template = f"http://127.0.0.1:{port}/{{z}}/{{x}}/{{y}}.png"
    other = Hub(tmp_path / "data", demo=2, workers=1, environment={"CAMHUB_MAP_TILES": template})
    other.start()
    page = await browser.new_page(viewport={"width": 1366, "height": 768})
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Policy" in said.text else None)
    try:
        await page.goto(other.ready["setup_link"])
        await sign_in(page, NAME, PASSWORD, fresh=True)
        await open_map(page, other)
        trouble = page.get_by_test_id("ground-trouble")
        await expect(trouble).to_contain_text("Không kết nối được")
        with _serving(port):
            await page.get_by_test_id("ground-again").click()
            await expect(page.get_by_test_id("map")).to_have_attribute("data-ground", "drawn")
            await eventually(partial(_bluish, page), what="the dimmed picture is drawn")
        assert refused == []
        # another host is not asked at all
        asked = await page.evaluate(
            "port => fetch(`http://localhost:${port}/0/0/0.png`).then(() => 'had', () => 'not')",
            port,
        )
        assert (asked, len(refused) > 0) == ("not", True)
    finally:
        await page.close()
        other.stop()


async def _bluish(page: Page) -> bool:
    shade = (await middle(page)).astype(int)
    return bool(shade[2] > shade[0] + 20 and shade[2] > shade[1] + 20)


class _Blue(BaseHTTPRequestHandler):
    """One blue picture for every tile, for pages of any origin."""

    def do_GET(self) -> None:
        blue = np.zeros((256, 256, 3), np.uint8)
        blue[:, :, 0] = 255
        body = cv2.imencode(".png", blue)[1].tobytes()
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of what went well."""


@contextmanager
def _serving(port: int) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", port), _Blue)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

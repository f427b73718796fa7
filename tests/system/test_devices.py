"""Finding a device, looking at it, registering and moving it: in a real browser, on a real hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.onvif.device import PASSWORD, USER, Setup, TestDevice, running
from tests.onvif.recorder import recorder, url_of
from tests.system.hub import Hub
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
async def device() -> AsyncIterator[TestDevice]:
    """A dome whose streams nobody sends: registering and moving it takes none."""
    urls = {"main": "rtsp://127.0.0.1:9/main", "sub": "rtsp://127.0.0.1:9/sub"}
    async with running(Setup(stream_urls=urls)) as made:
        yield made


async def test_a_device_is_found_registered_and_moved(
    page: Page, hub: Hub, device: TestDevice
) -> None:
    with hub.client() as client:
        demo = client.get("/api/v1/cameras").json()["items"]
    await page.goto(f"{hub.url}/#/discovery")
    await page.get_by_test_id("discovery-network").fill("127.0.0.1/32")
    await page.get_by_test_id("onvif-ports").fill(str(device.port))
    await page.get_by_test_id("rtsp-ports").fill(demo[0]["url"].split(":")[2].split("/")[0])
    await page.get_by_test_id("discovery-start").click()
    found = page.get_by_test_id("discovery-found")
    await expect(found).to_contain_text("ONVIF, RTSP")
    await expect(found).to_contain_text("Đã đăng ký")  # the demo's cameras are at this address

    await page.get_by_test_id("discovery-manual").click()
    await page.get_by_test_id("device-url").fill(device.url)
    await page.get_by_test_id("device-look").click()
    failure = page.get_by_test_id("probe-failure")
    await expect(failure).to_have_attribute("data-code", "credentials_missing")
    await page.get_by_test_id("device-username").fill(USER)
    await page.get_by_test_id("device-password").fill(PASSWORD)
    await page.get_by_test_id("device-look").click()
    await expect(page.get_by_test_id("device-name")).to_have_value("Cổng chợ")
    await expect(page.get_by_test_id("probe-report")).to_contain_text("Example Optics T-1000")
    await page.get_by_test_id("device-unit").fill("26743")
    await page.get_by_test_id("device-register").click()
    await expect(page.get_by_test_id("device-dialog")).not_to_be_attached()

    with hub.client() as client:
        dome = next(
            camera
            for camera in client.get("/api/v1/cameras").json()["items"]
            if camera["capabilities"]["ptz"]
        )
    try:
        await held_and_let_go(page, hub, device, dome["id"])
    finally:
        with hub.client() as client:
            client.delete(f"/api/v1/cameras/{dome['id']}").raise_for_status()
    for log in (hub.data / "logs").iterdir():
        assert PASSWORD not in log.read_text(errors="replace"), log.name


async def test_channels_of_a_recorder_are_registered_one_by_one(page: Page, hub: Hub) -> None:
    async with running(recorder()) as nvr:
        await page.goto(f"{hub.url}/#/discovery")
        await page.get_by_test_id("discovery-network").fill("127.0.0.1/32")
        await page.get_by_test_id("onvif-ports").fill(str(nvr.port))
        await page.get_by_test_id("rtsp-ports").fill("1")
        await page.get_by_test_id("discovery-start").click()
        await page.get_by_test_id("discovery-look").click()
        await page.get_by_test_id("device-username").fill(USER)
        await page.get_by_test_id("device-password").fill(PASSWORD)
        await page.get_by_test_id("device-look").click()
        count = page.get_by_test_id("channels-count")
        await expect(count).to_have_text("4 kênh, trong đó 4 chưa đăng ký")
        await page.get_by_test_id("channel-register-3").click()
        await expect(page.get_by_test_id("channels")).to_contain_text("Hãy chọn một đơn vị")
        await page.get_by_test_id("channels-unit").fill("26743")
        await page.get_by_test_id("channel-name-2").fill("Sân sau")
        for number in (3, 2):
            await page.get_by_test_id(f"channel-register-{number}").click()
            await expect(page.get_by_test_id(f"channel-register-{number}")).not_to_be_attached()
        await expect(count).to_have_text("4 kênh, trong đó 2 chưa đăng ký")
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("discovery-found")).to_contain_text("Đã đăng ký 2 camera")
    with hub.client() as client:
        made = {
            camera["url"]: camera
            for camera in client.get("/api/v1/cameras?limit=500").json()["items"]
            if camera["capabilities"]["source_token"]
        }
        for camera in made.values():
            client.delete(f"/api/v1/cameras/{camera['id']}").raise_for_status()
    assert {url: camera["name"] for url, camera in made.items()} == {
        url_of("main", "vs_2"): "Sân sau",
        url_of("main", "vs_3"): "Cổng chợ 3",
    }


async def held_and_let_go(page: Page, hub: Hub, device: TestDevice, camera: str) -> None:
    """Hold a button of the camera's page down for as long as it takes, and let go."""

    def answers() -> bool:
        with hub.client() as client:
            return client.get(f"/api/v1/cameras/{camera}/ptz").status_code == 200

    async def a_worker_holds_it() -> bool:
        return await asyncio.to_thread(answers)  # the device answers in this very loop

    await eventually(a_worker_holds_it, within_s=60, what="a worker holds the new camera")
    await page.goto(f"{hub.url}/#/cameras/{camera}")
    await expect(page.get_by_test_id("ptz-presets")).to_contain_text("Cổng chợ")
    await page.get_by_test_id("ptz-left").hover()
    await page.mouse.down()
    await eventually(lambda: len(device.motors.timeouts) >= 3, what="the movement is repeated")
    assert device.motors.speed == (-0.5, 0.0, 0.0)
    await expect(page.get_by_test_id("ptz-holder")).to_contain_text("Bạn đang điều khiển")
    await page.mouse.up()
    await eventually(lambda: device.motors.ended_by == "stop", what="letting go stops it")

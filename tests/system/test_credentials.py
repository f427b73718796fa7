"""Shared log-ins and changes of passwords on their pages: in a real browser, on a real hub."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.onvif.device import PASSWORD, USER, Setup, running
from tests.system.hub import Hub
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WARD = "26740"


def add(hub: Hub, name: str, **more: object) -> str:
    body: dict[str, object] = {"name": name, "unit_code": WARD}
    body |= {"url": f"rtsp://127.0.0.1:9/{name}".replace(" ", "-"), **more}
    with hub.client() as client:
        answer = client.post("/api/v1/cameras", json=body)
        answer.raise_for_status()
        return str(answer.json()["id"])


async def test_a_shared_log_in_is_made_given_changed_and_removed(page: Page, hub: Hub) -> None:
    camera = await asyncio.to_thread(add, hub, "Cổng số 9", tags=["credentials-test"])
    await page.goto(f"{hub.url}/#/credentials")
    await page.get_by_test_id("credential-add").click()
    await page.get_by_test_id("credential-name").fill("Phường mẫu")
    await page.get_by_test_id("credential-username").fill("viewer")
    await page.get_by_test_id("credential-save").click()
    await expect(page.get_by_test_id("credential-dialog")).to_contain_text("Cần điền")
    await page.get_by_test_id("credential-password").fill("12345")
    await page.get_by_test_id("credential-unit").fill(WARD)
    await page.get_by_test_id("credential-save").click()
    listed = page.get_by_test_id("credentials")
    await expect(listed).to_contain_text("Phường mẫu")
    await expect(listed).to_contain_text("Mật khẩu yếu")

    await page.goto(f"{hub.url}/#/cameras?q=cong so 9")
    await page.locator(f'[data-row="{camera}"]').get_by_test_id("camera-edit").click()
    await page.get_by_test_id("camera-credential").select_option(label="Phường mẫu (viewer)")
    await expect(page.get_by_test_id("camera-password")).to_be_disabled()
    await page.get_by_test_id("camera-save").click()
    await expect(page.get_by_test_id("camera-form")).not_to_be_attached()

    await page.goto(f"{hub.url}/#/credentials")
    await expect(page.get_by_test_id("credential-remove-Phường mẫu")).to_be_disabled()
    await page.get_by_test_id("credential-cameras-Phường mẫu").click()
    await expect(page.get_by_test_id("credential-cameras")).to_contain_text("Cổng số 9")
    await page.keyboard.press("Escape")
    await page.get_by_test_id("credential-edit-Phường mẫu").click()
    await page.get_by_test_id("credential-password").fill("four-Loud-geese")
    await page.get_by_test_id("credential-save").click()
    await expect(listed).not_to_contain_text("Mật khẩu yếu")

    with hub.client() as client:
        assert client.get(f"/api/v1/cameras/{camera}").json()["weak_credentials"] is False
        client.delete(f"/api/v1/cameras/{camera}").raise_for_status()
    await page.reload()
    await page.get_by_test_id("credential-remove-Phường mẫu").click()
    await page.get_by_test_id("credential-sure").click()
    await expect(listed).to_contain_text("Chưa có tài khoản dùng chung nào")


async def test_passwords_of_a_selection_are_changed_on_the_devices(page: Page, hub: Hub) -> None:
    setup = Setup(set_user=lambda *_: "PasswordTooWeak")
    login = {"username": USER, "password": PASSWORD, "tags": ["password-test"]}
    async with running() as good, running(setup) as strict:
        cameras = [
            await asyncio.to_thread(add, hub, name, **login, capabilities={"onvif_url": device.url})
            for name, device in (("Tốt", good), ("Khó tính", strict))
        ]
        await page.goto(f"{hub.url}/#/passwords?tag=password-test")
        await expect(page.get_by_test_id("passwords-count")).to_have_attribute("data-cameras", "2")
        await page.get_by_test_id("passwords-begin").click()
        await page.get_by_test_id("passwords-yes").click()
        change = page.get_by_test_id("password-change")
        await expect(change).to_have_attribute("data-state", "done", timeout=60_000)
        rows = page.get_by_test_id("password-rows")
        await expect(rows.locator(f'[data-row="{cameras[0]}"]')).to_contain_text("Đã đổi")
        refused = rows.locator(f'[data-row="{cameras[1]}"]')
        await expect(refused).to_contain_text("Camera cho rằng mật khẩu mới quá yếu")
        assert good.tokens.passwords[USER] != PASSWORD
        assert strict.tokens.passwords == {USER: PASSWORD}

        strict.setup = Setup()
        await page.get_by_test_id("password-retry").click()
        await eventually(
            lambda: strict.tokens.passwords[USER] != PASSWORD, within_s=60, what="the second try"
        )
        await expect(refused).to_contain_text("Đã đổi", timeout=30_000)
        assert await page.get_by_test_id("password-retry").count() == 0
        text = await page.content()
        for device in (good, strict):
            assert device.tokens.passwords[USER] not in text
    with hub.client() as client:
        for camera in cameras:
            client.delete(f"/api/v1/cameras/{camera}").raise_for_status()
